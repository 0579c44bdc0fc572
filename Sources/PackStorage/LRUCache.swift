/// A small cache that gives up what was used longest ago.
///
/// Finding the victim looks at every entry: meant for a few hundred, where that is cheaper than keeping a list.
struct LRUCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private let limit: Int
    private var entries: [Key: (value: Value, lastUse: UInt64)] = [:]
    private var uses: UInt64 = 0

    /// Keeps at most `limit` entries, at least one.
    init(limit: Int) {
        self.limit = max(1, limit)
    }

    mutating func value(for key: Key) -> Value? {
        guard let entry = entries[key] else { return nil }
        uses += 1
        entries[key] = (value: entry.value, lastUse: uses)
        return entry.value
    }

    mutating func insert(_ value: Value, for key: Key) {
        uses += 1
        if entries[key] == nil, entries.count >= limit,
            let victim = entries.min(by: { $0.value.lastUse < $1.value.lastUse })
        {
            entries.removeValue(forKey: victim.key)
        }
        entries[key] = (value: value, lastUse: uses)
    }

    mutating func remove(_ key: Key) {
        entries.removeValue(forKey: key)
    }
}
