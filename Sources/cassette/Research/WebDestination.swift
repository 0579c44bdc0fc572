import ArchiveServices
import AsyncHTTPClient
import DICOMCoding
import DICOMCore
import NIOCore
import NIOHTTP1
import Platform
import Synchronization

/// A DICOMweb server that takes objects one by one (STOW-RS, PS3.18 10.5).
///
/// What an earlier export has sent there with the same bytes is not sent again. The manifest and the report stay with the
/// archive.
final class WebDestination: ExportDestination {
    private static let answerLimit = 4 << 20
    private static let boundary = "cassette-export-6b1d0c1f7a"
    private static let timeout = TimeAmount.hours(1)

    private let address: String
    private let token: String?
    private let spool: ExportSpool
    private let client = Mutex<HTTPClient?>(nil)

    var keepsEarlierObjects: Bool { true }

    /// - Parameters:
    ///   - address: of the server, up to where `/studies` follows.
    ///   - token: What `Authorization: Bearer` says; `nil`: nothing.
    init(_ address: String, token: String?, spool: ExportSpool) throws {
        var address = address
        while address.hasSuffix("/") { address.removeLast() }
        guard !address.contains("@") else {
            throw CommandFailure("Put no password into the address: give a token in CASSETTE_EXPORT_TOKEN")
        }
        guard address.split(separator: "/").count > 1 else {
            throw CommandFailure("A DICOMweb server is written https://host/dicomweb")
        }
        self.address = address
        self.token = token
        self.spool = spool
    }

    func begin(_ id: RandomID, at position: UInt64?) async throws {}

    func put(_ object: ExportObject) async throws -> ExportPlacement {
        var request = HTTPClientRequest(url: address + "/studies")
        request.method = .POST
        if let token { request.headers.add(name: "Authorization", value: "Bearer " + token) }
        request.headers.add(name: "Accept", value: "application/dicom+json")
        request.headers.add(
            name: "Content-Type",
            value: "multipart/related; type=\"application/dicom\"; boundary=" + Self.boundary
        )
        let head = ByteBuffer(string: "--\(Self.boundary)\r\nContent-Type: application/dicom\r\n\r\n")
        let tail = ByteBuffer(string: "\r\n--\(Self.boundary)--\r\n")
        let length = object.content.length + UInt64(head.readableBytes + tail.readableBytes)
        let part = Part(
            head: head,
            bytes: object.content.bytes,
            file: object.content.bytes == nil ? try await spool.file(object.content) : nil,
            pool: spool.pool,
            tail: tail
        )
        request.body = .stream(part, length: .known(Int64(clamping: length)))
        let response: HTTPClientResponse
        let text: ByteBuffer
        do {
            response = try await opened().execute(request, timeout: Self.timeout)
            text = try await response.body.collect(upTo: Self.answerLimit)
        } catch {
            throw ExportError(.unavailable, "\(address) does not answer: \(error)")
        }
        return try Self.placement(response.status, text)
    }

    private static func placement(_ status: HTTPResponseStatus, _ text: ByteBuffer) throws -> ExportPlacement {
        switch status.code {
        case 200, 204: return .sent
        case 202, 409, 400, 415, 422:
            // 202: some are stored, others not; there was one.
            if status.code == 202, try failure(text) == nil { return .sent }
            let reason = (try? failure(text)) ?? nil
            return .refused("the server answered \(status.code)" + (reason.map { ", failure reason \($0)" } ?? ""))
        case 401, 403:
            throw ExportError(.refused, "The server lets nobody store with this token (CASSETTE_EXPORT_TOKEN)")
        case 507: throw ExportError(.noSpace, "The server has no room: make some, and resume the job")
        default: throw ExportError(.unavailable, "The server answered \(status.code)")
        }
    }

    /// The Failure Reason of the object; `nil` when none is told.
    private static func failure(_ text: ByteBuffer) throws -> String? {
        guard let answer = try DICOMJSONReader.dataSets(from: text).first?.dataSet else { return nil }
        let failures = answer.items(.failedSOPSequence) + answer.items(.otherFailuresSequence)
        guard let failure = failures.first else { return nil }
        return String(failure.integer(.failureReason) ?? 0, radix: 16, uppercase: true) + "H"
    }

    private func opened() -> HTTPClient {
        client.withLock { client in
            if let client { return client }
            let new = HTTPClient(eventLoopGroupProvider: .singleton)
            client = new
            return new
        }
    }

    /// The server has each object when it has answered.
    func settle() async throws -> UInt64 { 0 }

    func finish(_ documents: [ExportDocument], files: ExportedFiles) async throws {}

    func abandon(_ id: RandomID) async throws {}

    func close() async {
        let open = client.withLock { client in
            defer { client = nil }
            return client
        }
        // Its connections end one way or the other.
        try? await open?.shutdown()
    }

    /// The one part of the body.
    private struct Part: AsyncSequence, Sendable {
        typealias Element = ByteBuffer

        let head: ByteBuffer
        let bytes: ByteBuffer?
        let file: (any DiskFile)?
        let pool: WorkPool
        let tail: ByteBuffer

        func makeAsyncIterator() -> AsyncIterator {
            let chunks = file.map { FileChunks(file: $0, pool: pool).makeAsyncIterator() }
            return AsyncIterator(pieces: [head] + (bytes.map { [$0] } ?? []), chunks: chunks, tail: tail)
        }

        struct AsyncIterator: AsyncIteratorProtocol {
            var pieces: [ByteBuffer]
            var chunks: FileChunks.AsyncIterator?
            var tail: ByteBuffer?

            mutating func next() async throws -> ByteBuffer? {
                if !pieces.isEmpty { return pieces.removeFirst() }
                if let chunk = try await chunks?.next() { return chunk }
                chunks = nil
                defer { tail = nil }
                return tail
            }
        }
    }
}
