public import NIOCore
import PackStorage
public import Platform

/// Bytes that leave: how many, their digests, and how they are had, as often as it takes.
public struct ExportContent: Sendable {
    /// Takes one piece after the other.
    public typealias Taker = (ByteBuffer) async throws -> Void

    /// Bytes in all.
    public let length: UInt64
    /// Their SHA-256.
    public let sha256: [UInt8]
    /// Their CRC-32 as in ZIP.
    public let crc32: UInt32
    /// All of them, where they are few enough to be kept.
    public let bytes: ByteBuffer?
    private let write: @Sendable (Taker) async throws -> Void

    init(
        _ digest: ContentDigest,
        bytes: ByteBuffer?,
        write: @escaping @Sendable (Taker) async throws -> Void
    ) {
        length = digest.length
        sha256 = digest.sha256
        crc32 = digest.crc32
        self.bytes = bytes
        self.write = write
    }

    /// Bytes in memory.
    public init(_ bytes: ByteBuffer) {
        var digest = ContentDigest()
        digest.update(bytes)
        self.init(digest, bytes: bytes) { take in try await take(bytes) }
    }

    /// A file that does not change; it is read once for its digests.
    public init(_ file: any DiskFile, pool: WorkPool) async throws {
        let write: @Sendable (Taker) async throws -> Void = { take in
            var position: UInt64 = 0
            while true {
                let start = position
                let piece = try await pool.run { try file.read(at: start, count: 256 << 10) }
                guard piece.readableBytes > 0 else { return }
                position += UInt64(piece.readableBytes)
                try await take(piece)
            }
        }
        var digest = ContentDigest()
        try await write { digest.update($0) }
        self.init(digest, bytes: nil, write: write)
    }

    /// Passes all bytes on.
    ///
    /// - Throws: `.damaged` at the end when they are not those that the digests are of: then nothing of them may stay.
    public func forEachPiece(_ take: Taker) async throws {
        if let bytes { return try await take(bytes) }
        var digest = ContentDigest()
        try await write { piece in
            digest.update(piece)
            try await take(piece)
        }
        guard digest.sha256 == sha256, digest.length == length else {
            throw ExportError(.damaged, "An object that was made twice was not the same the second time")
        }
    }
}

/// Length and digests of bytes that come piece by piece.
struct ContentDigest: Sendable {
    private(set) var length: UInt64 = 0
    private var hash = BlobDigest()
    private(set) var crc32: UInt32 = 0

    mutating func update(_ bytes: ByteBuffer) {
        length += UInt64(bytes.readableBytes)
        hash.update(bytes)
        crc32 = CRC32.update(crc32, bytes)
    }

    var sha256: [UInt8] { hash.value }
}
