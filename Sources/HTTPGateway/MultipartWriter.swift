import Hummingbird
import NIOCore
import Platform

/// The boundary of a multipart answer, with the bytes around its parts.
struct MultipartFrame: Sendable, Hashable {
    /// Random, so that no content can hold it but by chance of 2^-128.
    let boundary: String

    init(random: some RandomSource) {
        boundary = "cassette-" + random.bytes(16).map { Self.hexadecimal($0) }.joined()
    }

    /// The Content-Type of the whole.
    func contentType(type: String) -> String {
        "multipart/related; type=\"\(type)\"; boundary=\(boundary)"
    }

    /// What stands in front of a part.
    func head(contentType: String, location: String?, isFirst: Bool) -> ByteBuffer {
        var head = ByteBuffer()
        head.writeString(isFirst ? "--" : "\r\n--")
        head.writeString(boundary)
        head.writeString("\r\nContent-Type: ")
        head.writeString(contentType)
        if let location {
            head.writeString("\r\nContent-Location: ")
            head.writeString(location)
        }
        head.writeString("\r\n\r\n")
        return head
    }

    /// What stands behind the last part.
    var tail: ByteBuffer { ByteBuffer(string: "\r\n--" + boundary + "--\r\n") }

    private static func hexadecimal(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16)
        return byte < 16 ? "0" + digits : digits
    }
}

/// Gathers small buffers into writes of a useful size: each write is a system call and a packet.
struct BatchedWriter {
    private var writer: any ResponseBodyWriter
    private var pending: [ByteBuffer] = []
    private var pendingLength = 0
    private static let batchLength = 64 << 10
    /// What is read from storage comes in chunks of at most that length; only what was made is longer.
    private static let chunkLength = 1 << 20
    private static let pieceLength = 256 << 10

    init(_ writer: any ResponseBodyWriter) {
        self.writer = writer
    }

    /// Takes bytes; waits while the client does not take what was written.
    mutating func write(_ bytes: ByteBuffer) async throws {
        guard bytes.readableBytes <= Self.chunkLength else { return try await writePieces(of: bytes) }
        pending.append(bytes)
        pendingLength += bytes.readableBytes
        if pendingLength >= Self.batchLength { try await flush() }
    }

    /// Writes bytes piece by piece, so that they are on their way, and not only queued, when this returns: who made them
    /// gives their memory back then.
    private mutating func writePieces(of bytes: ByteBuffer) async throws {
        try await flush()
        var rest = bytes
        while let piece = rest.readSlice(length: min(Self.pieceLength, rest.readableBytes)), piece.readableBytes > 0 {
            try await writer.write(piece)
        }
    }

    /// Takes everything of a sequence.
    mutating func write<Bytes: AsyncSequence>(contentsOf bytes: Bytes) async throws where Bytes.Element == ByteBuffer {
        for try await chunk in bytes {
            try await write(chunk)
        }
    }

    /// Writes what is gathered and ends the body.
    mutating func finish() async throws {
        try await flush()
        try await writer.finish(nil)
    }

    /// Writes what is gathered.
    mutating func flush() async throws {
        guard !pending.isEmpty else { return }
        let batch = pending
        pending.removeAll(keepingCapacity: true)
        pendingLength = 0
        try await writer.write(contentsOf: batch)
    }
}
