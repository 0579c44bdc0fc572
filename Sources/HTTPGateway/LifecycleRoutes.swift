import AccessControl
public import ArchiveCatalog
public import ArchiveServices
public import DICOMCore
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
public import Platform

/// Long work and the places of studies, for administrators; recalls also for readers.
struct LifecycleRoutes: Sendable {
    private static let labelPageLength = 1_000
    /// Enough for the longest list of studies that is taken.
    private static let listLength = 1 << 20

    let services: LifecycleServices
    let logger: Logger

    func answer(
        _ route: LifecycleRoute,
        _ request: Request,
        _ items: QueryItems,
        as principal: Principal
    ) async throws -> Response {
        switch route {
        case .jobs: return Self.json(LifecycleJSON.jobs(try await services.jobs.jobs(as: principal)))
        case .job(let id): return Self.json(LifecycleJSON.job(try await services.jobs.job(id, as: principal)))
        case .changeJob(let id, let change):
            return Self.json(LifecycleJSON.job(try await self.change(id, change, as: principal)))
        case .tiers: return Self.json(LifecycleJSON.status(try await services.lifecycle.status(as: principal)))
        case .planMoves: return try plan(as: principal)
        case .runMoves:
            let job = try await services.lifecycle.run(as: principal)
            return Self.accepted(job, at: "/api/jobs/")
        case .stores: return Self.json(LifecycleJSON.stores(try services.lifecycle.stores(as: principal)))
        case .checkStore(let name):
            return Self.json(LifecycleJSON.check(try await services.storeChecks.check(name, as: principal)))
        case .scrubbing: return Self.json(ScrubJSON.status(try await services.scrubbing.status(as: principal)))
        case .startScrubbing:
            return Self.accepted(try await services.scrubbing.start(as: principal), at: "/api/jobs/")
        case .recall(let id): return Self.json(LifecycleJSON.job(try await services.recalls.recall(id, as: principal)))
        case .prefetch: return try await prefetch(request, as: principal)
        case .labelledStudies: return try await labelledStudies(items, as: principal)
        case .labels(let study):
            let labels = try await services.labels.labels(of: study, as: principal)
            return Self.json(LifecycleJSON.labelled([LabelledStudy(studyInstanceUID: study, labels: labels)]))
        case .addLabel(let study, let label):
            let isNew = try await services.labels.add(label, to: study, as: principal)
            return Response(status: isNew ? .created : .noContent)
        case .holds: return try await holds(items, as: principal)
        case .hold(let study, let kind): return try await hold(study, kind, request, items, as: principal)
        case .release(let study, let kind):
            guard try await services.holds.release(study, kind: kind, as: principal) else {
                throw ArchiveError(.notFound, "The study has no such hold")
            }
            return Response(status: .noContent)
        case .removeLabel(let study, let label):
            guard try await services.labels.remove(label, from: study, as: principal) else {
                throw ArchiveError(.notFound, "The study has no such label")
            }
            return Response(status: .noContent)
        }
    }

    private func change(
        _ id: RandomID,
        _ change: LifecycleRoute.JobChange,
        as principal: Principal
    ) async throws -> JobRecord {
        switch change {
        case .pause: try await services.jobs.pause(id, as: principal)
        case .resume: try await services.jobs.resume(id, as: principal)
        case .cancel: try await services.jobs.cancel(id, as: principal)
        }
    }

    /// Lines of JSON: how many studies were looked at, again and again; the last one is the plan.
    private func plan(as principal: Principal) throws -> Response {
        let lifecycle = services.lifecycle
        // What can be refused is refused before the status goes out.
        _ = try lifecycle.stores(as: principal)
        try lifecycle.requireRules()
        return Response(
            status: .ok,
            headers: [.contentType: "application/x-ndjson"],
            body: StreamedResponse.body(logger: logger) { writer in
                let plan = try await lifecycle.plan(as: principal) { examined in
                    try await writer.write(Self.line(LifecycleJSON.planProgress(examined)))
                }
                try await writer.write(Self.line(LifecycleJSON.plan(plan)))
            }
        )
    }

    /// Takes a list of Study Instance UIDs, one a line; empty lines and what is behind a `#` say nothing.
    private func prefetch(_ request: Request, as principal: Principal) async throws -> Response {
        let body: ByteBuffer
        do {
            body = try await request.body.collect(upTo: Self.listLength)
        } catch is NIOTooManyBytesError {
            throw RequestError(.tooLarge, "A list has at most \(Self.listLength) bytes: send it in parts")
        }
        guard let studies = StudyList.studies(in: String(buffer: body)) else {
            throw RequestError(.badRequest, "The list must hold one Study Instance UID on each line")
        }
        return Self.accepted(try await services.recalls.prefetch(studies, as: principal), at: "/api/recalls/")
    }

    private func holds(_ items: QueryItems, as principal: Principal) async throws -> Response {
        var last: Hold?
        if let after = items.values(of: "after").first {
            guard let study = UID(after), let kind = Hold.Kind(rawValue: items.values(of: "kind").first ?? "legal")
            else { throw RequestError(.badRequest, "after is no UID, or kind is neither legal nor retention") }
            last = LifecycleServices.place(study, kind)
        }
        return Self.json(
            LifecycleJSON.holds(
                try await services.holds.holds(after: last, limit: Self.labelPageLength, as: principal)
            )
        )
    }

    /// The body is the reason; the query may say `until=2030-12-31`.
    private func hold(
        _ study: UID,
        _ kind: Hold.Kind,
        _ request: Request,
        _ items: QueryItems,
        as principal: Principal
    ) async throws -> Response {
        var until: Timestamp?
        if let text = items.values(of: "until").first {
            guard let end = HoldDay.end(of: text) else {
                throw RequestError(.badRequest, "until is no day like 2030-12-31")
            }
            until = end
        }
        let reason: ByteBuffer
        do {
            reason = try await request.body.collect(upTo: 1_024)
        } catch is NIOTooManyBytesError {
            throw RequestError(.tooLarge, "A reason has at most 1024 bytes")
        }
        let hold = try await services.holds.hold(
            study,
            kind: kind,
            reason: String(buffer: reason),
            until: until,
            as: principal
        )
        return Self.json(LifecycleJSON.holds([hold]))
    }

    private func labelledStudies(_ items: QueryItems, as principal: Principal) async throws -> Response {
        let after = items.values(of: "after").first
        let uid = after.flatMap { UID($0) }
        guard after == nil || uid != nil else { throw RequestError(.badRequest, "after is no UID") }
        let found = try await services.labels.labelledStudies(
            after: uid,
            limit: Self.labelPageLength,
            as: principal
        )
        return Self.json(LifecycleJSON.labelled(found))
    }

    private static func accepted(_ job: JobRecord, at path: String) -> Response {
        var response = json(LifecycleJSON.job(job))
        response.status = .accepted
        response.headers[.location] = path + job.id.hex
        return response
    }

    private static func json(_ body: ByteBuffer) -> Response {
        Response(
            status: .ok,
            headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: body)
        )
    }

    private static func line(_ body: ByteBuffer) -> ByteBuffer {
        var line = body
        line.writeInteger(UInt8(ascii: "\n"))
        return line
    }
}

/// The services behind the routes of long work and the places of studies.
public struct LifecycleServices: Sendable {
    let jobs: JobRunner
    let lifecycle: LifecycleService
    let recalls: RecallService
    let labels: LabelService
    let storeChecks: StoreCheckService
    let holds: HoldService
    let scrubbing: ScrubService

    /// Those of an archive.
    public init(_ archive: Archive) {
        jobs = archive.jobs
        lifecycle = archive.lifecycle
        recalls = archive.recalls
        labels = archive.labels
        storeChecks = archive.storeChecks
        holds = archive.holds
        scrubbing = archive.scrubbing
    }

    /// The place of a hold in the order of all of them.
    public static func place(_ study: UID, _ kind: Hold.Kind) -> Hold {
        Hold(
            studyInstanceUID: study,
            kind: kind,
            reason: "",
            owner: "",
            placedAt: Timestamp(microseconds: 0),
            until: nil
        )
    }
}

/// The days to which holds last.
public enum HoldDay {
    /// The end of a day `2030-12-31` in UTC; `nil` for other text.
    public static func end(of text: String) -> Timestamp? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].utf8.count == 4, parts[1].utf8.count == 2, parts[2].utf8.count == 2,
            let date = DICOMDate(parts.joined())
        else { return nil }
        return Timestamp(microseconds: (Int64(date.daysSince1970) + 1) * 86_400_000_000)
    }
}

/// A list of studies as people write it.
public enum StudyList {
    /// The studies of a text, one UID on each line; empty lines and what is behind a `#` say nothing.
    ///
    /// - Returns: `nil` when a line is no UID.
    public static func studies(in text: String) -> [UID]? {
        var studies: [UID] = []
        for line in text.split(whereSeparator: \.isNewline) {
            let word = line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace)
            guard let first = word.first else { continue }
            guard word.count == 1, let uid = UID(String(first)) else { return nil }
            studies.append(uid)
        }
        return studies
    }
}
