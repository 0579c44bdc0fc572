/// The dictionary's text with where its lines are: sorted tags, then the few lines with wildcards.
struct DictionaryIndex: Sendable {
    /// Tags without wildcards, ascending; their line has the same position.
    private(set) var tags: [UInt32] = []
    /// One per line; lines with wildcards follow those without.
    private(set) var representations: [VR] = []
    private(set) var isSignDependent: [Bool] = []
    private var starts: [Int] = []
    private var wildcards: [(mask: UInt32, value: UInt32)] = []
    private let text: [UInt8]

    init(_ table: StaticString) {
        text = Array(table.description.utf8)
        var repeating: [(start: Int, mask: UInt32, value: UInt32)] = []
        var lines: [(start: Int, value: UInt32)] = []
        lines.reserveCapacity(6_000)
        var start = 0
        while start < text.count {
            let end = text[start...].firstIndex(of: 0x0A) ?? text.count
            if end - start > 9, let key = Self.key(text[start..<start + 8]) {
                if key.mask == .max {
                    lines.append((start, key.value))
                } else {
                    repeating.append((start, key.mask, key.value))
                }
            }
            start = end + 1
        }
        lines.sort { $0.value < $1.value }
        tags = lines.map(\.value)
        starts = lines.map(\.start) + repeating.map(\.start)
        wildcards = repeating.map { ($0.mask, $0.value) }
        for start in starts {
            let (vr, isSigned) = Self.representation(text, at: start + 9)
            representations.append(vr)
            isSignDependent.append(isSigned)
        }
    }

    /// The line of a tag: a binary search, then the wildcards of its group.
    func line(of tag: Tag) -> Int? {
        var low = 0
        var high = tags.count
        while low < high {
            let middle = (low + high) / 2
            if tags[middle] < tag.rawValue { low = middle + 1 } else { high = middle }
        }
        if low < tags.count, tags[low] == tag.rawValue { return low }
        // Only these groups repeat: overlays, curves, and a few retired ones (PS3.5 7.6).
        switch tag.group {
        case 0x5000...0x501E, 0x6000...0x601E, 0x7F00...0x7FFE, 0x0020, 0x0028, 0x1000, 0x1010: break
        default: return nil
        }
        guard !tag.isPrivate else { return nil }
        for (position, wildcard) in wildcards.enumerated() where tag.rawValue & wildcard.mask == wildcard.value {
            return tags.count + position
        }
        return nil
    }

    /// The text between the bars of a line, counted from 0.
    func field(_ number: Int, line: Int) -> String {
        var position = starts[line]
        var bars = number
        while bars > 0, position < text.count {
            if text[position] == 0x7C { bars -= 1 }
            position += 1
        }
        let end = text[position...].firstIndex { $0 == 0x7C || $0 == 0x0A } ?? text.count
        return String(decoding: text[position..<end], as: UTF8.self)
    }

    private static func key(_ digits: ArraySlice<UInt8>) -> (mask: UInt32, value: UInt32)? {
        var mask: UInt32 = 0
        var value: UInt32 = 0
        for digit in digits {
            mask <<= 4
            value <<= 4
            switch digit {
            case 0x30...0x39: value |= UInt32(digit - 0x30)
            case 0x41...0x46: value |= UInt32(digit - 0x37)
            case 0x78: continue
            default: return nil
            }
            mask |= 0xF
        }
        return (mask, value)
    }

    /// `OB or OW` and `US or OW` become OW, which holds any value of both (PS3.5 A.1); `US or SS` becomes US.
    static func representation(_ text: [UInt8], at start: Int) -> (vr: VR, isSigned: Bool) {
        let field = text[start...].prefix { $0 != 0x7C }
        let letters = Array(field)
        guard letters.count >= 2 else { return (.un, false) }
        let first = VR(rawValue: UInt16(letters[0]) << 8 | UInt16(letters[1])) ?? .un
        guard letters.count > 4 else { return (first, false) }
        let choices = String(decoding: letters, as: UTF8.self)
        return (choices.hasSuffix("OW") ? .ow : first, choices == "US or SS")
    }
}
