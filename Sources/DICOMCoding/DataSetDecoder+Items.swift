import DICOMCore
import NIOCore

extension DataSetDecoder {
    private var head: ElementHead { ElementHead(word: input.peekWord(), isBigEndian: isBigEndian) }

    /// Reads the header of an item, or the delimiter of the sequence.
    mutating func readItem() throws(DataSetError) -> DataSetToken? {
        guard let sequence = levels.last else { throw error(.unexpectedDelimiter) }
        guard sequence.bound == .max || sequence.bound - input.position >= 8 else {
            return try endShortSequence(sequence)
        }
        guard input.readableBytes >= 8 else { return nil }
        let head = head
        let length = head.longLength
        if head.tag == .sequenceDelimitationItem, sequence.end == nil {
            if length != 0 { note(.delimiterWithLength, tag: head.tag) }
            input.skip(8)
            return endSequence()
        }
        guard head.tag == .item else { return try endSequence(sequence, before: head.tag) }
        elementCount += 1
        guard elementCount <= limits.elementCount else { throw error(.tooManyElements) }
        let end = length == Self.undefinedLength ? nil : input.position + 8 + UInt64(length)
        if let end, end > sequence.bound { try reachBeyondParent(end, tag: head.tag) }
        input.skip(8)
        push(
            Level(
                tag: sequence.tag,
                isItem: true,
                end: end,
                bound: end ?? bound,
                isImplicitVR: sequence.isImplicitVR,
                isBigEndian: sequence.isBigEndian,
                outerTag: Tag(rawValue: 0),
                outerBlocks: PrivateBlocks()
            )
        )
        state = .firstElement
        return .beginItem
    }

    /// Reads what begins like a delimiter where an element may stand.
    mutating func readItemDelimiter(_ head: ElementHead) throws(DataSetError) -> DataSetToken? {
        let tag = head.tag
        let isOpen = levels.last.map { $0.end == nil } ?? false
        if tag == .itemDelimitationItem, isOpen {
            if head.longLength != 0 { note(.delimiterWithLength, tag: tag) }
            input.skip(8)
            return endItem()
        }
        guard tolerance == .salvage else { throw error(.unexpectedDelimiter, tag: tag) }
        if isOpen, tag == .sequenceDelimitationItem || tag == .item {
            note(.missingItemDelimiter, tag: tag)
            return endItem()
        }
        skipStrayDelimiter(tag)
        return nil
    }

    /// Reads the header of a fragment, or the delimiter of the Pixel Data.
    mutating func readFragment() throws(DataSetError) -> DataSetToken? {
        guard bound == .max || bound - input.position >= 8 else { throw error(.lengthExceedsParent) }
        guard input.readableBytes >= 8 else { return nil }
        let head = head
        let length = head.longLength
        if head.tag == .sequenceDelimitationItem {
            if length != 0 { note(.delimiterWithLength, tag: head.tag) }
            let offset = input.position
            input.skip(8)
            state = .elements
            return .endFragments(offset: offset)
        }
        guard head.tag == .item else {
            guard tolerance == .salvage, levels.isEmpty else { throw error(.unexpectedDelimiter, tag: head.tag) }
            // Padding, or Pixel Data that is no fragments: what follows cannot be told apart.
            note(.missingSequenceDelimiter, tag: head.tag)
            state = .garbage
            return .endFragments(offset: input.position)
        }
        guard length != Self.undefinedLength else { throw error(.undefinedLengthNotAllowed, tag: head.tag) }
        let end = input.position + 8 + UInt64(length)
        if end > bound { try reachBeyondParent(end, tag: head.tag) }
        guard end <= max(limits.instanceLength, limits.inflatedLength) else {
            throw error(.instanceTooLong, tag: head.tag)
        }
        fragmentCount += 1
        guard fragmentCount <= limits.fragmentCount else { throw error(.tooManyFragments) }
        input.skip(8)
        state = .fragment(UInt64(length))
        return .beginFragment(offset: input.position, length: length)
    }

    /// Ends a sequence at something else than an item or its own delimiter.
    private mutating func endSequence(_ sequence: Level, before tag: Tag) throws(DataSetError) -> DataSetToken? {
        guard tolerance == .salvage else { throw error(.unexpectedDelimiter, tag: tag) }
        let isInOpenItem = levels.count > 1 && levels[levels.count - 2].end == nil
        let isDelimiter = tag.group == 0xFFFE
        if sequence.end == nil, !isDelimiter || tag == .itemDelimitationItem && isInOpenItem {
            note(.missingSequenceDelimiter, tag: tag)
            return endSequence()
        }
        guard isDelimiter else { throw error(.unexpectedDelimiter, tag: tag) }
        skipStrayDelimiter(tag)
        return nil
    }

    private mutating func skipStrayDelimiter(_ tag: Tag) {
        note(.strayDelimiter, tag: tag)
        input.skip(8)
        repeats = true
    }

    /// Ends an item in which too few bytes are left for an element.
    mutating func endShortItem() throws(DataSetError) -> DataSetToken? {
        guard tolerance == .salvage, let item = levels.last else { throw error(.lengthExceedsParent) }
        if item.end == nil {
            note(.missingItemDelimiter)
            return endItem()
        }
        skipRest()
        return nil
    }

    /// Ends a sequence in which too few bytes are left for an item.
    private mutating func endShortSequence(_ sequence: Level) throws(DataSetError) -> DataSetToken? {
        guard tolerance == .salvage else { throw error(.lengthExceedsParent) }
        if sequence.end == nil {
            note(.missingSequenceDelimiter)
            return endSequence()
        }
        skipRest()
        return nil
    }

    /// Skips the few bytes up to the bound once they have come.
    private mutating func skipRest() {
        let count = Int(bound - min(input.position, bound))
        guard input.readableBytes >= count else { return }
        note(.trailingBytes)
        input.skip(count)
        repeats = true
    }

    /// Lets an item or value end beyond what holds it: what stands inside is nearer to the truth, as a length is written
    /// last.
    ///
    /// - Throws: `.lengthExceedsParent` unless all is to be salvaged.
    mutating func reachBeyondParent(_ end: UInt64, tag: Tag) throws(DataSetError) {
        guard tolerance == .salvage, end <= max(limits.instanceLength, limits.inflatedLength) else {
            throw error(.lengthExceedsParent, tag: tag)
        }
        note(.lengthExceedsParent, tag: tag)
        for index in levels.indices where levels[index].bound < end {
            levels[index].bound = end
            if levels[index].end != nil { levels[index].end = end }
        }
        bound = max(bound, end)
    }
}
