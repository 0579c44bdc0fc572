import NIOCore

/// Finds many byte patterns in bytes that come in pieces, whatever the case of ASCII letters.
///
/// At each byte the last four are looked up in a bit table, which nearly always says no. Where it does not, the patterns that
/// end so are a tree from their end to their beginning. The work per byte is constant, whatever the number of patterns.
struct BytePatternTable: Sendable {
    /// A place where a pattern stands.
    struct Hit: Sendable, Hashable {
        let pattern: Int
        /// Bytes from the first byte that was given to the first of the pattern.
        let offset: UInt64
    }

    /// What is carried from piece to piece.
    struct State: Sendable {
        /// The last four bytes, folded.
        var window: UInt32 = 0
        /// Bytes so far.
        var count: UInt64 = 0
        /// The last bytes before the next piece.
        var tail: [UInt8] = []
    }

    let patterns: [BytePattern]
    /// A bit for each hash of four bytes.
    private var filter: [UInt64]
    private var shift: UInt32
    /// The last four bytes of patterns, and the roots of their trees; by open addressing, root 0 marks a free place.
    private var anchors: [UInt32]
    private var roots: [Int32]
    private var edges = EdgeTable()
    /// By node: a pattern that begins there; -1 when none does.
    private var begins: [Int32] = [-1]

    private static let multiplier: UInt32 = 0x9E37_79B1

    init(_ patterns: [BytePattern]) {
        self.patterns = patterns
        var bits: UInt32 = 13
        while bits < 22, 1 << Int(bits) < patterns.count * 32 { bits += 1 }
        shift = 32 - bits
        filter = Array(repeating: 0, count: 1 << Int(bits - 6))
        var places = 64
        while places < patterns.count * 2 { places *= 2 }
        anchors = Array(repeating: 0, count: places)
        roots = Array(repeating: 0, count: places)
        for (index, pattern) in patterns.enumerated() where pattern.bytes.count >= 4 { insert(index, pattern.bytes) }
    }

    static func fold(_ byte: UInt8) -> UInt8 {
        byte &- 0x41 < 26 ? byte | 0x20 : byte
    }

    private mutating func insert(_ index: Int, _ bytes: [UInt8]) {
        let anchor = bytes.suffix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        let hash = (anchor &* Self.multiplier) >> shift
        filter[Int(hash >> 6)] |= 1 << UInt64(hash & 63)
        let place = place(of: anchor)
        if roots[place] == 0 {
            anchors[place] = anchor
            roots[place] = newNode()
        }
        var node = roots[place]
        for byte in bytes.dropLast(4).reversed() {
            if let next = edges[node, UInt32(byte)] {
                node = next
            } else {
                let next = newNode()
                edges.insert(node, UInt32(byte), next)
                node = next
            }
        }
        begins[Int(node)] = Int32(truncatingIfNeeded: index)
    }

    private mutating func newNode() -> Int32 {
        begins.append(-1)
        return Int32(truncatingIfNeeded: begins.count - 1)
    }

    private func place(of anchor: UInt32) -> Int {
        let mask = anchors.count - 1
        var place = Int((anchor &* Self.multiplier) >> 7) & mask
        while roots[place] != 0, anchors[place] != anchor { place = (place + 1) & mask }
        return place
    }

    /// Takes the next piece.
    ///
    /// - Parameter found: Called with each pattern, and with the bytes before and behind it, `nil` at the ends of what is
    ///   known.
    func scan(
        _ piece: ByteBuffer,
        _ state: inout State,
        _ found: (_ hit: Hit, _ before: UInt8?, _ behind: UInt8?) -> Void
    ) {
        guard !patterns.isEmpty else { return }
        let bytes = piece.readableBytesUInt8Span
        var start = 0
        while let end = nextCandidate(bytes, from: start, &state.window) {
            verify(bytes, end, state, found)
            start = end + 1
        }
        state.count += UInt64(bytes.count)
        if bytes.count >= BytePatterns.longest {
            state.tail = piece.readableBytesView.suffix(BytePatterns.longest).map { $0 }
        } else {
            state.tail = state.tail.suffix(BytePatterns.longest - bytes.count) + piece.readableBytesView
        }
    }

    /// The place of the next byte whose last four may end a pattern.
    private func nextCandidate(_ bytes: Span<UInt8>, from start: Int, _ window: inout UInt32) -> Int? {
        let filter = filter.span
        let shift = shift
        var last = window
        var place = start
        let count = bytes.count
        while place < count {
            // Below the count, as the condition says.
            let byte = unsafe bytes[unchecked: place]
            last = last << 8 | UInt32(Self.fold(byte))
            let hash = (last &* Self.multiplier) >> shift
            // The hash has as many bits as the table.
            if unsafe filter[unchecked: Int(hash >> 6)] >> UInt64(hash & 63) & 1 != 0 {
                window = last
                return place
            }
            place += 1
        }
        window = last
        return nil
    }

    /// Walks back from the last byte through the tree of patterns that end as the bytes do.
    private func verify(
        _ bytes: Span<UInt8>,
        _ end: Int,
        _ state: State,
        _ found: (_ hit: Hit, _ before: UInt8?, _ behind: UInt8?) -> Void
    ) {
        let place = place(of: state.window)
        var node = roots[place]
        guard node != 0, UInt64(end) + 1 + state.count >= 4 else { return }
        func byte(_ index: Int) -> UInt8? {
            if index >= 0 { return bytes[index] }
            let inTail = state.tail.count + index
            return inTail >= 0 ? state.tail[inTail] : nil
        }
        let behind = end + 1 < bytes.count ? bytes[end + 1] : nil
        var index = end - 4
        while true {
            let before = byte(index)
            let pattern = begins[Int(node)]
            if pattern >= 0 {
                // The first byte lies in front of this piece when the index is negative; what came before is counted.
                let offset = UInt64(Int64(state.count) + Int64(index) + 1)
                found(Hit(pattern: Int(pattern), offset: offset), before, behind)
            }
            guard let before, let next = edges[node, UInt32(Self.fold(before))] else { return }
            node = next
            index -= 1
        }
    }
}
