import DICOMCore

/// The first eight bytes of an element in either byte order: tag, and letters with a short length or a long one.
struct ElementHead: Sendable {
    /// The bytes as one little-endian number.
    let word: UInt64
    let isBigEndian: Bool

    var tag: Tag {
        let low = UInt16(truncatingIfNeeded: word)
        let high = UInt16(truncatingIfNeeded: word >> 16)
        return isBigEndian
            ? Tag(group: low.byteSwapped, element: high.byteSwapped) : Tag(group: low, element: high)
    }

    /// What stands where Explicit VR has the letters, the first in the high byte.
    var letters: UInt16 { UInt16(truncatingIfNeeded: word >> 32).byteSwapped }

    /// The Value Representation, where one is encoded; `nil` for letters that are none.
    var vr: VR? { VR(rawValue: letters) }

    var hasCapitals: Bool {
        (0x41...0x5A).contains(letters >> 8) && (0x41...0x5A).contains(letters & 0xFF)
    }

    var shortLength: UInt32 {
        let length = UInt16(truncatingIfNeeded: word >> 48)
        return UInt32(isBigEndian ? length.byteSwapped : length)
    }

    /// What stands between the letters and a long length.
    var reserved: UInt16 { UInt16(truncatingIfNeeded: word >> 48) }

    var longLength: UInt32 {
        let length = UInt32(truncatingIfNeeded: word >> 32)
        return isBigEndian ? length.byteSwapped : length
    }

    /// The same bytes in the other order.
    private var swapped: ElementHead { ElementHead(word: word, isBigEndian: !isBigEndian) }

    /// The same bytes in the other order if the first element of a Data Set makes sense in that order only.
    var inOtherOrder: ElementHead? {
        let other = swapped
        guard (0x0004...0x0020).contains(other.tag.group), tag.group > 0x0020 else { return nil }
        // A print session begins with group 2000, which is 0020 in the other order.
        guard !beginsExplicitly, !beginsImplicitly else { return nil }
        return vr == nil ? (other.beginsImplicitly ? other : nil) : other.beginsExplicitly ? other : nil
    }

    /// Whether it looks like the first element of a Data Set with VRs.
    var beginsExplicitly: Bool {
        guard let vr else { return false }
        return (0x0004...0x0020).contains(tag.group) || tag.group > 2 && DataElementDictionary.vr(of: tag) == vr
    }

    /// Whether it looks like the first element of a Data Set without VRs.
    var beginsImplicitly: Bool {
        guard vr == nil, tag.group > 2, let known = DataElementDictionary.vr(of: tag) else { return false }
        // Every group has a length, so of that one the value must be as it should.
        if tag.isGroupLength { return longLength == 4 }
        return longLength <= UInt16.max || known == .sq && longLength == .max
    }
}
