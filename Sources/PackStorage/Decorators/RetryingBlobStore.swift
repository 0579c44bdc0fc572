public import NIOCore
public import Platform

/// Tries again what may succeed later.
///
/// An attempt to store may have succeeded without our learning of it. So when a later one finds the key taken, what lies
/// there is compared with the source: the same bytes are a success, as all operations may be repeated.
public struct RetryingBlobStore: BlobStore {
    private let store: any BlobStore
    private let policy: RetryPolicy
    private let clock: any StoreClock
    private let random: any RandomSource

    /// Puts itself before another store.
    public init(
        _ store: any BlobStore,
        policy: RetryPolicy = RetryPolicy(),
        clock: any StoreClock = SystemStoreClock(),
        random: any RandomSource
    ) {
        self.store = store
        self.policy = policy
        self.clock = clock
        self.random = random
    }

    /// Stores a blob.
    public func put(_ key: BlobKey, _ source: BlobSource) async throws(BlobStoreError) {
        try await retrying { attempt throws(BlobStoreError) in
            do throws(BlobStoreError) {
                try await store.put(key, source)
            } catch {
                guard error.code == .exists, attempt > 1 else { throw error }
                if try await holds(key, source) == false { throw error }
            }
        }
    }

    /// Reads a range.
    public func get(_ key: BlobKey, range: Range<UInt64>) async throws(BlobStoreError) -> ByteBuffer {
        try await retrying { _ throws(BlobStoreError) in try await store.get(key, range: range) }
    }

    /// What the store tells about a blob.
    public func status(_ key: BlobKey) async throws(BlobStoreError) -> BlobStatus? {
        try await retrying { _ throws(BlobStoreError) in try await store.status(key) }
    }

    /// Begins to thaw a blob.
    public func thaw(_ key: BlobKey, days: Int) async throws(BlobStoreError) {
        try await retrying { _ throws(BlobStoreError) in try await store.thaw(key, days: days) }
    }

    /// Removes a blob.
    public func delete(_ key: BlobKey) async throws(BlobStoreError) {
        try await retrying { _ throws(BlobStoreError) in try await store.delete(key) }
    }

    /// Lists blobs.
    public func list(prefix: String, after: BlobKey?, limit: Int) async throws(BlobStoreError) -> [BlobEntry] {
        try await retrying { _ throws(BlobStoreError) in
            try await store.list(prefix: prefix, after: after, limit: limit)
        }
    }

    /// Whether the blob of a key is the source.
    private func holds(_ key: BlobKey, _ source: BlobSource) async throws(BlobStoreError) -> Bool {
        guard let status = try await status(key) else {
            throw BlobStoreError(.unavailable, "the key was taken and is free again")
        }
        guard status.size == source.length else { return false }
        if let sha256 = status.sha256 { return sha256 == source.sha256 }
        guard status.availability.isReadable else { return false }
        return try await BlobSource(key, in: self, length: status.size, sha256: source.sha256).isWhole()
    }

    private func retrying<Result>(
        _ body: (_ attempt: Int) async throws(BlobStoreError) -> Result
    ) async throws(BlobStoreError) -> Result {
        let start = clock.now()
        var attempt = 1
        while true {
            do throws(BlobStoreError) {
                return try await body(attempt)
            } catch {
                let delay = policy.delay(
                    after: error,
                    attempt: attempt,
                    elapsed: clock.now() - start,
                    jitter: Double(random.bytes(1).first ?? 0) / 255
                )
                guard let delay else { throw error }
                do {
                    try await clock.sleep(for: delay)
                } catch {
                    throw BlobStoreError(.cancelled, "the wait for another attempt was cancelled")
                }
                attempt += 1
            }
        }
    }
}
