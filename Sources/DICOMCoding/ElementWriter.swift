import DICOMCore
import NIOCore

/// Writes elements one after the other in one encoding: headers, values, delimiters.
struct ElementWriter: Sendable {
    /// How elements are written.
    struct Encoding: Sendable, Hashable {
        let isImplicitVR: Bool
        let isBigEndian: Bool

        /// What UN of undefined length holds, whatever is around it (PS3.5 6.2.2).
        static let insideUnknown = Encoding(isImplicitVR: true, isBigEndian: false)
    }

    var encoding: Encoding
    var bytes = ByteBuffer()

    init(_ transferSyntax: TransferSyntax) {
        encoding = Encoding(isImplicitVR: transferSyntax.isImplicitVR, isBigEndian: transferSyntax.isBigEndian)
    }

    private var endianness: Endianness { encoding.isBigEndian ? .big : .little }

    /// The Value Representation that is written: UN where the length field of `vr` is too short (PS3.5 6.2.2).
    func written(_ vr: VR, length: UInt32) -> VR {
        encoding.isImplicitVR || vr.hasLongLength || length <= UInt16.max ? vr : .un
    }

    /// Writes an element whose value is in memory with little-endian numbers; pads it to even length.
    mutating func write(_ tag: Tag, _ vr: VR, _ value: ByteBuffer) {
        let isOdd = value.readableBytes % 2 == 1
        let length = UInt32(value.readableBytes + (isOdd ? 1 : 0))
        let written = written(vr, length: length)
        writeHeader(tag, written, length: length)
        let start = bytes.writerIndex
        bytes.writeImmutableBuffer(value)
        if isOdd { bytes.writeInteger(vr.padding) }
        // Words are swapped with the padding, which is part of the last one.
        if encoding.isBigEndian { bytes.swapWords(of: written.wordLength, from: start) }
    }

    mutating func writeHeader(_ tag: Tag, _ vr: VR, length: UInt32) {
        writeTag(tag)
        if encoding.isImplicitVR {
            bytes.writeInteger(length, endianness: endianness)
            return
        }
        bytes.writeInteger(vr.rawValue, endianness: .big)
        if vr.hasLongLength {
            bytes.writeInteger(0 as UInt16)
            bytes.writeInteger(length, endianness: endianness)
        } else {
            bytes.writeInteger(UInt16(truncatingIfNeeded: length), endianness: endianness)
        }
    }

    /// Writes an item or delimiter.
    mutating func writeMarker(_ tag: Tag, length: UInt32) {
        writeTag(tag)
        bytes.writeInteger(length, endianness: endianness)
    }

    /// Tells the length of all that stands behind a length field.
    mutating func setLength(before start: Int) {
        bytes.setInteger(UInt32(bytes.writerIndex - start), at: start - 4, endianness: endianness)
    }

    private mutating func writeTag(_ tag: Tag) {
        bytes.writeInteger(tag.group, endianness: endianness)
        bytes.writeInteger(tag.element, endianness: endianness)
    }
}
