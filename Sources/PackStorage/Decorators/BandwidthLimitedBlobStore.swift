public import NIOCore
import Synchronization

/// Lets only so many bytes a second pass to a store and from it, so that moves leave the line to others.
///
/// To a store: what it reads from the source, which may be twice for long blobs. From it: what is asked for.
public final class BandwidthLimitedBlobStore: BlobStore {
    private let store: any BlobStore
    private let clock: any StoreClock
    private let upload: Mutex<TokenBucket?>
    private let download: Mutex<TokenBucket?>

    /// Puts itself before another store; a limit of `nil` is none.
    public init(
        _ store: any BlobStore,
        uploadBytesPerSecond: UInt64?,
        downloadBytesPerSecond: UInt64?,
        clock: any StoreClock = SystemStoreClock()
    ) {
        self.store = store
        self.clock = clock
        upload = Mutex(uploadBytesPerSecond.map { TokenBucket(bytesPerSecond: $0, now: clock.now()) })
        download = Mutex(downloadBytesPerSecond.map { TokenBucket(bytesPerSecond: $0, now: clock.now()) })
    }

    /// Stores a blob.
    public func put(_ key: BlobKey, _ source: BlobSource) async throws(BlobStoreError) {
        let limited = BlobSource(length: source.length, sha256: source.sha256) { range throws(BlobStoreError) in
            let delay = self.upload.withLock { $0?.take(range.count, now: self.clock.now()) }
            try await self.wait(delay)
            return try await source.read(range)
        }
        try await store.put(key, limited)
    }

    /// Reads a range.
    public func get(_ key: BlobKey, range: Range<UInt64>) async throws(BlobStoreError) -> ByteBuffer {
        if UInt64(range.count) <= BlobStoreLimits.rangeLength {
            try await wait(download.withLock { $0?.take(range.count, now: clock.now()) })
        }
        return try await store.get(key, range: range)
    }

    /// What the store tells about a blob.
    public func status(_ key: BlobKey) async throws(BlobStoreError) -> BlobStatus? {
        try await store.status(key)
    }

    /// Begins to thaw a blob.
    public func thaw(_ key: BlobKey, days: Int) async throws(BlobStoreError) {
        try await store.thaw(key, days: days)
    }

    /// Removes a blob.
    public func delete(_ key: BlobKey) async throws(BlobStoreError) {
        try await store.delete(key)
    }

    /// Lists blobs.
    public func list(prefix: String, after: BlobKey?, limit: Int) async throws(BlobStoreError) -> [BlobEntry] {
        try await store.list(prefix: prefix, after: after, limit: limit)
    }

    private func wait(_ delay: Duration?) async throws(BlobStoreError) {
        guard let delay, delay > .zero else { return }
        do {
            try await clock.sleep(for: delay)
        } catch {
            throw BlobStoreError(.cancelled, "the wait for the line was cancelled")
        }
    }
}
