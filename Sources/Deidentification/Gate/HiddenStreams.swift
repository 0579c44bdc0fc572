import DICOMCoding
import NIOCore

/// Finds compressed streams inside of a value and inflates them: those of PDF documents, gzip and ZIP.
///
/// Each place that may be the beginning of one is tried; what is none ends after a few bytes. Streams inside of streams are
/// not looked into.
struct HiddenStreams: Sendable {
    /// A stream that is being inflated.
    struct Stream: Sendable {
        var inflater: Inflater
        var search = ByteSearch()
    }

    private(set) var active: [Stream] = []
    /// The last bytes of the piece before, so that a beginning is seen that two pieces share.
    private var carried = ByteBuffer()

    /// Streams at once; of a document there is one.
    private static let limit = 16
    private static let lengthLimit: UInt64 = 256 << 20
    /// The highest that deflate reaches.
    private static let ratioLimit: UInt64 = 1_100
    private static let carriedLength = 96

    /// Takes the next piece of a value.
    mutating func scan(_ piece: ByteBuffer, _ table: BytePatternTable, _ ended: (ByteSearch) -> Void) {
        var index = 0
        while index < active.count {
            if Self.feed(&active[index], piece, table) {
                index += 1
            } else {
                ended(active.remove(at: index).search)
            }
        }
        begin(in: piece, table, ended)
    }

    /// Tells that the value ends.
    mutating func finish(_ ended: (ByteSearch) -> Void) {
        for stream in active { ended(stream.search) }
        active = []
        carried = ByteBuffer()
    }

    private mutating func begin(in piece: ByteBuffer, _ table: BytePatternTable, _ ended: (ByteSearch) -> Void) {
        var bytes = carried
        let known = bytes.readableBytes
        bytes.writeImmutableBuffer(piece)
        let view = bytes.readableBytesView
        var place = 0
        for byte in view {
            defer { place += 1 }
            guard byte == 0x78 || byte == 0x1F || byte == 0x50, let length = Self.headerLength(bytes, place) else {
                continue
            }
            let start = place + length
            // What the piece before held whole was tried with it.
            guard start <= view.count, start > known || known == 0,
                let rest = bytes.getSlice(at: bytes.readerIndex + start, length: view.count - start)
            else { continue }
            var stream = Stream(
                inflater: Inflater(lengthLimit: Self.lengthLimit, ratioLimit: Self.ratioLimit)
            )
            if Self.feed(&stream, rest, table), active.count < Self.limit {
                active.append(stream)
            } else {
                ended(stream.search)
            }
        }
        carried = ByteBuffer(bytes: view.suffix(Self.carriedLength))
    }

    /// Bytes in front of raw deflate when a stream of zlib, gzip or ZIP begins there.
    private static func headerLength(_ bytes: ByteBuffer, _ place: Int) -> Int? {
        let at = bytes.readerIndex + place
        switch bytes.getInteger(at: at, as: UInt16.self) {
        case .some(let word) where word >> 8 == 0x78:
            return word % 31 == 0 && word & 0x20 == 0 ? 2 : nil
        case 0x1F8B:
            guard bytes.getInteger(at: at + 2, as: UInt8.self) == 8,
                let flags = bytes.getInteger(at: at + 3, as: UInt8.self), flags & ~0x08 == 0
            else { return nil }
            guard flags != 0 else { return 10 }
            // The name of the file, which ends with a zero.
            var length = 10
            while let byte = bytes.getInteger(at: at + length, as: UInt8.self), length < carriedLength {
                length += 1
                if byte == 0 { return length }
            }
            return nil
        case 0x504B:
            guard bytes.getInteger(at: at + 2, as: UInt16.self) == 0x0304,
                bytes.getInteger(at: at + 8, endianness: .little, as: UInt16.self) == 8,
                let name = bytes.getInteger(at: at + 26, endianness: .little, as: UInt16.self),
                let extra = bytes.getInteger(at: at + 28, endianness: .little, as: UInt16.self)
            else { return nil }
            return 30 + Int(name) + Int(extra)
        default: return nil
        }
    }

    /// Inflates what can be; `false` when the stream has ended or is none.
    private static func feed(_ stream: inout Stream, _ piece: ByteBuffer, _ table: BytePatternTable) -> Bool {
        stream.inflater.append(piece)
        do {
            while let plain = try stream.inflater.next() { stream.search.scan(plain, table) }
        } catch {
            return false
        }
        return !stream.inflater.isEnded
    }
}
