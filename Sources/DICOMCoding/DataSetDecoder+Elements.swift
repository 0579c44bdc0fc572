import DICOMCore
import NIOCore

extension DataSetDecoder {
    static var undefinedLength: UInt32 { .max }

    private var head: ElementHead { ElementHead(word: input.peekWord(), isBigEndian: isBigEndian) }

    /// Reads the first element of an item, which tells how the item is encoded.
    mutating func readFirstElement() throws(DataSetError) -> DataSetToken? {
        if bound == .max || bound - input.position >= 8 {
            guard input.readableBytes >= 8 else { return nil }
            let head = head
            if head.tag.group != 0xFFFE { detectItemEncoding(head) }
        }
        state = .elements
        return try readElement()
    }

    /// Reads the header of an element and what can be told of its value, or the delimiter of an item.
    mutating func readElement() throws(DataSetError) -> DataSetToken? {
        guard bound == .max || bound - input.position >= 8 else { return try endShortItem() }
        guard input.readableBytes >= 8 else { return nil }
        var head = head
        if head.tag.group == 0xFFFE { return try readItemDelimiter(head) }
        if levels.isEmpty {
            if head.tag.rawValue == 0, elementCount > 0 {
                note(.trailingZeros)
                state = .padding
                repeats = true
                return nil
            }
            if !hasElements, head.tag.group > 0 {
                if elementCount > 0 { note(.commandSet) }
                detectEncoding(head)
                head = self.head
                hasElements = true
            }
            if let group, group.tag.group != head.tag.group { endGroup(group) }
        }
        let tag = head.tag
        guard let (header, headerLength) = try readHeader(head) else { return nil }
        elementCount += 1
        guard elementCount <= limits.elementCount else { throw error(.tooManyElements, tag: tag) }
        if tag <= lastTag, lastTag.rawValue > 0 {
            note(tag == lastTag ? .duplicateTag : .unorderedTag, tag: tag)
        }
        lastTag = tag
        if bound != .max, bound - input.position < UInt64(headerLength) {
            try reachBeyondParent(input.position + UInt64(headerLength), tag: tag)
        }
        guard let length = header.length else {
            return try beginUndefinedLength(header, headerLength: headerLength)
        }
        return try beginValue(header, headerLength: headerLength, length: length)
    }

    /// Begins a value whose length is known, after checking the length against all limits.
    private mutating func beginValue(
        _ header: ElementHeader,
        headerLength: Int,
        length: UInt32
    ) throws(DataSetError) -> DataSetToken? {
        let end = header.valueOffset + UInt64(length)
        if end > bound { try reachBeyondParent(end, tag: header.tag) }
        guard end <= max(limits.instanceLength, limits.inflatedLength) else {
            throw error(.instanceTooLong, tag: header.tag)
        }
        if length & 1 == 1 { note(.oddLength, tag: header.tag) }
        if header.vr == .sq {
            return try beginSequence(header, headerLength: headerLength, end: end, isImplicitVR: isImplicitVR)
        }
        if header.vr == .un, mayBeSequence(header, length: length) {
            return try readUnknownSequence(header, headerLength: headerLength)
        }
        return try beginValue(header, headerLength: headerLength, checkedLength: length)
    }

    private mutating func beginValue(
        _ header: ElementHeader,
        headerLength: Int,
        checkedLength length: UInt32
    ) throws(DataSetError) -> DataSetToken? {
        if thresholds.isBulk(header.tag, header.vr, length: length) {
            input.skip(headerLength)
            state = .bulk(UInt64(length))
            return .beginBulk(header)
        }
        guard length <= limits.valueLength else { throw error(.lengthExceedsLimit, tag: header.tag) }
        self.headerLength += Int(length)
        guard self.headerLength <= limits.headerLength else { throw error(.tooMuchText, tag: header.tag) }
        input.skip(headerLength)
        if let token = readValue(header, length: Int(length)) { return token }
        state = .value(header, Int(length))
        return nil
    }

    /// Whether UN stands for a sequence of the dictionary, which is encoded without VRs then (PS3.5 6.2.2).
    private func mayBeSequence(_ header: ElementHeader, length: UInt32) -> Bool {
        !keepsUnknown && !isImplicitVR && length >= 8 && length <= limits.valueLength
            && DataElementDictionary.vr(of: header.tag) == .sq
    }

    /// Begins the sequence that stands in UN of a known length if all of it has come and is one; otherwise it is a value.
    mutating func readUnknownSequence(
        _ header: ElementHeader,
        headerLength: Int
    ) throws(DataSetError) -> DataSetToken? {
        let length = header.length ?? 0
        guard let value = input.peekSlice(headerLength, count: Int(length)) else {
            state = .unknownSequence(header, headerLength)
            return nil
        }
        state = .elements
        guard isSequence(value) else {
            return try beginValue(header, headerLength: headerLength, checkedLength: length)
        }
        note(.unknownForKnownElement, tag: header.tag)
        let end = header.valueOffset + UInt64(length)
        let known = ElementHeader(
            tag: header.tag,
            vr: .sq,
            offset: header.offset,
            valueOffset: header.valueOffset,
            length: header.length,
            isBigEndian: false
        )
        return try beginSequence(known, headerLength: headerLength, end: end, isImplicitVR: true)
    }

    /// Whether the bytes are items without VRs, all of them.
    private func isSequence(_ value: ByteBuffer) -> Bool {
        var probe = DataSetDecoder(
            transferSyntax: .implicitVRLittleEndian,
            limits: limits,
            thresholds: thresholds
        )
        let end = UInt64(value.readableBytes)
        probe.push(
            Level(
                tag: Tag(rawValue: 0),
                isItem: false,
                end: end,
                bound: end,
                isImplicitVR: true,
                isBigEndian: false,
                outerTag: Tag(rawValue: 0),
                outerBlocks: PrivateBlocks()
            )
        )
        probe.state = .items
        // No probe inside a probe: each byte is looked at once for each sequence around it, and no more.
        probe.keepsUnknown = true
        probe.append(value)
        do throws(DataSetError) {
            while try probe.next() != nil {}
        } catch {
            return false
        }
        return probe.levels.isEmpty && probe.input.readableBytes == 0
    }

    private mutating func beginUndefinedLength(
        _ header: ElementHeader,
        headerLength: Int
    ) throws(DataSetError) -> DataSetToken? {
        if header.tag.rawValue == 0x7FE0_0010 {
            if !isEncapsulated { note(.fragmentsInNativeTransferSyntax, tag: header.tag) }
            input.skip(headerLength)
            state = .fragments
            return .beginFragments(header)
        }
        switch header.vr {
        case .sq:
            return try beginSequence(header, headerLength: headerLength, end: nil, isImplicitVR: isImplicitVR)
        case .un:
            // "…shall be encoded as Implicit VR Little Endian" (PS3.5 6.2.2, note 4 and 7.5.1).
            return try beginSequence(header, headerLength: headerLength, end: nil, isImplicitVR: true)
        case .lo where isImplicitVR && header.tag.isPrivateCreator:
            // A sequence in the place of a creator's name, as private elements of groups that must not have any (0007)
            // are; with VRs it was read, without them the missing length alone tells.
            note(.undefinedLength, tag: header.tag)
            let sequence = ElementHeader(
                tag: header.tag,
                vr: .sq,
                offset: header.offset,
                valueOffset: header.valueOffset,
                length: nil,
                isBigEndian: header.isBigEndian
            )
            return try beginSequence(sequence, headerLength: headerLength, end: nil, isImplicitVR: true)
        default:
            guard tolerance == .salvage else { throw error(.undefinedLengthNotAllowed, tag: header.tag) }
            note(.undefinedLength, tag: header.tag)
            input.skip(headerLength)
            state = .fragments
            return .beginFragments(header)
        }
    }

    private mutating func beginSequence(
        _ header: ElementHeader,
        headerLength: Int,
        end: UInt64?,
        isImplicitVR: Bool
    ) throws(DataSetError) -> DataSetToken {
        // Levels alternate: sequence, item, sequence …
        guard levels.count / 2 < limits.depth else { throw error(.nestedTooDeep) }
        let level = Level(
            tag: header.tag,
            isItem: false,
            end: end,
            bound: end ?? bound,
            isImplicitVR: isImplicitVR,
            isBigEndian: isBigEndian && !(isImplicitVR && !self.isImplicitVR),
            outerTag: lastTag,
            outerBlocks: privateBlocks
        )
        input.skip(headerLength)
        push(level)
        state = .items
        return .beginSequence(header)
    }

    /// Reads a value that is kept in memory; `nil` until all of it has come.
    mutating func readValue(_ header: ElementHeader, length: Int) -> DataSetToken? {
        guard let value = input.take(length) else { return nil }
        state = .elements
        let bytes = isBigEndian ? Self.swapped(value, wordLength: header.vr.wordLength) : value
        if header.tag.isPrivateCreator { reserve(header.tag, bytes) }
        switch header.tag.rawValue {
        case 0x0028_0103:
            hasSignedPixels = bytes.getInteger(at: bytes.readerIndex, endianness: .little, as: UInt16.self) == 1
        case 0x0008_0010 where levels.isEmpty:
            if length > 0 { note(.recognitionCode, tag: header.tag) }
        case let number where number & 0xFFFF == 0 && levels.isEmpty && number > 0:
            let declared = bytes.getInteger(at: bytes.readerIndex, endianness: .little, as: UInt32.self)
            group = declared.map { Group(tag: header.tag, offset: header.offset, end: input.position + UInt64($0)) }
        default: break
        }
        return .element(header, bytes)
    }

    /// Compares a Group Length with where its group ends: here.
    mutating func endGroup(_ group: Group) {
        self.group = nil
        guard group.end != input.position else { return }
        quirkCount += 1
        guard quirks.count < limits.quirkCount else { return }
        quirks.append(Quirk(.wrongGroupLength, at: group.offset, path: [group.tag]))
    }

    /// The bytes with each word of so many bytes reversed; a rest stays as it is.
    static func swapped(_ bytes: ByteBuffer, wordLength: Int) -> ByteBuffer {
        var swapped = bytes
        swapped.swapWords(of: wordLength)
        return swapped
    }

    /// The header that begins here, without moving; `nil` until all of it has come.
    private mutating func readHeader(_ head: ElementHead) throws(DataSetError) -> (ElementHeader, Int)? {
        let tag = head.tag
        if isImplicitVR {
            guard !tag.isPrivate else {
                guard let vr = implicitPrivateVR(of: tag, length: head.longLength) else { return nil }
                return (header(tag, vr, length: head.longLength, headerLength: 8), 8)
            }
            return (header(tag, implicitVR(of: tag), length: head.longLength, headerLength: 8), 8)
        }
        let vr = head.vr
        if let vr, !vr.hasLongLength {
            return (header(tag, vr, length: head.shortLength, headerLength: 8), 8)
        }
        if vr == nil, tag.group == 0, levels.isEmpty {
            // A command set has no VRs whatever follows (PS3.7 6.3.1).
            return (header(tag, implicitVR(of: tag), length: head.longLength, headerLength: 8), 8)
        }
        guard input.readableBytes >= 12 else { return nil }
        let length = input.peek(8, isBigEndian: isBigEndian, as: UInt32.self)
        guard let vr else { return try readUnknownHeader(head, length: length) }
        guard vr == .un, length != Self.undefinedLength else {
            return (header(tag, vr, length: length, headerLength: 12), 12)
        }
        if tag.isPrivate {
            let vr = keepsUnknown ? .un : knownPrivateVR(of: tag, length: length)
            return (header(tag, vr, length: length, headerLength: 12), 12)
        }
        let known = knownVR(of: tag)
        if known != .un { note(.unknownForKnownElement, tag: tag) }
        return (header(tag, keepsUnknown ? .un : known, length: length, headerLength: 12), 12)
    }

    /// The header of an element whose letters are no Value Representation.
    private mutating func readUnknownHeader(
        _ head: ElementHead,
        length: UInt32
    ) throws(DataSetError) -> (ElementHeader, Int) {
        let tag = head.tag
        let room = bound - min(input.position, bound)
        if tolerance == .salvage, !head.hasCapitals, DataElementDictionary.vr(of: tag) != nil,
            UInt64(head.longLength) + 8 <= room, head.longLength <= limits.valueLength
        {
            note(.implicitVRItem, tag: tag)
            return (header(tag, implicitVR(of: tag), length: head.longLength, headerLength: 8), 8)
        }
        // New VRs have a 32-bit length behind two reserved bytes (PS3.5 6.2.2 note 5); garbage seldom looks like that.
        if head.reserved == 0, length <= limits.valueLength, UInt64(length) + 12 <= room {
            note(.unknownVR, tag: tag)
            return (header(tag, .un, length: length, headerLength: 12), 12)
        }
        guard tolerance == .salvage, head.hasCapitals, UInt64(head.shortLength) + 8 <= room else {
            throw error(.unknownValueRepresentation, tag: tag)
        }
        note(.unknownVR, tag: tag)
        return (header(tag, .un, length: head.shortLength, headerLength: 8), 8)
    }

    private func header(_ tag: Tag, _ vr: VR, length: UInt32, headerLength: UInt64) -> ElementHeader {
        ElementHeader(
            tag: tag,
            vr: vr,
            offset: input.position,
            valueOffset: input.position + headerLength,
            length: length == Self.undefinedLength ? nil : length,
            isBigEndian: isBigEndian
        )
    }

    private func implicitVR(of tag: Tag) -> VR {
        if hasSignedPixels, DataElementDictionary.dependsOnPixelRepresentation(tag) { return .ss }
        return DataElementDictionary.vr(of: tag) ?? .un
    }

    /// What UN stands for where the sender did not know an element that the dictionary knows (PS3.5 6.2.2 note 1).
    ///
    /// A sequence is UN until its bytes have shown that they are items.
    private func knownVR(of tag: Tag) -> VR {
        guard !isBigEndian else { return .un }
        let vr = implicitVR(of: tag)
        return vr == .sq ? .un : vr
    }
}
