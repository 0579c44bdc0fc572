/// Which blocks a cache holds, and which of them was used longest ago.
///
/// All operations are O(1) on average: uses are appended to a queue, and what is no longer the last use of its block is
/// passed over.
struct PackCacheIndex: Sendable {
    /// A piece of a pack.
    struct Block: Hashable, Sendable {
        let pack: PackID
        /// Counted from 0, in blocks.
        let index: UInt64
    }

    private struct Entry {
        let byteCount: UInt64
        var lastUse: UInt64
    }

    private(set) var byteCount: UInt64 = 0
    private var entries: [Block: Entry] = [:]
    private var blocks: [PackID: Set<UInt64>] = [:]
    private var queue: [(block: Block, use: UInt64)] = []
    private var head = 0
    private var uses: UInt64 = 0

    /// How many blocks there are.
    var count: Int { entries.count }

    /// Whether the block is there; then this is its last use.
    mutating func use(_ block: Block) -> Bool {
        guard entries[block] != nil else { return false }
        uses += 1
        entries[block]?.lastUse = uses
        queue.append((block: block, use: uses))
        compactIfWorthwhile()
        return true
    }

    /// Puts a block in, in the place of one of the same name.
    mutating func insert(_ block: Block, byteCount: UInt64) {
        remove(block)
        uses += 1
        entries[block] = Entry(byteCount: byteCount, lastUse: uses)
        blocks[block.pack, default: []].insert(block.index)
        self.byteCount += byteCount
        queue.append((block: block, use: uses))
    }

    /// Takes a block out; one that is not there is fine.
    mutating func remove(_ block: Block) {
        guard let entry = entries.removeValue(forKey: block) else { return }
        byteCount -= entry.byteCount
        blocks[block.pack]?.remove(block.index)
        if blocks[block.pack]?.isEmpty == true { blocks[block.pack] = nil }
    }

    /// All blocks of a pack.
    func blocks(of pack: PackID) -> [Block] {
        (blocks[pack] ?? []).map { Block(pack: pack, index: $0) }
    }

    /// Takes out what was used longest ago until no more than `limit` bytes are left.
    mutating func evict(downTo limit: UInt64) -> [Block] {
        var victims: [Block] = []
        while byteCount > limit, head < queue.count {
            let (block, use) = queue[head]
            head += 1
            guard entries[block]?.lastUse == use else { continue }
            remove(block)
            victims.append(block)
        }
        compactIfWorthwhile()
        return victims
    }

    /// Forgets uses that are not the last of their block, before they outnumber the others by far.
    private mutating func compactIfWorthwhile() {
        guard queue.count > 1_024, queue.count > 4 * entries.count else { return }
        queue = queue[head...].filter { entries[$0.block]?.lastUse == $0.use }
        head = 0
    }
}
