import AccessControl
public import ArchiveCatalog
import ArchiveServices
import HTTPTypes
import Hummingbird
public import NIOCore
package import Platform

/// What a request about exports is about.
package enum ExportRoute: Sendable, Hashable {
    case exports
    case start
    case export(RandomID)
    case cancel(RandomID)
    case document(RandomID, name: String)

    typealias Candidate = (method: HTTPRequest.Method, route: ExportRoute)

    /// The routes below `/api/exports`; none for other paths.
    static func candidates(_ segments: [String]) throws(RequestError) -> [Candidate] {
        guard segments.starts(with: ["api", "exports"]) else { return [] }
        guard segments.count > 2 else { return [(.get, .exports), (.post, .start)] }
        guard let id = RandomID(hex: segments[2]) else {
            throw RequestError(.badRequest, "An export has 32 hexadecimal digits")
        }
        switch segments.count {
        case 3: return [(.get, .export(id)), (.delete, .cancel(id))]
        case 4: return [(.get, .document(id, name: segments[3]))]
        default: return []
        }
    }
}

/// De-identified exports of projects, for administrators.
struct ExportRoutes: Sendable {
    let exports: ExportService?

    func answer(_ route: ExportRoute, _ items: QueryItems, as principal: Principal) async throws -> Response {
        guard let exports else { throw RequestError(.notFound, "There is no such resource") }
        switch route {
        case .exports: return Self.json(ExportJSON.exports(try await exports.list(as: principal)))
        case .start:
            guard let project = items.values(of: "project").first, let place = items.values(of: "to").first,
                !project.isEmpty, !place.isEmpty
            else {
                throw RequestError(
                    .badRequest,
                    "The parameter 'project' names the project, 'to' the place of the export"
                )
            }
            let headers = try items.values(of: "headers").first.map { text throws(RequestError) in
                guard let table = HeaderTable(rawValue: text) else {
                    throw RequestError(.badRequest, "The parameter 'headers' is ndjson or csv")
                }
                return table
            }
            let again = items.values(of: "again").first ?? "false"
            guard again == "true" || again == "false" else {
                throw RequestError(.badRequest, "The parameter 'again' is true or false")
            }
            let parameters = ExportParameters(
                project: project,
                query: items.values(of: "query").first,
                destination: place,
                headers: headers,
                sendsAgain: again == "true"
            )
            let job = try await exports.start(parameters, as: principal)
            var response = Self.json(ExportJSON.export(job))
            response.status = .accepted
            response.headers[.location] = "/api/exports/" + job.id.hex
            return response
        case .export(let id): return Self.json(ExportJSON.export(try await exports.export(id, as: principal)))
        case .cancel(let id): return Self.json(ExportJSON.export(try await exports.cancel(id, as: principal)))
        case .document(let id, let name):
            let bytes = try await exports.document(name, of: id, as: principal)
            return Response(
                status: .ok,
                headers: [
                    .contentType: Self.type(of: name), .contentDisposition: "attachment; filename=\"\(name)\"",
                ],
                body: ResponseBody(byteBuffer: bytes)
            )
        }
    }

    private static func type(of name: String) -> String {
        if name.hasSuffix(".csv") { return "text/csv; charset=utf-8" }
        return name.hasSuffix(".html") ? "text/html; charset=utf-8" : "application/json"
    }

    private static func json(_ body: ByteBuffer) -> Response {
        Response(
            status: .ok,
            headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: body)
        )
    }
}

/// Exports as JSON: their jobs, and what they were asked to do.
public enum ExportJSON {
    /// One export.
    public static func export(_ job: JobRecord) -> ByteBuffer {
        var text = JSONText()
        write(job, &text)
        return text.buffer
    }

    /// Several exports.
    public static func exports(_ jobs: [JobRecord]) -> ByteBuffer {
        JSONText.array(jobs, write)
    }

    private static func write(_ job: JobRecord, _ text: inout JSONText) {
        LifecycleJSON.writeMembers(of: job, &text)
        if let parameters = ExportParameters(job.parameters) {
            for (name, value) in [
                ("project", parameters.project), ("query", parameters.query ?? ""), ("to", parameters.destination),
                ("headers", parameters.headers?.rawValue ?? ""),
            ] {
                text.raw(",\"\(name)\":")
                text.string(value)
            }
        }
        text.raw("}")
    }
}
