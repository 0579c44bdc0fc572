import Crypto
public import NIOCore

/// A SHA-256 of bytes that come piece by piece.
public struct BlobDigest: Sendable {
    private var hash = SHA256()

    /// That of nothing at first.
    public init() {}

    /// That of the readable bytes of a buffer.
    public static func of(_ bytes: ByteBuffer) -> [UInt8] {
        var digest = BlobDigest()
        digest.update(bytes)
        return digest.value
    }

    /// Adds the readable bytes of a buffer.
    public mutating func update(_ buffer: ByteBuffer) {
        // The bytes live for the call, and the hash keeps none of them.
        unsafe buffer.withUnsafeReadableBytes { unsafe hash.update(bufferPointer: $0) }
    }

    /// The 32 bytes of the digest of everything added so far.
    public var value: [UInt8] { Array(hash.finalize()) }
}
