public import NIOCore

/// A part of a store: all keys under one prefix, so that two users of a store do not meet.
public struct PrefixedBlobStore: BlobStore {
    private let store: any BlobStore
    private let prefix: String

    /// Makes a part of a store.
    ///
    /// - Parameter prefix: Components of keys, ending with `/`; `nil` is returned when no key can begin so.
    public init?(_ store: any BlobStore, prefix: String) {
        guard prefix.hasSuffix("/"), BlobKey(prefix + "x") != nil, prefix.utf8.count <= 128 else { return nil }
        self.store = store
        self.prefix = prefix
    }

    /// Stores a blob.
    public func put(_ key: BlobKey, _ source: BlobSource) async throws(BlobStoreError) {
        try await store.put(try outer(key), source)
    }

    /// Reads a range.
    public func get(_ key: BlobKey, range: Range<UInt64>) async throws(BlobStoreError) -> ByteBuffer {
        try await store.get(try outer(key), range: range)
    }

    /// Size, digest and availability.
    public func status(_ key: BlobKey) async throws(BlobStoreError) -> BlobStatus? {
        try await store.status(try outer(key))
    }

    /// Begins to make a frozen blob readable.
    public func thaw(_ key: BlobKey, days: Int) async throws(BlobStoreError) {
        try await store.thaw(try outer(key), days: days)
    }

    /// Removes a blob.
    public func delete(_ key: BlobKey) async throws(BlobStoreError) {
        try await store.delete(try outer(key))
    }

    /// The blobs of this part.
    public func list(prefix: String, after: BlobKey?, limit: Int) async throws(BlobStoreError) -> [BlobEntry] {
        let last: BlobKey? = try after.map { key throws(BlobStoreError) in try outer(key) }
        let entries = try await store.list(prefix: self.prefix + prefix, after: last, limit: limit)
        return entries.compactMap { entry in
            BlobKey(String(entry.key.text.dropFirst(self.prefix.count))).map { BlobEntry(key: $0, size: entry.size) }
        }
    }

    private func outer(_ key: BlobKey) throws(BlobStoreError) -> BlobKey {
        guard let outer = BlobKey(prefix + key.text) else {
            throw BlobStoreError(.refused, "the key is too long behind the prefix")
        }
        return outer
    }
}
