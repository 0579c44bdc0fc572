public import NIOCore
import Synchronization

/// Leaves a store alone for a while that does not answer: callers learn at once what they would learn after a time-out.
public final class CircuitBreakerBlobStore: BlobStore {
    private let store: any BlobStore
    private let clock: any StoreClock
    private let breaker: Mutex<CircuitBreaker>

    /// Puts itself before another store.
    public init(
        _ store: any BlobStore,
        breaker: CircuitBreaker = CircuitBreaker(),
        clock: any StoreClock = SystemStoreClock()
    ) {
        self.store = store
        self.clock = clock
        self.breaker = Mutex(breaker)
    }

    /// Whether operations pass.
    public var isClosed: Bool { breaker.withLock { $0.isClosed } }

    /// Stores a blob.
    public func put(_ key: BlobKey, _ source: BlobSource) async throws(BlobStoreError) {
        try await guarded { () throws(BlobStoreError) in try await store.put(key, source) }
    }

    /// Reads a range.
    public func get(_ key: BlobKey, range: Range<UInt64>) async throws(BlobStoreError) -> ByteBuffer {
        try await guarded { () throws(BlobStoreError) in try await store.get(key, range: range) }
    }

    /// What the store tells about a blob.
    public func status(_ key: BlobKey) async throws(BlobStoreError) -> BlobStatus? {
        try await guarded { () throws(BlobStoreError) in try await store.status(key) }
    }

    /// Begins to thaw a blob.
    public func thaw(_ key: BlobKey, days: Int) async throws(BlobStoreError) {
        try await guarded { () throws(BlobStoreError) in try await store.thaw(key, days: days) }
    }

    /// Removes a blob.
    public func delete(_ key: BlobKey) async throws(BlobStoreError) {
        try await guarded { () throws(BlobStoreError) in try await store.delete(key) }
    }

    /// Lists blobs.
    public func list(prefix: String, after: BlobKey?, limit: Int) async throws(BlobStoreError) -> [BlobEntry] {
        try await guarded { () throws(BlobStoreError) in
            try await store.list(prefix: prefix, after: after, limit: limit)
        }
    }

    private func guarded<Result>(
        _ body: () async throws(BlobStoreError) -> Result
    ) async throws(BlobStoreError) -> Result {
        if let wait = breaker.withLock({ $0.admit(now: clock.now()) }) {
            throw BlobStoreError(.unavailable, "the store did not answer lately and is left alone", retryAfter: wait)
        }
        do throws(BlobStoreError) {
            let result = try await body()
            record(.answered)
            return result
        } catch {
            switch error.code {
            case .unavailable: record(.unavailable)
            case .cancelled, .bodyFailed, .rangeTooLong: record(.unknown)
            case .notFound, .exists, .disk, .frozen, .denied, .corrupt, .refused: record(.answered)
            }
            throw error
        }
    }

    private func record(_ outcome: CircuitBreaker.Outcome) {
        breaker.withLock { $0.record(outcome, now: clock.now()) }
    }
}
