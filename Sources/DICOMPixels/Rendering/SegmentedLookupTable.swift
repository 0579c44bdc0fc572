import DICOMCore
import NIOCore

/// Writes out a table that is kept in segments (PS3.3 C.7.9.2).
enum SegmentedLookupTable {
    /// A table has 65,536 entries at most, and a segment that adds none is good for nothing.
    private static let segmentLimit = 131_072

    /// The entries.
    ///
    /// - Parameters:
    ///   - count: how many the descriptor says.
    ///   - bits: of an entry; with 8 or fewer all fields of segments are bytes, otherwise words.
    /// - Throws: `.badAttribute` for an unknown segment, one that is cut off, a reference to nowhere or to a reference, and
    ///   fewer entries than `count`.
    static func entries(_ bytes: ByteBuffer, count: Int, bits: Int, tag: Tag) throws(PixelError) -> [UInt16] {
        var cursor = SegmentCursor(bytes, isWide: bits > 8, tag: tag)
        var entries: [UInt16] = []
        entries.reserveCapacity(count)
        var segments = 0
        while entries.count < count, !cursor.isAtEnd {
            segments += 1
            guard segments <= segmentLimit else { throw PixelError(.badAttribute, "too many segments", tag: tag) }
            let opcode = try cursor.next()
            guard opcode == 2 else {
                try append(opcode, &cursor, to: &entries, count: count)
                continue
            }
            let repeated = Int(try cursor.next())
            var target = cursor
            try target.move(to: try cursor.offset())
            for _ in 0..<repeated where entries.count < count {
                segments += 1
                guard segments <= segmentLimit else { throw PixelError(.badAttribute, "too many segments", tag: tag) }
                try append(try target.next(), &target, to: &entries, count: count)
            }
        }
        guard entries.count == count else {
            throw PixelError(.badAttribute, "segments make \(entries.count) entries of \(count)", tag: tag)
        }
        return entries
    }

    private static func append(
        _ opcode: UInt16,
        _ cursor: inout SegmentCursor,
        to entries: inout [UInt16],
        count: Int
    ) throws(PixelError) {
        let length = Int(try cursor.next())
        switch opcode {
        case 0:
            for _ in 0..<length {
                let entry = try cursor.next()
                if entries.count < count { entries.append(entry) }
            }
        case 1:
            let end = Int(try cursor.next())
            guard let start = entries.last.map(Int.init) else {
                throw PixelError(.badAttribute, "a linear segment in front", tag: cursor.tag)
            }
            // "The last value of the segment is the end value": the one before the first is the end of the former segment.
            for step in 1...max(1, length) where step <= length && entries.count < count {
                let doubled = 2 * (end - start) * step + (end >= start ? length : -length)
                entries.append(UInt16(clamping: start + doubled / (2 * length)))
            }
        default:
            throw PixelError(.badAttribute, "a segment of kind \(opcode)", tag: cursor.tag)
        }
    }
}

/// Reads the fields of segments.
private struct SegmentCursor {
    let tag: Tag
    private let isWide: Bool
    private let bytes: ByteBuffer
    private var rest: ByteBuffer

    init(_ bytes: ByteBuffer, isWide: Bool, tag: Tag) {
        self.tag = tag
        self.isWide = isWide
        self.bytes = bytes
        rest = bytes
    }

    // A byte of padding is no segment.
    var isAtEnd: Bool { rest.readableBytes < 2 }

    mutating func next() throws(PixelError) -> UInt16 {
        let field =
            isWide
            ? rest.readInteger(endianness: .little, as: UInt16.self)
            : rest.readInteger().map { (byte: UInt8) in UInt16(byte) }
        guard let field else { throw PixelError(.badAttribute, "a segment is cut off", tag: tag) }
        return field
    }

    /// The offset of an indirect segment, least significant part first, in bytes from the first segment.
    mutating func offset() throws(PixelError) -> Int {
        guard let offset = rest.readInteger(endianness: .little, as: UInt32.self) else {
            throw PixelError(.badAttribute, "a segment is cut off", tag: tag)
        }
        return Int(offset)
    }

    mutating func move(to offset: Int) throws(PixelError) {
        guard offset < bytes.readableBytes else {
            throw PixelError(.badAttribute, "a segment refers to nowhere", tag: tag)
        }
        rest = bytes
        rest.moveReaderIndex(forwardBy: offset)
    }
}
