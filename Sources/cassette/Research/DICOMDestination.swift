import ArchiveServices
import DICOMCoding
import DICOMCore
import DICOMUpperLayer
import DIMSE
import NIOCore
import NIOPosix
import Platform
import Synchronization

/// A DICOM peer that takes objects one by one (C-STORE).
///
/// What an earlier export has sent there with the same bytes is not sent again. The manifest and the report stay with the
/// archive.
final class DICOMDestination: ExportDestination {
    /// Presentation contexts that one association can propose (PS3.8 9.3.2.2: odd identifiers up to 255).
    private static let contextLimit = 128

    private struct Kind: Hashable, Sendable {
        let sopClassUID: UID
        let transferSyntax: TransferSyntax
    }

    private struct State {
        var client: DIMSEClient?
        var kinds: [Kind] = []
    }

    private let called: AETitle
    private let calling: AETitle
    private let host: String
    private let port: Int
    private let spool: ExportSpool
    private let state = Mutex(State())

    var keepsEarlierObjects: Bool { true }

    /// Reads `AET@host:port`, or `AET@host:port?aet=OURS`.
    init(_ text: String, spool: ExportSpool) throws {
        let failure = CommandFailure("A DICOM peer is written dicom://AET@host:port, or dicom://AET@host:port?aet=OURS")
        let parts = text.split(separator: "?", maxSplits: 1)
        guard let address = parts.first, let at = address.firstIndex(of: "@"),
            let called = AETitle(String(address[..<at]))
        else { throw failure }
        let place = address[address.index(after: at)...]
        guard let colon = place.lastIndex(of: ":"), let port = Int(place[place.index(after: colon)...]),
            (1...65_535).contains(port), colon > place.startIndex
        else { throw failure }
        var calling = AETitle(literal: "CASSETTE")
        if parts.count > 1 {
            guard parts[1].hasPrefix("aet="), let title = AETitle(String(parts[1].dropFirst(4))) else { throw failure }
            calling = title
        }
        self.called = called
        self.calling = calling
        host = String(place[..<colon])
        self.port = port
        self.spool = spool
    }

    func begin(_ id: RandomID, at position: UInt64?) async throws {}

    func put(_ object: ExportObject) async throws -> ExportPlacement {
        let kind = Kind(sopClassUID: object.sopClassUID, transferSyntax: object.transferSyntax)
        let body = try await Body(object.content, spool)
        // An association that the peer has ended meanwhile is opened once more.
        for attempt in 1... {
            let client = try await client(for: kind)
            do {
                return try Self.placement(
                    try await client.store(
                        sopClassUID: object.sopClassUID,
                        sopInstanceUID: object.sopInstanceUID,
                        transferSyntax: object.transferSyntax,
                        body: body
                    )
                )
            } catch let error as DIMSEError where error.code == .noPresentationContext {
                return .refused("the peer does not take objects of this kind")
            } catch let error as DIMSEError {
                drop()
                guard attempt < 2 else {
                    throw ExportError(.unavailable, "\(called) at \(host):\(port): \(error)")
                }
            }
        }
        throw ExportError(.unavailable, "\(called) at \(host):\(port) does not answer")
    }

    private static func placement(_ status: DIMSEStatus) throws -> ExportPlacement {
        switch status.rawValue {
        // Coercion, elements discarded, and other warnings (PS3.4 B.2.3): it is stored.
        case 0x0000, 0x0001, 0x0107, 0x0116, 0xB000...0xBFFF: return .sent
        case 0xA700...0xA7FF: throw ExportError(.noSpace, "the peer has no room: make some, and resume the job")
        case 0x0124: throw ExportError(.refused, "the peer does not take objects from this AE title")
        default: return .refused("the peer answered \(status)")
        }
    }

    /// An association that has proposed this kind of object.
    private func client(for kind: Kind) async throws -> DIMSEClient {
        let known = state.withLock { state in state.kinds.contains(kind) ? state.client : nil }
        if let known { return known }
        await close()
        let kinds = state.withLock { state in
            if state.kinds.count >= Self.contextLimit { state.kinds = [] }
            if !state.kinds.contains(kind) { state.kinds.append(kind) }
            return state.kinds
        }
        do throws(DIMSEError) {
            let client = try await DIMSEClient.connect(
                with: AssociationRequestor(group: MultiThreadedEventLoopGroup.singleton, logger: .quiet),
                host: host,
                port: port,
                calling: calling,
                called: called,
                contexts: kinds.map { ($0.sopClassUID, [$0.transferSyntax]) }
            )
            state.withLock { $0.client = client }
            return client
        } catch {
            throw ExportError(.unavailable, "No association with \(called) at \(host):\(port): \(error)")
        }
    }

    private func drop() {
        let client = state.withLock { state in
            defer { state.client = nil }
            return state.client
        }
        client?.abort()
    }

    /// The peer has each object when it has answered.
    func settle() async throws -> UInt64 { 0 }

    func finish(_ documents: [ExportDocument], files: ExportedFiles) async throws {}

    func abandon(_ id: RandomID) async throws {}

    func close() async {
        let client = state.withLock { state in
            defer { state.client = nil }
            return state.client
        }
        _ = await client?.release()
    }

    /// The Data Set of an object, which stands behind its File Meta Information.
    private struct Body: AsyncSequence, Sendable {
        typealias Element = ByteBuffer

        private enum Source: Sendable {
            case bytes(ByteBuffer)
            case file(FileChunks)
        }

        private let source: Source

        init(_ content: ExportContent, _ spool: ExportSpool) async throws {
            var decoder = Part10Decoder()
            if var bytes = content.bytes {
                _ = try decoder.read(bytes)
                bytes.moveReaderIndex(forwardBy: Int(clamping: decoder.header?.dataSetOffset ?? 0))
                source = .bytes(bytes)
            } else {
                let file = try await spool.file(content)
                let begin = try await spool.pool.run { try file.read(at: 0, count: 64 << 10) }
                _ = try decoder.read(begin)
                source = .file(FileChunks(file: file, pool: spool.pool, offset: decoder.header?.dataSetOffset ?? 0))
            }
        }

        func makeAsyncIterator() -> AsyncIterator {
            switch source {
            case .bytes(let bytes): AsyncIterator(bytes: bytes, chunks: nil)
            case .file(let chunks): AsyncIterator(bytes: ByteBuffer(), chunks: chunks.makeAsyncIterator())
            }
        }

        struct AsyncIterator: AsyncIteratorProtocol {
            var bytes: ByteBuffer
            var chunks: FileChunks.AsyncIterator?

            mutating func next() async throws -> ByteBuffer? {
                if chunks != nil { return try await chunks?.next() }
                guard bytes.readableBytes > 0 else { return nil }
                return bytes.readSlice(length: Swift.min(bytes.readableBytes, 256 << 10))
            }
        }
    }
}
