public import DICOMCore

/// What a reader of tokens knows of the items that are open: where it stands, and what holds for the text there.
///
/// Tell it of every token that begins or ends a sequence or an item, and of every element.
public struct OpenItems: Sendable {
    /// An item; the outermost Data Set counts as one.
    private struct Item: Sendable {
        var sequence: Tag?
        var number = 0
        var outerSet = SpecificCharacterSet.ascii
        var characterSet = SpecificCharacterSet.ascii
        /// The tags that have passed, ascending; those that came too late are in a set of their own.
        var tags: [Tag] = []
        var lateTags: Set<Tag> = []
        /// The creators of private elements: by group in the high and block in the low 16 bits.
        var creators: [UInt32: String] = [:]
    }

    private var items: [Item] = [Item()]

    /// Begins outside of all sequences.
    public init() {}

    /// Sequences that are open.
    public var depth: Int { items.count - 1 }

    /// The number of the innermost item, counted from 1; 0 outside of all sequences.
    public var itemNumber: Int { items.last?.number ?? 0 }

    /// The character set of text in the innermost item (PS3.5 7.5.1: its own, otherwise that of what holds it).
    public var characterSet: SpecificCharacterSet { items.last?.characterSet ?? .ascii }

    /// A sequence begins.
    public mutating func beginSequence(_ tag: Tag) {
        let outer = characterSet
        items.append(Item(sequence: tag, outerSet: outer, characterSet: outer))
    }

    /// The innermost sequence has ended.
    public mutating func endSequence() {
        guard items.count > 1 else { return }
        items.removeLast()
    }

    /// An item of the innermost sequence begins.
    public mutating func beginItem() {
        let last = items.count - 1
        items[last].number += 1
        items[last].characterSet = items[last].outerSet
        items[last].tags.removeAll(keepingCapacity: true)
        items[last].lateTags.removeAll()
        items[last].creators.removeAll()
    }

    /// Takes note of an element of the innermost item.
    ///
    /// - Returns: whether it is the first with its tag there.
    public mutating func isFirst(_ tag: Tag) -> Bool {
        let last = items.count - 1
        guard let highest = items[last].tags.last, highest >= tag else {
            items[last].tags.append(tag)
            return true
        }
        guard !Self.contains(items[last].tags, tag) else { return false }
        return items[last].lateTags.insert(tag).inserted
    }

    /// Takes note of a value that says something of others: Specific Character Set and creators of private elements.
    public mutating func note(_ element: DataElement) {
        let last = items.count - 1
        if element.tag == .specificCharacterSet {
            items[last].characterSet = SpecificCharacterSet(
                terms: element.strings(.ascii),
                inside: items[last].outerSet
            )
        } else if element.tag.isPrivateCreator, let name = element.strings(characterSet).first, !name.isEmpty {
            items[last].creators[element.tag.rawValue] = name
        }
    }

    /// Who owns a private element; `nil` for those of the standard and those whose block nobody has reserved.
    public func privateCreator(of tag: Tag) -> String? {
        guard tag.isPrivate, tag.element >= 0x1000 else { return nil }
        return items.last?.creators[UInt32(tag.group) << 16 | UInt32(tag.element >> 8)]
    }

    /// Whether the creator of a private element has reserved a block of that group in front of this one.
    public func hasEarlierBlock(than tag: Tag, of creator: String) -> Bool {
        guard let item = items.last else { return false }
        let blocks = 0x10..<max(0x10, UInt32(tag.element >> 8))
        return blocks.contains { item.creators[UInt32(tag.group) << 16 | $0] == creator }
    }

    /// The place of an element of the innermost item.
    public func path(to tag: Tag) -> BulkPath {
        let steps = items.compactMap { item in
            item.sequence.map { BulkPath.Step(sequence: $0, itemNumber: item.number) }
        }
        return BulkPath(steps: steps, tag: tag)
    }

    private static func contains(_ tags: [Tag], _ tag: Tag) -> Bool {
        var low = 0
        var high = tags.count
        while low < high {
            let middle = (low + high) / 2
            if tags[middle] < tag { low = middle + 1 } else { high = middle }
        }
        return low < tags.count && tags[low] == tag
    }
}
