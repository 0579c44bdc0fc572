/// The private elements that vendors have published or that others have found out (PS3.5 7.8).
///
/// An element is known by its creator, its group and the last byte of its element number; in which block it stands is up to
/// each Data Set (see ``PrivateBlocks``). The table is text and is scanned once, at the first use; a lookup is a few binary
/// searches among the creator's elements.
public enum PrivateDictionary {
    /// A creator that the dictionary knows: found once by its name, cheap to ask with afterwards.
    public struct Creator: Sendable, Hashable {
        let lines: Range<Int>
    }

    /// One line of the dictionary.
    public struct Entry: Sendable, Hashable {
        /// The Value Representation; of several that are allowed, the one that fits any value.
        public let vr: VR
        /// Value Multiplicity as the standard prints it, for example `1-n`.
        public let vm: String
        /// The name, for example `CSA Image Header Type`.
        public let name: String
    }

    /// The creator of a name without padding; `nil` when nothing is known of its elements.
    public static func creator(_ name: some StringProtocol) -> Creator? {
        index.creators[String(name)]
    }

    /// The Value Representation of an element that belongs to the creator; `nil` when it is not known.
    public static func vr(of tag: Tag, creator: Creator) -> VR? {
        index.line(of: tag, in: creator.lines).map { index.representations[$0] }
    }

    /// The Value Representation of an element that belongs to the creator; `nil` when it is not known.
    public static func vr(of tag: Tag, creator name: some StringProtocol) -> VR? {
        creator(name).flatMap { vr(of: tag, creator: $0) }
    }

    /// What is known of an element that belongs to the creator.
    public static func entry(for tag: Tag, creator name: some StringProtocol) -> Entry? {
        guard let creator = creator(name), let line = index.line(of: tag, in: creator.lines) else { return nil }
        return Entry(vr: index.representations[line], vm: index.field(2, line: line), name: index.field(3, line: line))
    }

    /// How many elements the dictionary has, and of how many creators.
    public static var size: (elements: Int, creators: Int) { (index.representations.count, index.creators.count) }

    private static let index = PrivateDictionaryIndex([PrivateTable1.text, PrivateTable2.text])
}

/// The dictionary's text with where its lines are, sorted by key within each creator.
private struct PrivateDictionaryIndex: Sendable {
    private(set) var creators: [String: PrivateDictionary.Creator] = [:]
    private(set) var representations: [VR] = []
    /// One per line: which digits are any in the high half, the others in the low half.
    private var keys: [UInt64] = []
    private var starts: [Int] = []
    private var text: [UInt8] = []

    private static let anyBlock: UInt32 = 0x0000_FF00
    private static let anyGroupAndBlock: UInt32 = 0x00FF_FF00

    init(_ tables: [StaticString]) {
        for table in tables {
            text += table.description.utf8
            text.append(0x0A)
        }
        var name: String?
        var lines: [(key: UInt64, start: Int)] = []
        var start = 0
        while start < text.count {
            let end = text[start...].firstIndex(of: 0x0A) ?? text.count
            if text[start] == UInt8(ascii: "=") {
                take(&lines, of: name)
                name = String(decoding: text[start + 1..<end], as: UTF8.self)
            } else if end - start > 9, let key = Self.key(text[start..<start + 8]) {
                lines.append((key, start))
            }
            start = end + 1
        }
        take(&lines, of: name)
    }

    func line(of tag: Tag, in lines: Range<Int>) -> Int? {
        // Lines for all elements of a block tell nothing of one of them.
        for any in [0, Self.anyBlock, Self.anyGroupAndBlock] {
            let key = UInt64(any) << 32 | UInt64(tag.rawValue & ~any)
            if let line = line(of: key, in: lines) { return line }
        }
        return nil
    }

    /// The text between the bars of a line, counted from 0.
    func field(_ number: Int, line: Int) -> String {
        let end = text[starts[line]...].firstIndex(of: 0x0A) ?? text.count
        let fields = text[starts[line]..<end].split(separator: 0x7C, omittingEmptySubsequences: false)
        return number < fields.count ? String(decoding: fields[number], as: UTF8.self) : ""
    }

    private func line(of key: UInt64, in lines: Range<Int>) -> Int? {
        var low = lines.lowerBound
        var high = lines.upperBound
        while low < high {
            let middle = (low + high) / 2
            if keys[middle] < key { low = middle + 1 } else { high = middle }
        }
        return low < lines.upperBound && keys[low] == key ? low : nil
    }

    private mutating func take(_ lines: inout [(key: UInt64, start: Int)], of name: String?) {
        guard let name else { return }
        let first = keys.count
        for line in lines.sorted(by: { $0.key < $1.key }) {
            keys.append(line.key)
            starts.append(line.start)
            representations.append(DictionaryIndex.representation(text, at: line.start + 9).vr)
        }
        creators[name] = PrivateDictionary.Creator(lines: first..<keys.count)
        lines.removeAll(keepingCapacity: true)
    }

    private static func key(_ digits: ArraySlice<UInt8>) -> UInt64? {
        var any: UInt64 = 0
        var value: UInt64 = 0
        for digit in digits {
            any <<= 4
            value <<= 4
            switch digit {
            case 0x30...0x39: value |= UInt64(digit - 0x30)
            case 0x41...0x46: value |= UInt64(digit - 0x37)
            case 0x78: any |= 0xF
            default: return nil
            }
        }
        return any << 32 | value
    }
}
