import DICOMCore
import NIOCore

/// What private elements are where the encoding does not say it: the dictionary of their creator knows many.
extension DataSetDecoder {
    /// Takes note of who has reserved a block.
    mutating func reserve(_ tag: Tag, _ value: ByteBuffer) {
        let creator = DataElement(tag: tag, vr: .lo, value: .bytes(value))
        privateBlocks.reserve(tag, for: creator.strings(.ascii).first ?? "")
    }

    /// The VR of a private element without one; `nil` when more bytes are needed to tell.
    ///
    /// A sequence is believed when its value begins like one.
    func implicitPrivateVR(of tag: Tag, length: UInt32) -> VR? {
        if let vr = DataElementDictionary.vr(of: tag) { return vr }
        guard let vr = privateBlocks.vr(of: tag) else { return .un }
        guard vr == .sq else { return fits(vr, length) ? vr : .un }
        guard length != Self.undefinedLength, length > 0 else { return .sq }
        guard length >= 8 else { return .un }
        guard input.readableBytes >= 16 else { return nil }
        let group = input.peek(8, isBigEndian: isBigEndian, as: UInt16.self)
        let element = input.peek(10, isBigEndian: isBigEndian, as: UInt16.self)
        return Tag(group: group, element: element) == .item ? .sq : .un
    }

    /// What UN stands for where the creator of a private element is known.
    ///
    /// A sequence stays UN, as one of the standard does.
    func knownPrivateVR(of tag: Tag, length: UInt32) -> VR {
        guard !isBigEndian, let vr = DataElementDictionary.vr(of: tag) ?? privateBlocks.vr(of: tag), vr != .sq else {
            return .un
        }
        return fits(vr, length) ? vr : .un
    }

    /// Whether a value of this length can be one of the VR; what others have found out of private elements may be wrong.
    ///
    /// What is too long for the length field of its VR is UN in Explicit VR, too (PS3.5 6.2.2).
    private func fits(_ vr: VR, _ length: UInt32) -> Bool {
        guard vr.hasLongLength || length <= 0xFFFE else { return false }
        return length != Self.undefinedLength && Int(length) % (vr == .at ? 4 : vr.wordLength) == 0
    }
}
