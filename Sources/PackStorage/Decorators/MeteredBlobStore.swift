import Metrics
public import NIOCore

/// Counts the operations on a store, their bytes, and how long they took.
///
/// `cassette_store_operations_total` by store, operation and outcome; `cassette_store_bytes_total` by store and direction;
/// `cassette_store_operation_seconds` by store and operation.
public struct MeteredBlobStore: BlobStore {
    private let store: any BlobStore
    private let name: String
    private let clock: any StoreClock

    /// Puts itself before another store.
    ///
    /// - Parameter name: As in the settings.
    public init(_ store: any BlobStore, name: String, clock: any StoreClock = SystemStoreClock()) {
        self.store = store
        self.name = name
        self.clock = clock
    }

    /// Stores a blob.
    public func put(_ key: BlobKey, _ source: BlobSource) async throws(BlobStoreError) {
        try await measured("put") { () throws(BlobStoreError) in try await store.put(key, source) }
        count(source.length, "sent")
    }

    /// Reads a range.
    public func get(_ key: BlobKey, range: Range<UInt64>) async throws(BlobStoreError) -> ByteBuffer {
        let bytes = try await measured("get") { () throws(BlobStoreError) in try await store.get(key, range: range) }
        count(UInt64(bytes.readableBytes), "received")
        return bytes
    }

    /// What the store tells about a blob.
    public func status(_ key: BlobKey) async throws(BlobStoreError) -> BlobStatus? {
        try await measured("status") { () throws(BlobStoreError) in try await store.status(key) }
    }

    /// Begins to thaw a blob.
    public func thaw(_ key: BlobKey, days: Int) async throws(BlobStoreError) {
        try await measured("thaw") { () throws(BlobStoreError) in try await store.thaw(key, days: days) }
    }

    /// Removes a blob.
    public func delete(_ key: BlobKey) async throws(BlobStoreError) {
        try await measured("delete") { () throws(BlobStoreError) in try await store.delete(key) }
    }

    /// Lists blobs.
    public func list(prefix: String, after: BlobKey?, limit: Int) async throws(BlobStoreError) -> [BlobEntry] {
        try await measured("list") { () throws(BlobStoreError) in
            try await store.list(prefix: prefix, after: after, limit: limit)
        }
    }

    private func measured<Result>(
        _ operation: String,
        _ body: () async throws(BlobStoreError) -> Result
    ) async throws(BlobStoreError) -> Result {
        let start = clock.now()
        do throws(BlobStoreError) {
            let result = try await body()
            record(operation, "success", since: start)
            return result
        } catch {
            record(operation, error.code.word, since: start)
            throw error
        }
    }

    private func record(_ operation: String, _ outcome: String, since start: Duration) {
        let dimensions = [("store", name), ("operation", operation)]
        Counter(label: "cassette_store_operations_total", dimensions: dimensions + [("outcome", outcome)]).increment()
        Metrics.Timer(label: "cassette_store_operation_seconds", dimensions: dimensions)
            .record(duration: clock.now() - start)
    }

    private func count(_ byteCount: UInt64, _ direction: String) {
        Counter(label: "cassette_store_bytes_total", dimensions: [("store", name), ("direction", direction)])
            .increment(by: Int64(clamping: byteCount))
    }
}

extension BlobStoreError.Code {
    /// One word for metrics and reports.
    public var word: String {
        switch self {
        case .notFound: "not_found"
        case .exists: "exists"
        case .rangeTooLong: "range_too_long"
        case .bodyFailed: "body_failed"
        case .disk: "disk"
        case .frozen: "frozen"
        case .unavailable: "unavailable"
        case .denied: "denied"
        case .corrupt: "corrupt"
        case .refused: "refused"
        case .cancelled: "cancelled"
        }
    }
}
