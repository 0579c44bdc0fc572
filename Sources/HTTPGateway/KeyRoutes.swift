import AccessControl
import ArchiveServices
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Platform
import Sealing

/// The resources of the keyring below `/api/keys`.
package enum KeysResource: Sendable, Hashable {
    case status
    case rotation
    case check
    case version(String)
    case recoveryKeys
    case recoveryKey(String)

    /// What there is at the segments behind `/api/keys`.
    static func routes(_ segments: [String]) -> [(method: HTTPRequest.Method, resource: KeysResource)] {
        switch (segments.first, segments.count) {
        case (nil, _): [(.get, .status)]
        case ("rotation", 1): [(.post, .rotation)]
        case ("check", 1): [(.post, .check)]
        case ("versions", 2): [(.delete, .version(segments[1]))]
        case ("recovery-keys", 1): [(.post, .recoveryKeys)]
        case ("recovery-keys", 2): [(.delete, .recoveryKey(segments[1]))]
        default: []
        }
    }
}

/// Work on the keyring for an administrator.
struct KeyRoutes: Sendable {
    /// The longest file of a recovery public key.
    private static let keyLengthLimit = 8 << 10

    let keys: KeyService
    let logger: Logger

    func answer(_ resource: KeysResource, _ request: Request, as principal: Principal) async throws -> Response {
        switch resource {
        case .status: return try await status(as: principal)
        case .rotation:
            return try lines(as: principal) { keys, progress throws(ArchiveError) in
                try await keys.rotate(as: principal, progress: progress)
                return "\"isComplete\":true"
            }
        case .check:
            return try lines(as: principal) { keys, progress throws(ArchiveError) in
                let check = try await keys.check(as: principal, progress: progress)
                var text = JSONText()
                text.raw("\"isComplete\":true,\"keyCount\":\(check.keyCount),\"broken\":")
                text.strings(check.broken.map(\.hex))
                if let problem = check.fileProblem {
                    text.raw(",\"fileProblem\":")
                    text.string(problem)
                }
                return String(buffer: text.buffer)
            }
        case .version(let text):
            guard let version = UInt32(text) else { throw RequestError(.badRequest, "A version is a number from 1") }
            try await keys.destroy(version: version, as: principal)
            return try await status(as: principal)
        case .recoveryKeys:
            try keys.authorize(principal)
            let body = try await request.body.collect(upTo: Self.keyLengthLimit)
            guard let key = RecoveryKey(fileText: String(buffer: body)) else {
                throw RequestError(.badRequest, "The body is no file of a recovery public key")
            }
            try await keys.addRecoveryKey(key, as: principal)
            return try await status(as: principal)
        case .recoveryKey(let text):
            guard let id = RandomID(hex: text) else {
                throw RequestError(.badRequest, "The id of a recovery key has 32 hexadecimal digits")
            }
            try await keys.removeRecoveryKey(id, as: principal)
            return try await status(as: principal)
        }
    }

    private func status(as principal: Principal) async throws(ArchiveError) -> Response {
        let status = try await keys.status(as: principal)
        let certificateKey = try await keys.certificateKey(as: principal)
        return Response(
            status: .ok,
            headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: Self.json(status, certificateKey: certificateKey))
        )
    }

    /// Lines of JSON: how far the work is, again and again; the last one is marked complete, or tells the error.
    private func lines(
        as principal: Principal,
        _ work:
            @escaping @Sendable (KeyService, @escaping @Sendable (KeyringProgress) -> Void) async throws(ArchiveError)
            -> String
    ) throws(ArchiveError) -> Response {
        try keys.authorize(principal)
        let (keys, logger) = (keys, logger)
        return Response(
            status: .ok,
            headers: [.contentType: "application/x-ndjson"],
            body: StreamedResponse.body(logger: logger) { writer in
                let (progress, continuation) = AsyncStream.makeStream(
                    of: KeyringProgress.self,
                    bufferingPolicy: .bufferingNewest(1)
                )
                let last = try await withThrowingTaskGroup(of: String.self) { group in
                    group.addTask {
                        defer { continuation.finish() }
                        do throws(ArchiveError) {
                            return try await work(keys) { continuation.yield($0) }
                        } catch {
                            logger.error("work on the keyring failed", metadata: [LogKeys.error: "\(error)"])
                            return Self.failure(error)
                        }
                    }
                    for await progress in progress {
                        try await writer.write(
                            ByteBuffer(string: "{\"done\":\(progress.done),\"total\":\(progress.total)}\n")
                        )
                    }
                    return try await group.next() ?? ""
                }
                try await writer.write(ByteBuffer(string: "{" + last + "}\n"))
            }
        )
    }

    private static func failure(_ error: ArchiveError) -> String {
        var text = JSONText()
        text.raw("\"isComplete\":false,\"error\":")
        text.string("\(error)")
        return String(buffer: text.buffer)
    }

    private static func json(_ status: KeyringStatus, certificateKey: [UInt8]) -> ByteBuffer {
        var text = JSONText()
        text.raw("{\"archive\":\"\(status.tenantID.hex)\",\"journalGeneration\":\(status.journalGeneration)")
        text.raw(",\"studyKeys\":\(status.studyKeyCount),\"sideKeys\":\(status.sideKeyCount)")
        text.raw(",\"removed\":\(status.removedCount),\"isRotating\":\(status.isRotating)")
        text.raw(",\"certificateKey\":\"\(Hex.encode(certificateKey))\",\"versions\":[")
        for (position, kek) in status.keks.enumerated() {
            if position > 0 { text.raw(",") }
            text.raw("{\"version\":\(kek.version),\"state\":\"\(kek.state.name)\",\"keys\":\(kek.keyCount)")
            text.raw(",\"created\":\"\(kek.created)\",\"changed\":\"\(kek.changed)\",\"provider\":")
            text.string(kek.provider)
            text.raw(",\"escrowedTo\":")
            text.strings(kek.escrowedTo.map(\.hex))
            text.raw("}")
        }
        text.raw("],\"recoveryKeys\":[")
        for (position, key) in status.recoveryKeys.enumerated() {
            text.raw((position > 0 ? "," : "") + "{\"id\":\"\(key.id.hex)\",\"suite\":\"\(key.suite.name)\",\"label\":")
            text.string(key.label)
            text.raw("}")
        }
        text.raw("]}\n")
        return text.buffer
    }
}
