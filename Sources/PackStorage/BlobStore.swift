public import NIOCore

/// Keeps whole, finished files under opaque keys: a folder, later an object store.
public protocol BlobStore: Sendable {
    /// Stores a new blob; when this returns, it is durable and whole.
    ///
    /// Nothing is visible under the key before. A failure of `body` is thrown as `.bodyFailed`.
    ///
    /// - Throws: `.exists` when the key is taken: a blob is never replaced.
    func put<Body: AsyncSequence & Sendable>(_ key: BlobKey, _ body: Body) async throws(BlobStoreError)
    where Body.Element == ByteBuffer
    /// Reads a range; fewer bytes only at the end of the blob.
    ///
    /// - Throws: `.notFound`; `.rangeTooLong` above 16 MiB.
    func get(_ key: BlobKey, range: Range<UInt64>) async throws(BlobStoreError) -> ByteBuffer
    /// The size in bytes; `nil` when there is no such blob.
    func size(_ key: BlobKey) async throws(BlobStoreError) -> UInt64?
    /// Removes a blob durably; one that is not there is fine.
    func delete(_ key: BlobKey) async throws(BlobStoreError)
    /// The blobs whose keys begin with `prefix`, sorted by key.
    func list(prefix: String) async throws(BlobStoreError) -> [BlobEntry]
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
}
