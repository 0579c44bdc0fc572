import NIOCore

/// The search for byte patterns in one value, and what was found in it.
struct ByteSearch: Sendable {
    private var state = BytePatternTable.State()
    /// The first place of each pattern.
    private(set) var hits: [BytePatternTable.Hit] = []
    private var known: Set<Int> = []

    /// Bytes so far.
    var count: UInt64 { state.count }

    /// From so many bytes on a pattern is found inside of a longer word, too.
    private static let longPattern = 10

    /// Takes the next bytes.
    mutating func scan(_ piece: ByteBuffer, _ table: BytePatternTable) {
        var found: [BytePatternTable.Hit] = []
        table.scan(piece, &state) { hit, before, behind in
            let pattern = table.patterns[hit.pattern]
            // Zeros in front of a number belong to it.
            let isWord =
                pattern.form != .plain || pattern.bytes.count >= Self.longPattern
                || (before == 0x30 || !Self.joins(before, pattern.bytes.first))
                    && !Self.joins(behind, pattern.bytes.last)
            if isWord { found.append(hit) }
        }
        for hit in found where known.insert(hit.pattern).inserted { hits.append(hit) }
    }

    /// Whether two bytes are of one word: two letters or two digits.
    private static func joins(_ left: UInt8?, _ right: UInt8?) -> Bool {
        guard let left, let right else { return false }
        return isLetter(left) && isLetter(right) || isDigit(left) && isDigit(right)
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 }
    private static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

    /// The hits that are no chance in so many bytes.
    ///
    /// A pattern of `bits` bits comes about by chance in one of 2^(bits - log2(bytes)) values of random bytes: at least 2^14,
    /// and 2^20 in forms that nobody reads.
    func telling(_ table: BytePatternTable) -> [BytePatternTable.Hit] {
        let length = Int64(bitPattern: max(count, 64)).bitWidth - max(count, 64).leadingZeroBitCount - 1
        return hits.filter { hit in
            let pattern = table.patterns[hit.pattern]
            return pattern.bits >= length + (pattern.form == .plain ? 14 : 20)
        }
    }
}
