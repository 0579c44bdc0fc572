import AccessControl
public import ArchiveServices
import Hummingbird
import Logging
import NIOCore
public import PackStorage
import Platform

/// What the door needs to take backups: the service, and what opens a place that an administrator names.
public struct BackupDoor: Sendable {
    let service: BackupService
    let open: @Sendable (String) async throws -> any BlobStore

    /// Puts the door together.
    ///
    /// - Parameter open: Opens a place for a backup; its errors are told to the administrator.
    public init(service: BackupService, open: @escaping @Sendable (String) async throws -> any BlobStore) {
        self.service = service
        self.open = open
    }
}

/// Takes backups for an administrator, telling line by line how far it is.
struct BackupRoutes: Sendable {
    /// Packs between two lines.
    private static let linePeriod = 16

    let door: BackupDoor?
    let logger: Logger

    /// Lines of JSON: how far the backup is, again and again; the last one is complete, or tells the error.
    func backUp(_ items: QueryItems, as principal: Principal) async throws -> Response {
        guard let door else { throw RequestError(.notFound, "There is no such resource") }
        try door.service.authorize(principal)
        guard let place = items.values(of: "to").first, !place.isEmpty else {
            throw RequestError(.badRequest, "The parameter 'to' names the place of the backup")
        }
        return Response(
            status: .ok,
            headers: [.contentType: "application/x-ndjson"],
            body: StreamedResponse.body(logger: logger) { writer in
                do {
                    let store = try await door.open(place)
                    let report = try await door.service.backUp(as: principal, to: store) { progress in
                        guard progress.packs % Self.linePeriod == 0 else { return }
                        try await writer.write(Self.line(progress))
                    }
                    try await writer.write(Self.line(report))
                } catch {
                    logger.error("a backup failed", metadata: ["error": "\(error)"])
                    try await writer.write(Self.line(error))
                }
            }
        )
    }

    private static func line(_ progress: BackupProgress) -> ByteBuffer {
        ByteBuffer(
            string: "{\"isComplete\":false,\"packs\":\(progress.packs),\"packCount\":\(progress.packCount),"
                + "\"copiedBytes\":\(progress.copiedBytes)}\n"
        )
    }

    private static func line(_ error: any Error) -> ByteBuffer {
        var text = JSONText()
        text.raw("{\"isComplete\":false,\"packs\":0,\"copiedBytes\":0,\"error\":")
        text.string("\(error)")
        text.raw("}\n")
        return text.buffer
    }

    private static func line(_ report: BackupReport) -> ByteBuffer {
        var text = JSONText()
        text.raw("{\"isComplete\":true,\"number\":\(report.header.sequence),\"time\":\"\(report.header.time)\"")
        text.raw(",\"id\":\"\(report.header.backupID.hex)\",\"studies\":\(report.content.studies)")
        text.raw(",\"instances\":\(report.content.instances),\"packs\":\(report.packCount)")
        text.raw(",\"bytes\":\(report.packBytes),\"copiedPacks\":\(report.copiedPacks)")
        text.raw(",\"copiedBytes\":\(report.copiedBytes),\"problems\":[")
        for (position, problem) in report.problems.enumerated() {
            text.raw(position > 0 ? ",{\"pack\":" : "{\"pack\":")
            text.string(problem.packID.hex)
            text.raw(",\"cause\":")
            text.string(problem.cause)
            text.raw("}")
        }
        text.raw("]}\n")
        return text.buffer
    }
}
