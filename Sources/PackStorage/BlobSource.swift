import Crypto
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
        var hash = SHA256()
        hash.update(bytes)
        self.init(length: UInt64(bytes.readableBytes), sha256: Array(hash.finalize())) {
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
        var hash = SHA256()
        var iterator = chunks(range).makeAsyncIterator()
        while let bytes = try await iterator.next(isolation: nil) { hash.update(bytes) }
        return Array(hash.finalize())
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

extension SHA256 {
    /// Adds the readable bytes of a buffer.
    mutating func update(_ buffer: ByteBuffer) {
        // The bytes live for the call, and the hash keeps none of them.
        unsafe buffer.withUnsafeReadableBytes { unsafe update(bufferPointer: $0) }
    }
}
