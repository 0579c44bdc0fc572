import AccessControl
import ArchiveServices
import DICOMCore
import Hummingbird
import Logging
import NIOCore
import Platform

/// Reads the whole archive back for an administrator, telling line by line how far it is.
struct VerificationRoutes: Sendable {
    /// Instances between two lines.
    private static let linePeriod = 64

    let verification: VerificationService
    let backups: BackupDoor?
    let logger: Logger

    /// Lines of JSON: the report so far, again and again; the last one is marked complete.
    ///
    /// The parameter `depth` is `quick` or `deep`; with `repair` damaged packs are replaced by good copies, with
    /// `repair-from` also by those of a place of backups.
    func verify(_ items: QueryItems, as principal: Principal) async throws -> Response {
        try verification.authorize(principal)
        if let text = items.values(of: "instance").first { return try await digest(of: text, as: principal) }
        guard let depth = VerificationDepth(rawValue: items.values(of: "depth").first ?? "deep") else {
            throw RequestError(.badRequest, "The parameter 'depth' is quick or deep")
        }
        let place = items.values(of: "repair-from").first
        let repairs = place != nil || !items.values(of: "repair").isEmpty
        return Response(
            status: .ok,
            headers: [.contentType: "application/x-ndjson"],
            body: StreamedResponse.body(logger: logger) { writer in
                var report = try await verification.verify(as: principal, depth) { report in
                    guard report.checked % Self.linePeriod == 1 else { return }
                    try await writer.write(Self.line(report, isComplete: false))
                }
                if repairs { report = try await repair(report, place, principal) }
                try await writer.write(Self.line(report, isComplete: true))
            }
        )
    }

    /// The digest of one instance, read back.
    private func digest(of text: String, as principal: Principal) async throws -> Response {
        guard let uid = UID(text) else { throw RequestError(.badRequest, "The parameter 'instance' is a UID") }
        guard let digest = try await verification.dataSetDigest(of: uid, as: principal) else {
            throw ArchiveError(.notFound, "There is no such instance")
        }
        return Response(
            status: .ok,
            headers: [.contentType: "application/x-ndjson"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: "{\"dataSetDigest\":\"\(Hex.encode(digest))\"}\n"))
        )
    }

    private func repair(
        _ report: VerificationReport,
        _ place: String?,
        _ principal: Principal
    ) async throws -> VerificationReport {
        guard let place, let backups else { return try await verification.repair(report, as: principal) }
        let store = try await backups.open(place)
        return try await verification.repair(report, as: principal) { packID in
            try await backups.service.source(of: packID, in: store)
        }
    }

    private static func line(_ report: VerificationReport, isComplete: Bool) -> ByteBuffer {
        var text = JSONText()
        text.raw("{\"total\":\(report.total),\"checked\":\(report.checked),\"bytes\":\(report.bytes),\"damaged\":[")
        for (position, damage) in report.damaged.enumerated() {
            text.raw(position > 0 ? ",{\"sopInstanceUID\":" : "{\"sopInstanceUID\":")
            text.string(damage.sopInstanceUID.string)
            text.raw(",\"cause\":")
            text.string(damage.cause)
            text.raw("}")
        }
        text.raw(
            "],\"unread\":\(report.unread),\"repaired\":\(report.repaired.count),\"unindexed\":\(report.unindexed),\"packProblems\":\(report.packProblems),\"isComplete\":\(isComplete)}\n"
        )
        return text.buffer
    }
}
