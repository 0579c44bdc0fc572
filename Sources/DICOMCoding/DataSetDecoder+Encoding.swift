import DICOMCore

extension DataSetDecoder {
    /// Corrects VRs and byte order of the Data Set when the first element says so beyond doubt.
    ///
    /// Such files are common enough that other readers take them too. Command sets, group 0000, are never corrected.
    mutating func detectEncoding(_ head: ElementHead) {
        let order = head.inOtherOrder ?? head
        if head.vr != nil {
            // Read as a length, the letters would be above 16 KiB and nearly always odd or far beyond the next element.
            if hasImplicitVR { note(.explicitVRInsteadOfImplicit, tag: order.tag) }
            hasImplicitVR = false
        } else if !hasImplicitVR, order.beginsImplicitly {
            note(.implicitVRInsteadOfExplicit, tag: order.tag)
            hasImplicitVR = true
        }
        if order.isBigEndian != hasBigEndian {
            note(.wrongByteOrder, tag: order.tag)
            hasBigEndian = order.isBigEndian
        }
        isImplicitVR = hasImplicitVR
        isBigEndian = hasBigEndian
    }

    /// Corrects the encoding of an item when its first element says so beyond doubt.
    mutating func detectItemEncoding(_ head: ElementHead) {
        guard !levels.isEmpty, isImplicitVR ? isExplicit(head) : isImplicit(head) else { return }
        note(isImplicitVR ? .explicitVRItem : .implicitVRItem, tag: head.tag)
        isImplicitVR.toggle()
        levels[levels.count - 1].isImplicitVR = isImplicitVR
    }

    private func isExplicit(_ head: ElementHead) -> Bool {
        guard let vr = head.vr else { return false }
        // The letters are those of the dictionary, or make a length that cannot be.
        let end = input.position + 8 + UInt64(head.longLength)
        if bound != .max {
            // A length that fits may spell letters: 21,316 bytes are "DS".
            return end > bound || head.longLength % 2 == 1 && DataElementDictionary.vr(of: head.tag) == vr
        }
        return DataElementDictionary.vr(of: head.tag) == vr
    }

    private func isImplicit(_ head: ElementHead) -> Bool {
        guard head.vr == nil else { return false }
        let known = DataElementDictionary.vr(of: head.tag)
        if head.longLength == .max { return known == .sq || known == nil && head.tag.isPrivate }
        let end = input.position + 8 + UInt64(head.longLength)
        guard end <= bound, head.longLength <= UInt16.max else { return false }
        // Four zeros behind an unknown tag may as well be letters that are none.
        return known != nil || head.tag.isPrivate && head.longLength > 0
    }
}
