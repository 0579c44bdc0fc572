public import NIOCore

/// Keeps whole, finished files under opaque keys: a folder, an object store, a network drive.
///
/// Every implementation passes one contract suite; retries, limits, and measures are decorators before it.
public protocol BlobStore: Sendable {
    /// Stores a new blob; when this returns, it is durable and whole, and its SHA-256 was verified by the store or by
    /// reading back.
    ///
    /// Nothing is visible under the key before. A failure of the source is thrown as `.bodyFailed`.
    ///
    /// - Throws: `.exists` when the key is taken: a blob is never replaced. `.corrupt` when the bytes do not have the
    ///   SHA-256 that the source promises, or the store kept others; nothing is left under the key then. After any other
    ///   error the blob may be there, whole: ask ``status(_:)``.
    func put(_ key: BlobKey, _ source: BlobSource) async throws(BlobStoreError)
    /// Reads a range; fewer bytes only at the end of the blob.
    ///
    /// - Throws: `.notFound`; `.frozen` when the blob must be thawed first; `.rangeTooLong` above 16 MiB.
    func get(_ key: BlobKey, range: Range<UInt64>) async throws(BlobStoreError) -> ByteBuffer
    /// Size, digest, and availability; `nil` when there is no such blob.
    func status(_ key: BlobKey) async throws(BlobStoreError) -> BlobStatus?
    /// Begins to make a frozen blob readable for that many days, and returns at once; of an online one nothing happens.
    ///
    /// - Throws: `.notFound`.
    func thaw(_ key: BlobKey, days: Int) async throws(BlobStoreError)
    /// Removes a blob durably; one that is not there is fine.
    func delete(_ key: BlobKey) async throws(BlobStoreError)
    /// The blobs whose keys begin with `prefix` and come after `after`, sorted by key.
    ///
    /// A list may be stale: what was stored or deleted a moment ago may be missing or still there.
    ///
    /// - Parameter limit: At least 1; fewer entries are returned only at the end.
    func list(prefix: String, after: BlobKey?, limit: Int) async throws(BlobStoreError) -> [BlobEntry]
}

extension BlobStore {
    /// All blobs whose keys begin with `prefix`, sorted by key; asks for one page after the other.
    public func listAll(prefix: String = "") async throws(BlobStoreError) -> [BlobEntry] {
        var entries: [BlobEntry] = []
        while true {
            let page = try await list(prefix: prefix, after: entries.last?.key, limit: BlobStoreLimits.pageLength)
            entries += page
            guard page.count >= BlobStoreLimits.pageLength else { return entries }
        }
    }
}

/// One blob in a list.
public struct BlobEntry: Sendable, Hashable {
    /// Its key.
    public let key: BlobKey
    /// Its size in bytes.
    public let size: UInt64

    /// Makes an entry.
    public init(key: BlobKey, size: UInt64) {
        self.key = key
        self.size = size
    }
}

/// Limits that hold for every store.
public enum BlobStoreLimits {
    /// The longest range that one `get` returns: 16 MiB.
    public static let rangeLength: UInt64 = 16 * 1_024 * 1_024
    /// Entries in a page of a list that is read to its end: 1,000, what an object store returns at once.
    public static let pageLength = 1_000
    /// Bytes that a store reads from a source at once: 1 MiB.
    public static let chunkLength: UInt64 = 1_024 * 1_024
}
