import NIOCore
import Platform

/// Small reads of a file that mostly go forwards, in pieces of 4 KiB.
struct PackWindow: Sendable {
    private static let pieceLength = 4_096

    let file: any DiskFile
    /// Bytes that may be looked at.
    let length: UInt64
    private var piece = ByteBuffer()
    private var pieceStart: UInt64 = 0

    init(file: any DiskFile, length: UInt64) {
        self.file = file
        self.length = length
    }

    /// `count` bytes from `offset` on; `nil` when the file ends before.
    mutating func bytes(at offset: UInt64, count: Int) throws(DiskError) -> ByteBuffer? {
        let (end, overflows) = offset.addingReportingOverflow(UInt64(count))
        guard !overflows, end <= length else { return nil }
        if offset < pieceStart || end > pieceStart + UInt64(piece.readableBytes) {
            piece = try file.read(at: offset, count: max(count, Self.pieceLength))
            pieceStart = offset
        }
        return piece.getSlice(at: piece.readerIndex + Int(offset - pieceStart), length: count)
    }
}
