public import NIOCore
public import PackStorage
import Synchronization

/// Blobs in memory, with failures as a test wants them.
public final class MemoryBlobStore: BlobStore {
    /// An operation of a store.
    public enum Operation: Hashable, Sendable {
        /// Storing.
        case put
        /// Reading.
        case get
        /// Asking for the status.
        case status
        /// Thawing.
        case thaw
        /// Removing.
        case delete
        /// Listing.
        case list
    }

    /// What happens to a call.
    public enum Fault: Sendable {
        /// Nothing is done, and the error is thrown.
        case fails(BlobStoreError.Code, retryAfter: Duration? = nil)
        /// All is done, and the error is thrown.
        case failsAfterwards(BlobStoreError.Code)
    }

    private struct State {
        var blobs: [BlobKey: ByteBuffer] = [:]
        var availability: [BlobKey: BlobAvailability] = [:]
        var faults: [Fault?] = []
        var calls: [Operation] = []
    }

    private let state = Mutex(State())

    /// An empty store.
    public init() {}

    /// What happens to the next calls, one after the other; `nil` for nothing.
    public func setFaults(_ faults: [Fault?]) {
        state.withLock { $0.faults = faults }
    }

    /// All calls so far.
    public var calls: [Operation] { state.withLock { $0.calls } }

    /// The bytes under a key.
    public func content(_ key: BlobKey) -> ByteBuffer? { state.withLock { $0.blobs[key] } }

    /// Sets the bytes under a key behind the program's back; removes them when `nil`.
    public func setContent(_ key: BlobKey, _ bytes: ByteBuffer?) {
        state.withLock { $0.blobs[key] = bytes }
    }

    /// Sets whether a blob can be read.
    public func setAvailability(_ key: BlobKey, _ availability: BlobAvailability) {
        state.withLock { $0.availability[key] = availability }
    }

    /// Stores a blob.
    public func put(_ key: BlobKey, _ source: BlobSource) async throws(BlobStoreError) {
        let fault = try begin(.put)
        guard content(key) == nil else { throw BlobStoreError(.exists, "the key is taken") }
        var all = ByteBuffer()
        var chunks = source.chunks().makeAsyncIterator()
        while var bytes = try await chunks.next() { all.writeBuffer(&bytes) }
        let whole = all
        guard BlobSource(whole).sha256 == source.sha256 else { throw BlobStoreError(.corrupt, "another digest") }
        let isFree = state.withLock { state in
            guard state.blobs[key] == nil else { return false }
            state.blobs[key] = whole
            return true
        }
        guard isFree else { throw BlobStoreError(.exists, "the key is taken") }
        try end(fault)
    }

    /// Reads a range.
    public func get(_ key: BlobKey, range: Range<UInt64>) async throws(BlobStoreError) -> ByteBuffer {
        let fault = try begin(.get)
        guard UInt64(range.count) <= BlobStoreLimits.rangeLength else {
            throw BlobStoreError(.rangeTooLong, "one read returns at most 16 MiB")
        }
        guard let bytes = content(key) else { throw BlobStoreError(.notFound, "there is no such blob") }
        guard availability(key).isReadable else { throw BlobStoreError(.frozen, "the blob is frozen") }
        try end(fault)
        let start = min(Int(clamping: range.lowerBound), bytes.readableBytes)
        let length = min(range.count, bytes.readableBytes - start)
        return bytes.getSlice(at: bytes.readerIndex + start, length: length) ?? ByteBuffer()
    }

    /// Size and availability.
    public func status(_ key: BlobKey) async throws(BlobStoreError) -> BlobStatus? {
        let fault = try begin(.status)
        try end(fault)
        return content(key).map { BlobStatus(size: UInt64($0.readableBytes), availability: availability(key)) }
    }

    /// Lets a frozen blob thaw; the test tells when it is thawed.
    public func thaw(_ key: BlobKey, days: Int) async throws(BlobStoreError) {
        let fault = try begin(.thaw)
        guard content(key) != nil else { throw BlobStoreError(.notFound, "there is no such blob") }
        if availability(key) == .frozen { setAvailability(key, .thawing) }
        try end(fault)
    }

    /// Removes a blob.
    public func delete(_ key: BlobKey) async throws(BlobStoreError) {
        let fault = try begin(.delete)
        setContent(key, nil)
        try end(fault)
    }

    /// Lists blobs.
    public func list(prefix: String, after: BlobKey?, limit: Int) async throws(BlobStoreError) -> [BlobEntry] {
        let fault = try begin(.list)
        try end(fault)
        let blobs = state.withLock { $0.blobs }
        let keys = blobs.keys.filter { key in key.text.hasPrefix(prefix) && after.map { $0 < key } ?? true }
        return keys.sorted().prefix(max(1, limit)).map {
            BlobEntry(key: $0, size: UInt64(blobs[$0]?.readableBytes ?? 0))
        }
    }

    private func availability(_ key: BlobKey) -> BlobAvailability {
        state.withLock { $0.availability[key] ?? .online }
    }

    private func begin(_ operation: Operation) throws(BlobStoreError) -> Fault? {
        let fault = state.withLock { state in
            state.calls.append(operation)
            return state.faults.isEmpty ? nil : state.faults.removeFirst()
        }
        if case .fails(let code, let retryAfter) = fault {
            throw BlobStoreError(code, "a fault of the test", retryAfter: retryAfter)
        }
        return fault
    }

    private func end(_ fault: Fault?) throws(BlobStoreError) {
        if case .failsAfterwards(let code) = fault { throw BlobStoreError(code, "a fault of the test, too late") }
    }
}
