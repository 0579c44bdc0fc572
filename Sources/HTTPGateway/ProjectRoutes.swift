public import AccessControl
import ArchiveCatalog
public import ArchiveServices
import DICOMCore
import HTTPTypes
import Hummingbird
public import NIOCore

/// Research projects: for administrators all of them, for a researcher the figures of one.
struct ProjectRoutes: Sendable {
    /// A list of a million patients.
    private static let listLength = 64 << 20
    private static let bodyLength = 64 << 10

    let projects: ProjectService

    func answer(
        _ route: ProjectRoute,
        _ request: Request,
        as principal: Principal
    ) async throws -> Response {
        var body = ByteBuffer()
        if request.method != .get, request.method != .head {
            var limit = Self.bodyLength
            if case .setConsents = route { limit = Self.listLength }
            // Nobody's long list is read before it is clear that it will be taken.
            try projects.authorizeChanges(as: principal)
            do {
                body = try await request.body.collect(upTo: limit)
            } catch is NIOTooManyBytesError {
                throw RequestError(.tooLarge, "The body has more than \(limit) bytes")
            }
        }
        let answer = try await answer(route, request.uri.query, body, as: principal)
        return Response(
            status: route.status,
            headers: answer.readableBytes == 0 ? [:] : [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: answer)
        )
    }

    /// The JSON of an answer; nothing where there is nothing to say.
    func answer(
        _ route: ProjectRoute,
        _ query: String?,
        _ body: ByteBuffer,
        as principal: Principal
    ) async throws -> ByteBuffer {
        switch route {
        case .list: return ProjectJSON.projects(try await projects.list(as: principal), for: principal)
        case .create:
            var members = try RequestMembers(body)
            let name = try members.required("name")
            let settings = try ProjectSettings(&members)
            try members.finish()
            return ProjectJSON.project(try await projects.create(name, settings, as: principal), for: principal)
        case .project(let name):
            return ProjectJSON.project(try await projects.project(named: name, as: principal), for: principal)
        case .update(let name):
            var members = try RequestMembers(body)
            let settings = try ProjectSettings(&members)
            try members.finish()
            return ProjectJSON.project(try await projects.update(name, settings, as: principal), for: principal)
        case .close(let name): return try await close(name, body, as: principal)
        case .counts(let name):
            return ProjectJSON.counts(try await projects.counts(of: name, query: query, as: principal))
        case .summary(let name):
            return ProjectJSON.summary(try await projects.summary(of: name, query: query, as: principal))
        case .consents(let name):
            return ProjectJSON.consents(try await projects.consentCounts(of: name, as: principal))
        case .setConsents(let name): return try await setConsents(name, body, as: principal)
        case .researchers(let name):
            return ProjectJSON.researchers(try await projects.researchers(of: name, as: principal))
        case .addResearcher(let name):
            var members = try RequestMembers(body)
            let researcher = try members.required("name")
            let days = try members.number("days") ?? 90
            try members.finish()
            return ProjectJSON.admitted(
                try await projects.addResearcher(researcher, to: name, days: days, as: principal)
            )
        case .removeResearcher(let researcher, let name):
            try await projects.removeResearcher(researcher, from: name, as: principal)
            return ByteBuffer()
        case .givePseudonyms(let name):
            let count = try await projects.givePseudonyms(in: name, as: principal)
            return ByteBuffer(string: "{\"patients\":\(count)}")
        case .lookUp(let name): return try await lookUp(name, body, as: principal)
        }
    }

    /// Asks for the name once more, for nothing brings the ties back.
    private func close(_ name: String, _ body: ByteBuffer, as principal: Principal) async throws -> ByteBuffer {
        var members = try RequestMembers(body)
        let confirmed = try members.required("confirm")
        try members.finish()
        guard confirmed == name else {
            throw RequestError(.badRequest, "confirm must be the name of the project: its key is destroyed for good")
        }
        return ProjectJSON.project(try await projects.close(name, as: principal), for: principal)
    }

    /// One statement as a JSON object, or a list of them as comma-separated values.
    private func setConsents(_ name: String, _ body: ByteBuffer, as principal: Principal) async throws -> ByteBuffer {
        let isObject = body.readableBytesView.first { $0 > 0x20 } == UInt8(ascii: "{")
        var statements: [ConsentStatement]
        if isObject {
            var members = try RequestMembers(body)
            let patientID = try members.required("patientID")
            let issuer = try members.text("issuer") ?? ""
            guard let answer = try members.word("consent", ConsentEntry.Answer.self) else {
                throw RequestError(.badRequest, "consent is missing: given or withdrawn")
            }
            try members.finish()
            statements = [ConsentStatement(patientID: patientID, issuer: issuer, answer: answer)]
        } else {
            guard let text = String(validating: body.readableBytesView, as: UTF8.self) else {
                throw RequestError(.badRequest, "The list is not in UTF-8")
            }
            statements = try ConsentList.statements(in: text)
        }
        return ProjectJSON.consents(try await projects.setConsents(statements, of: name, as: principal))
    }

    private func lookUp(_ name: String, _ body: ByteBuffer, as principal: Principal) async throws -> ByteBuffer {
        var members = try RequestMembers(body)
        let pseudonym = try members.text("pseudonym")
        let patientID = try members.text("patientID")
        let issuer = try members.text("issuer")
        try members.finish()
        switch (pseudonym, patientID) {
        case (let pseudonym?, nil) where issuer == nil:
            return ProjectJSON.mapped([try await projects.lookUp(pseudonym: pseudonym, in: name, as: principal)])
        case (nil, let patientID?):
            return ProjectJSON.mapped(
                try await projects.lookUp(patientID: patientID, issuer: issuer ?? "", in: name, as: principal)
            )
        default:
            throw RequestError(.badRequest, "A look-up names either a pseudonym, or a patientID with or without issuer")
        }
    }
}

extension ProjectRoute {
    /// The status of an answer to what was done.
    fileprivate var status: HTTPResponse.Status {
        switch self {
        case .create, .addResearcher: .created
        case .removeResearcher: .noContent
        case .list, .project, .update, .close, .consents, .setConsents, .researchers, .counts, .summary,
            .givePseudonyms,
            .lookUp:
            .ok
        }
    }
}

/// The same answers for who has the archive open and no server to ask: the command line.
public struct ProjectDoor: Sendable {
    private let routes: ProjectRoutes

    /// The door of these projects.
    public init(_ projects: ProjectService) {
        routes = ProjectRoutes(projects: projects)
    }

    /// The JSON that the server would answer.
    ///
    /// - Parameters:
    ///   - method: As in HTTP.
    ///   - path: `/api/projects` or below, without query.
    ///   - query: The query behind the path.
    public func answer(
        _ method: String,
        _ path: String,
        query: String? = nil,
        body: String = "",
        as principal: Principal
    ) async throws(ArchiveError) -> ByteBuffer {
        do {
            let segments = try RequestPath(path).segments
            guard let method = HTTPRequest.Method(rawValue: method),
                let route = ProjectRoute.candidates(segments).first(where: { $0.method == method })?.route
            else { throw RequestError(.notFound, "There is no such resource") }
            return try await routes.answer(route, query, ByteBuffer(string: body), as: principal)
        } catch let error as ArchiveError {
            throw error
        } catch let error as RequestError {
            throw ArchiveError(.badRequest, error.detail)
        } catch {
            throw ArchiveError(.unavailable, "The archive failed")
        }
    }
}
