/// Which creators have reserved which blocks of private elements in one Data Set or item (PS3.5 7.8.1).
///
/// A value to fill while elements pass in order: a creator stands in front of its elements. Cheap where there are none.
public struct PrivateBlocks: Sendable, Hashable {
    private struct Block: Sendable, Hashable {
        /// The group in the high 16 bits, the block's number in the low 16.
        let key: UInt32
        let name: String
        let creator: PrivateDictionary.Creator?
    }

    private var blocks: [Block] = []

    /// Begins without any reservation.
    public init() {}

    /// Whether no block is reserved.
    public var isEmpty: Bool { blocks.isEmpty }

    /// Takes a Private Creator element, for which ``Tag/isPrivateCreator`` is true, with its value without padding.
    ///
    /// The first reservation of a block counts; one without a name keeps the block from being given to others.
    public mutating func reserve(_ tag: Tag, for name: String) {
        guard tag.isPrivateCreator, !blocks.contains(where: { $0.key == tag.rawValue }) else { return }
        blocks.append(Block(key: tag.rawValue, name: name, creator: PrivateDictionary.creator(name)))
    }

    /// The creator that an element belongs to; `nil` for elements of the standard and blocks that nobody reserved.
    public func creator(of tag: Tag) -> String? {
        block(of: tag).flatMap { $0.name.isEmpty ? nil : $0.name }
    }

    /// The Value Representation that the dictionary has for the element; `nil` when nobody knows it.
    public func vr(of tag: Tag) -> VR? {
        block(of: tag)?.creator.flatMap { PrivateDictionary.vr(of: tag, creator: $0) }
    }

    /// What the dictionary has for the element.
    public func entry(for tag: Tag) -> PrivateDictionary.Entry? {
        block(of: tag).flatMap { PrivateDictionary.entry(for: tag, creator: $0.name) }
    }

    /// The number of the block that a creator has reserved in a group, 10 to FF; the lowest of several.
    public func block(of creator: String, group: UInt16) -> UInt8? {
        blocks.filter { $0.key >> 16 == UInt32(group) && $0.name == creator }
            .map { UInt8(truncatingIfNeeded: $0.key) }.min()
    }

    /// The lowest number of a block that nobody has reserved in a group; `nil` when all are taken.
    public func freeBlock(group: UInt16) -> UInt8? {
        let taken = Set(blocks.filter { $0.key >> 16 == UInt32(group) }.map { UInt8(truncatingIfNeeded: $0.key) })
        return (0x10...0xFF).first { !taken.contains($0) }
    }

    private func block(of tag: Tag) -> Block? {
        guard !blocks.isEmpty, tag.isPrivate, tag.element >= 0x1000 else { return nil }
        let key = tag.rawValue & 0xFFFF_0000 | UInt32(tag.element >> 8)
        return blocks.first { $0.key == key }
    }
}
