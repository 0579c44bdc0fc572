import NIOCore
import Platform

/// The lines of a file, read piece by piece; ends are CR LF or LF.
struct TextLines: Sendable {
    /// A longer line is none of ours.
    private let lengthLimit: Int
    private let file: any DiskFile
    private let pool: WorkPool
    private let end: UInt64
    private var position: UInt64
    private var gathered = ByteBuffer()
    private var isAtEnd = false

    /// - Parameters:
    ///   - range: Bytes of the file; whole lines.
    ///   - lengthLimit: Bytes of a line.
    init(
        _ file: any DiskFile,
        pool: WorkPool,
        range: Range<UInt64> = 0..<UInt64.max,
        lengthLimit: Int = 1 << 16
    ) {
        self.lengthLimit = lengthLimit
        self.file = file
        self.pool = pool
        position = range.lowerBound
        end = range.upperBound
    }

    /// The next line without its end; `nil` at the end.
    mutating func next() async throws -> String? {
        while true {
            if let newline = gathered.readableBytesView.firstIndex(of: 0x0A) {
                let length = newline - gathered.readerIndex
                var line = gathered.readString(length: length) ?? ""
                gathered.moveReaderIndex(forwardBy: 1)
                // CR LF is one character of Swift; after the cut CR stands alone.
                if line.utf8.last == 0x0D { line = String(decoding: line.utf8.dropLast(), as: UTF8.self) }
                return line
            }
            guard !isAtEnd else {
                guard gathered.readableBytes > 0 else { return nil }
                return gathered.readString(length: gathered.readableBytes)
            }
            guard gathered.readableBytes <= lengthLimit else {
                throw ExportError(.damaged, "A list of an export holds a line that is too long")
            }
            gathered.discardReadBytes()
            let start = position
            let count = Int(clamping: min(64 << 10, end - start))
            let (file, pool) = (file, pool)
            let piece = try await pool.run { try file.read(at: start, count: count) }
            position += UInt64(piece.readableBytes)
            isAtEnd = piece.readableBytes < count || position >= end
            gathered.writeImmutableBuffer(piece)
        }
    }
}
