import DICOMCore
import NIOCore

/// What the first element of a Data Set says about the Transfer Syntax when nothing else does.
enum TransferSyntaxGuess {
    /// The Transfer Syntax; uncompressed ones only.
    case found(TransferSyntax)
    /// The bytes are no element of a Data Set.
    case none
    /// So many bytes are needed.
    case needs(Int)

    /// A command set in front is some hundred bytes.
    private static let commandSetLimit: UInt32 = 4_096

    init(_ bytes: ByteBuffer) {
        let at = bytes.readerIndex
        // A command set in front is Implicit VR Little Endian whatever follows (PS3.7 6.3.1).
        if Self.integer(bytes, at, as: UInt32.self) == 0, Self.integer(bytes, at + 4, as: UInt32.self) == 4 {
            guard let length = Self.integer(bytes, at + 8, as: UInt32.self) else {
                self = .needs(12)
                return
            }
            guard length <= Self.commandSetLimit else {
                self = .none
                return
            }
            let first = 12 + Int(length)
            guard bytes.readableBytes >= first + 8, let rest = bytes.getSlice(at: at + first, length: 8) else {
                self = .needs(first + 8)
                return
            }
            self = Self.firstElement(rest).map { .found($0) } ?? .none
            return
        }
        self = Self.firstElement(bytes).map { .found($0) } ?? .none
    }

    private static func firstElement(_ bytes: ByteBuffer) -> TransferSyntax? {
        let at = bytes.readerIndex
        guard let group = integer(bytes, at, as: UInt16.self),
            let number = integer(bytes, at + 2, as: UInt16.self),
            let length = integer(bytes, at + 4, as: UInt32.self),
            let letters = integer(bytes, at + 4, as: UInt16.self)
        else { return nil }
        let little = Tag(group: group, element: number)
        let big = Tag(group: group.byteSwapped, element: number.byteSwapped)
        if let vr = VR(rawValue: letters.byteSwapped) {
            if isPlausible(little, vr) { return .explicitVRLittleEndian }
            return isLow(big) && isPlausible(big, vr) ? .explicitVRBigEndian : nil
        }
        if isPlausible(little, length: length) { return .implicitVRLittleEndian }
        // Implicit VR Big Endian was never a Transfer Syntax; the decoder sees by itself which order it is.
        return isLow(big) && isPlausible(big, length: length.byteSwapped) ? .implicitVRLittleEndian : nil
    }

    // A Data Set begins with a low group: 0008, seldom one of those below or 0010.
    private static func isLow(_ tag: Tag) -> Bool { (0x0004...0x0020).contains(tag.group) }

    // Any other element must be known.
    private static func isPlausible(_ tag: Tag, _ vr: VR) -> Bool {
        isLow(tag) || tag.group > 2 && DataElementDictionary.vr(of: tag) == vr
    }

    private static func isPlausible(_ tag: Tag, length: UInt32) -> Bool {
        guard tag.group > 2, !tag.isPrivate, let vr = DataElementDictionary.vr(of: tag) else { return false }
        // Every group has a length, so of that one the value must be as it should.
        if tag.isGroupLength { return tag.group <= 0x0020 && length == 4 }
        return length <= 1 << 16 || length == .max && vr == .sq
    }

    private static func integer<Word: FixedWidthInteger>(_ bytes: ByteBuffer, _ at: Int, as: Word.Type) -> Word? {
        guard at + MemoryLayout<Word>.size <= bytes.writerIndex else { return nil }
        return bytes.getInteger(at: at, endianness: .little)
    }
}
