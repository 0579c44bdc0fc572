import DICOMCore
import NIOCore

extension DataSetDecoder {
    private static let undefinedLength: UInt32 = 0xFFFF_FFFF

    private func peekTag() -> Tag {
        Tag(
            group: input.peek(0, isBigEndian: isBigEndian, as: UInt16.self),
            element: input.peek(2, isBigEndian: isBigEndian, as: UInt16.self)
        )
    }

    /// Reads the header of an element and what can be told of its value, or the delimiter of an item.
    mutating func readElement() throws(DataSetError) -> DataSetToken? {
        guard bound == .max || bound - input.position >= 8 else { throw error(.lengthExceedsParent) }
        guard input.readableBytes >= 8 else { return nil }
        let tag = peekTag()
        if tag.group == 0xFFFE { return try readItemDelimiter(tag) }
        if levels.isEmpty {
            if tag.rawValue == 0, hasElements {
                state = .padding
                return nil
            }
            if !hasElements, elementCount == 0 { detectEncoding(tag) }
            hasElements = hasElements || tag.rawValue > 0
        }
        guard let (header, headerLength) = try readHeader(tag) else { return nil }
        elementCount += 1
        guard elementCount <= limits.elementCount else { throw error(.tooManyElements, tag: tag) }
        guard bound == .max || bound - input.position >= UInt64(headerLength) else {
            throw error(.lengthExceedsParent, tag: tag)
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
        guard end <= bound else { throw error(.lengthExceedsParent, tag: header.tag) }
        guard end <= max(limits.instanceLength, limits.inflatedLength) else {
            throw error(.instanceTooLong, tag: header.tag)
        }
        if header.vr == .sq {
            return try beginSequence(header, headerLength: headerLength, end: end, isImplicitVR: isImplicitVR)
        }
        if thresholds.isBulk(header.tag, header.vr, length: length) {
            input.skip(headerLength)
            state = .bulk(UInt64(length))
            return .beginBulk(header)
        }
        guard length <= limits.valueLength else { throw error(.lengthExceedsLimit, tag: header.tag) }
        self.headerLength += Int(length)
        guard self.headerLength <= limits.headerLength else { throw error(.tooMuchText, tag: header.tag) }
        input.skip(headerLength)
        state = .value(header, Int(length))
        return readValue(header, length: Int(length))
    }

    private mutating func beginUndefinedLength(
        _ header: ElementHeader,
        headerLength: Int
    ) throws(DataSetError) -> DataSetToken? {
        if header.tag.rawValue == 0x7FE0_0010 {
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
        default:
            throw error(.undefinedLengthNotAllowed, tag: header.tag)
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
            isBigEndian: isBigEndian && !(isImplicitVR && !self.isImplicitVR)
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
        if header.tag.rawValue == 0x0028_0103 {
            hasSignedPixels = bytes.getInteger(at: bytes.readerIndex, endianness: .little, as: UInt16.self) == 1
        }
        return .element(header, bytes)
    }

    private static func swapped(_ bytes: ByteBuffer, wordLength: Int) -> ByteBuffer {
        guard wordLength > 1 else { return bytes }
        var source = bytes
        var swapped = ByteBufferAllocator().buffer(capacity: bytes.readableBytes)
        while let word = source.readBytes(length: wordLength) {
            swapped.writeBytes(word.reversed())
        }
        swapped.writeImmutableBuffer(source)
        return swapped
    }

    private mutating func readItemDelimiter(_ tag: Tag) throws(DataSetError) -> DataSetToken? {
        guard tag == .itemDelimitationItem, let level = levels.last, level.end == nil else {
            throw error(.unexpectedDelimiter, tag: tag)
        }
        input.skip(8)
        pop()
        state = .items
        return .endItem
    }

    /// Reads the header of an item, or the delimiter of the sequence.
    mutating func readItem() throws(DataSetError) -> DataSetToken? {
        guard let sequence = levels.last else { throw error(.unexpectedDelimiter) }
        guard sequence.bound == .max || sequence.bound - input.position >= 8 else {
            throw error(.lengthExceedsParent)
        }
        guard input.readableBytes >= 8 else { return nil }
        let tag = peekTag()
        let length = input.peek(4, isBigEndian: isBigEndian, as: UInt32.self)
        if tag == .sequenceDelimitationItem, sequence.end == nil {
            input.skip(8)
            pop()
            state = .elements
            return .endSequence
        }
        guard tag == .item else { throw error(.unexpectedDelimiter, tag: tag) }
        elementCount += 1
        guard elementCount <= limits.elementCount else { throw error(.tooManyElements) }
        let end = length == Self.undefinedLength ? nil : input.position + 8 + UInt64(length)
        guard end ?? 0 <= sequence.bound else { throw error(.lengthExceedsParent, tag: tag) }
        input.skip(8)
        push(
            Level(
                tag: sequence.tag,
                isItem: true,
                end: end,
                bound: end ?? sequence.bound,
                isImplicitVR: sequence.isImplicitVR,
                isBigEndian: sequence.isBigEndian
            )
        )
        state = .elements
        return .beginItem
    }

    /// Reads the header of a fragment, or the delimiter of the Pixel Data.
    mutating func readFragment() throws(DataSetError) -> DataSetToken? {
        guard bound == .max || bound - input.position >= 8 else { throw error(.lengthExceedsParent) }
        guard input.readableBytes >= 8 else { return nil }
        let tag = peekTag()
        let length = input.peek(4, isBigEndian: isBigEndian, as: UInt32.self)
        if tag == .sequenceDelimitationItem {
            let offset = input.position
            input.skip(8)
            state = .elements
            return .endFragments(offset: offset)
        }
        guard tag == .item else { throw error(.unexpectedDelimiter, tag: tag) }
        guard length != Self.undefinedLength else { throw error(.undefinedLengthNotAllowed, tag: tag) }
        let end = input.position + 8 + UInt64(length)
        guard end <= bound else { throw error(.lengthExceedsParent, tag: tag) }
        guard end <= max(limits.instanceLength, limits.inflatedLength) else {
            throw error(.instanceTooLong, tag: tag)
        }
        fragmentCount += 1
        guard fragmentCount <= limits.fragmentCount else { throw error(.tooManyFragments) }
        input.skip(8)
        state = .fragment(UInt64(length))
        return .beginFragment(offset: input.position, length: length)
    }

    /// The header that begins here, without moving; `nil` until all of it has come.
    private func readHeader(_ tag: Tag) throws(DataSetError) -> (ElementHeader, Int)? {
        if isImplicitVR {
            let length = input.peek(4, isBigEndian: false, as: UInt32.self)
            return (header(tag, implicitVR(of: tag), length: length, headerLength: 8), 8)
        }
        let letters = input.peek(4, isBigEndian: true, as: UInt16.self)
        let vr = VR(rawValue: letters)
        if let vr, !vr.hasLongLength {
            let length = UInt32(input.peek(6, isBigEndian: isBigEndian, as: UInt16.self))
            return (header(tag, vr, length: length, headerLength: 8), 8)
        }
        guard input.readableBytes >= 12 else { return nil }
        let length = input.peek(8, isBigEndian: isBigEndian, as: UInt32.self)
        if let vr {
            let known = vr == .un && length != Self.undefinedLength ? knownVR(of: tag) : vr
            return (header(tag, known, length: length, headerLength: 12), 12)
        }
        // New VRs have a 32-bit length behind two reserved bytes (PS3.5 6.2.2 note 5); garbage seldom looks like that.
        let isReservedZero = input.peek(6, isBigEndian: false, as: UInt16.self) == 0
        let end = input.position + 12 + UInt64(length)
        guard isReservedZero, length <= limits.valueLength, end <= bound else {
            throw error(.unknownValueRepresentation, tag: tag)
        }
        return (header(tag, .un, length: length, headerLength: 12), 12)
    }

    /// Corrects Explicit to Implicit VR or the reverse when the first element says so beyond doubt.
    ///
    /// Such files are common enough that other readers take them too. Command sets, group 0000, are never corrected.
    private mutating func detectEncoding(_ tag: Tag) {
        guard tag.group > 0, !isBigEndian else { return }
        let hasLetters = VR(rawValue: input.peek(4, isBigEndian: true, as: UInt16.self)) != nil
        if hasImplicitVR {
            // Read as a length, the letters would be above 16 KiB and nearly always odd or far beyond the next element.
            hasImplicitVR = !hasLetters
        } else if !hasLetters, let vr = DataElementDictionary.vr(of: tag) {
            let length = input.peek(4, isBigEndian: false, as: UInt32.self)
            hasImplicitVR = length <= UInt16.max || vr == .sq && length == Self.undefinedLength
        }
        isImplicitVR = hasImplicitVR
    }

    private func header(_ tag: Tag, _ vr: VR, length: UInt32, headerLength: UInt64) -> ElementHeader {
        ElementHeader(
            tag: tag,
            vr: vr,
            offset: input.position,
            valueOffset: input.position + headerLength,
            length: length == Self.undefinedLength ? nil : length
        )
    }

    private func implicitVR(of tag: Tag) -> VR {
        if hasSignedPixels, DataElementDictionary.dependsOnPixelRepresentation(tag) { return .ss }
        return DataElementDictionary.vr(of: tag) ?? .un
    }

    /// What UN stands for where the sender did not know an element that the dictionary knows (PS3.5 6.2.2 note 1).
    ///
    /// A sequence stays UN: its items are bytes of a fixed length whose inside the sender did not vouch for either.
    private func knownVR(of tag: Tag) -> VR {
        guard !isBigEndian else { return .un }
        let vr = implicitVR(of: tag)
        return vr == .sq ? .un : vr
    }
}
