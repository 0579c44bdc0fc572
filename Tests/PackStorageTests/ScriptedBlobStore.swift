import NIOCore
import PackStorage
import Synchronization
import TestKit

/// A store in memory that counts requests, and fails as it is told.
final class ScriptedBlobStore: BlobStore {
    /// What happens at a call.
    enum Fault: Sendable {
        /// Nothing was done.
        case before
        /// It was done, and the answer is lost.
        case after
        /// Half of it: of a put another blob is kept, of a get half the bytes come.
        case wrong
    }

    struct State: Sendable {
        var blobs: [BlobKey: ByteBuffer] = [:]
        var frozen: [BlobKey: BlobAvailability] = [:]
        var keepsDigests = true
        var gets = 0
        var puts = 0
        var fetchedBytes = 0
        var isDown = false
    }

    let state = Mutex(State())
    /// Called before each request that changes or reads.
    let script: @Sendable () -> Fault?

    init(keepsDigests: Bool = true, script: @escaping @Sendable () -> Fault? = { nil }) {
        self.script = script
        state.withLock { $0.keepsDigests = keepsDigests }
    }

    private let meanwhile = Mutex<(@Sendable () async -> Void)?>(nil)

    /// Has something done once, right before the next blob is read.
    func interrupt(_ body: @escaping @Sendable () async -> Void) { meanwhile.withLock { $0 = body } }

    var gets: Int { state.withLock { $0.gets } }
    var puts: Int { state.withLock { $0.puts } }
    var keys: [BlobKey] { state.withLock { $0.blobs.keys.sorted() } }

    /// Changes a blob behind the back of everybody.
    func damage(_ key: BlobKey, at offset: Int = 200) {
        state.withLock { state in
            guard let bytes = state.blobs[key] else { return }
            state.blobs[key] = ByteBuffer(bytes: Array(bytes.readableBytesView).flipping(bit: offset * 8))
        }
    }

    func put(_ key: BlobKey, _ source: BlobSource) async throws(BlobStoreError) {
        let fault = script()
        if fault == .before || isDown { throw Self.lost }
        guard state.withLock({ $0.blobs[key] == nil }) else { throw BlobStoreError(.exists, "taken") }
        var bytes = ByteBuffer()
        var iterator = source.chunks().makeAsyncIterator()
        while let chunk = try await iterator.next(isolation: nil) { bytes.writeImmutableBuffer(chunk) }
        guard BlobSource(bytes).sha256 == source.sha256 else { throw BlobStoreError(.corrupt, "wrong digest") }
        if fault == .wrong { bytes = bytes.getSlice(at: 0, length: bytes.readableBytes / 2) ?? ByteBuffer() }
        let stored = bytes
        state.withLock { state in
            state.puts += 1
            state.blobs[key] = stored
        }
        if fault != nil { throw Self.lost }
    }

    func get(_ key: BlobKey, range: Range<UInt64>) async throws(BlobStoreError) -> ByteBuffer {
        let body = meanwhile.withLock { body in
            defer { body = nil }
            return body
        }
        await body?()
        let fault = script()
        if fault == .before || isDown { throw Self.lost }
        let (blob, availability) = state.withLock { state in
            state.gets += 1
            return (state.blobs[key], state.frozen[key] ?? .online)
        }
        guard let blob else { throw BlobStoreError(.notFound, "none") }
        guard availability.isReadable else { throw BlobStoreError(.frozen, "frozen") }
        let start = min(Int(range.lowerBound), blob.readableBytes)
        var count = min(range.count, blob.readableBytes - start)
        if fault == .wrong { count /= 2 }
        if fault == .after { throw Self.lost }
        let read = count
        state.withLock { $0.fetchedBytes += read }
        return blob.getSlice(at: blob.readerIndex + start, length: count) ?? ByteBuffer()
    }

    func status(_ key: BlobKey) async throws(BlobStoreError) -> BlobStatus? {
        if script() != nil || isDown { throw Self.lost }
        return state.withLock { state in
            guard let blob = state.blobs[key] else { return nil }
            return BlobStatus(
                size: UInt64(blob.readableBytes),
                sha256: state.keepsDigests ? BlobSource(blob).sha256 : nil,
                availability: state.frozen[key] ?? .online
            )
        }
    }

    func thaw(_ key: BlobKey, days: Int) async throws(BlobStoreError) {
        state.withLock { state in
            if state.frozen[key] == .frozen { state.frozen[key] = .thawing }
        }
    }

    func delete(_ key: BlobKey) async throws(BlobStoreError) {
        let fault = script()
        if fault == .before || fault == .wrong || isDown { throw Self.lost }
        _ = state.withLock { $0.blobs.removeValue(forKey: key) }
        if fault != nil { throw Self.lost }
    }

    func list(prefix: String, after: BlobKey?, limit: Int) async throws(BlobStoreError) -> [BlobEntry] {
        if isDown { throw Self.lost }
        let blobs = state.withLock { $0.blobs }
        let found = blobs.filter { blob in
            blob.key.text.hasPrefix(prefix) && after.map { last in last < blob.key } ?? true
        }
        let entries = found.map { BlobEntry(key: $0.key, size: UInt64($0.value.readableBytes)) }
        return Array(entries.sorted { $0.key < $1.key }.prefix(limit))
    }

    private var isDown: Bool { state.withLock { $0.isDown } }

    private static let lost = BlobStoreError(.unavailable, "no answer")
}
