public import NIOCore
public import Platform

/// Bytes that can be read again from any place: what a retry or a part of a multipart upload needs.
public struct BlobSource: Sendable {
    /// How many bytes there are.
    public let length: UInt64
    /// The SHA-256 of all of them.
    public let sha256: [UInt8]
    /// Reads a range that lies within the length, whole.
    public let read: @Sendable (Range<UInt64>) async throws(BlobStoreError) -> ByteBuffer

    /// Makes a source.
    ///
    /// - Parameter read: Returns all bytes of the range; is called with at most 16 MiB, from several tasks.
    public init(
        length: UInt64,
        sha256: [UInt8],
        read: @escaping @Sendable (Range<UInt64>) async throws(BlobStoreError) -> ByteBuffer
    ) {
        self.length = length
        self.sha256 = sha256
        self.read = read
    }

    /// Bytes in memory.
    public init(_ bytes: ByteBuffer) {
        self.init(length: UInt64(bytes.readableBytes), sha256: BlobDigest.of(bytes)) {
            range throws(BlobStoreError) in
            guard
                let slice = bytes.getSlice(
                    at: bytes.readerIndex + Int(clamping: range.lowerBound),
                    length: Int(clamping: UInt64(range.count))
                )
            else { throw BlobStoreError(.bodyFailed, "the range lies outside of the bytes") }
            return slice
        }
    }

    /// A file that does not change.
    public init(_ file: any DiskFile, length: UInt64, sha256: [UInt8], pool: WorkPool) {
        self.init(length: length, sha256: sha256) { range throws(BlobStoreError) in
            do {
                return try await pool.run { try file.read(at: range.lowerBound, count: range.count) }
            } catch {
                throw BlobStoreError(error)
            }
        }
    }

    /// A blob of a store.
    public init(_ key: BlobKey, in store: any BlobStore, length: UInt64, sha256: [UInt8]) {
        self.init(length: length, sha256: sha256) { range throws(BlobStoreError) in
            try await store.get(key, range: range)
        }
    }

    /// The bytes of a range, whole; at most 16 MiB.
    ///
    /// - Throws: `.bodyFailed` when the source fails or has fewer bytes; `.cancelled`.
    public func bytes(_ range: Range<UInt64>) async throws(BlobStoreError) -> ByteBuffer {
        let bytes: ByteBuffer
        do throws(BlobStoreError) {
            bytes = try await read(range)
        } catch {
            if error.code == .cancelled { throw error }
            throw BlobStoreError(.bodyFailed, "the source of the blob failed: " + error.description)
        }
        guard bytes.readableBytes == range.count else {
            throw BlobStoreError(.bodyFailed, "the source of the blob is shorter than it said")
        }
        return bytes
    }

    /// The bytes of a range in pieces of at most 1 MiB; any number of iterations.
    public func chunks(_ range: Range<UInt64>? = nil) -> BlobChunks {
        BlobChunks(source: self, range: range ?? 0..<length)
    }

    /// The SHA-256 of a range, read piece by piece.
    public func digest(of range: Range<UInt64>) async throws(BlobStoreError) -> [UInt8] {
        var digest = BlobDigest()
        var iterator = chunks(range).makeAsyncIterator()
        while let bytes = try await iterator.next(isolation: nil) { digest.update(bytes) }
        return digest.value
    }

    /// Whether all bytes can be read and have the digest: of a blob of a store, whether it is what it should be.
    ///
    /// - Throws: What the store throws, as it throws it.
    public func isWhole() async throws(BlobStoreError) -> Bool {
        var digest = BlobDigest()
        var start: UInt64 = 0
        while start < length {
            let end = start + min(BlobStoreLimits.rangeLength, length - start)
            let bytes = try await read(start..<end)
            guard bytes.readableBytes == Int(end - start) else { return false }
            digest.update(bytes)
            start = end
        }
        return digest.value == sha256
    }
}

/// A range of a source as a sequence of pieces, read as they are asked for.
public struct BlobChunks: AsyncSequence, Sendable {
    let source: BlobSource
    let range: Range<UInt64>

    /// Begins to read.
    public func makeAsyncIterator() -> Iterator {
        Iterator(source: source, rest: range)
    }

    /// Reads one piece after the other.
    public struct Iterator: AsyncIteratorProtocol {
        let source: BlobSource
        var rest: Range<UInt64>

        /// The next piece; `nil` at the end.
        public mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(BlobStoreError) -> ByteBuffer? {
            guard !rest.isEmpty else { return nil }
            let end = rest.lowerBound + Swift.min(BlobStoreLimits.chunkLength, UInt64(rest.count))
            let bytes = try await source.bytes(rest.lowerBound..<end)
            rest = end..<rest.upperBound
            return bytes
        }

        /// The next piece; `nil` at the end.
        public mutating func next() async throws(BlobStoreError) -> ByteBuffer? {
            try await next(isolation: nil)
        }
    }
}
