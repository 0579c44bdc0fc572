import Platform

/// The entries of the keyring by name: 80 bytes for each and 8 for finding it, so that a million fit into 100 MB.
struct KeyTable: Sendable {
    /// In no order that means anything.
    private(set) var entries: ContiguousArray<KeyEntry> = []
    /// How many entries there are under each version of the key-encryption key.
    private(set) var countsByVersion: [UInt32: Int] = [:]
    /// Changes when entries move to other positions.
    private(set) var arrangement = 0
    /// Open addressing: the position of an entry plus 1, or 0 where nothing is; at most half full.
    private var index = [UInt32](repeating: 0, count: 16)

    /// The entry of this kind, name and generation.
    func entry(_ kind: KeyEntry.Kind, _ id: RandomID, generation: UInt32) -> KeyEntry? {
        var found: KeyEntry?
        forEach(id) { entry in
            if entry.kind == kind, entry.generation == generation { found = entry }
        }
        return found
    }

    /// The newest entry of a study, which tells of its removal where it was removed.
    func newestStudyEntry(_ id: RandomID) -> KeyEntry? {
        var newest: KeyEntry?
        forEach(id) { entry in
            guard entry.kind == .studyKey || entry.kind == .removed else { return }
            if entry.generation >= newest?.generation ?? 0 { newest = entry }
        }
        return newest
    }

    /// The generation of the newest key of a study when its keys were removed; `nil` when they never were.
    func removedGeneration(_ id: RandomID) -> UInt32? {
        var newest: UInt32?
        forEach(id) { entry in
            if entry.kind == .removed { newest = max(newest ?? 0, entry.generation) }
        }
        return newest
    }

    /// Adds an entry, or puts it in the place of the one with the same name.
    mutating func set(_ entry: KeyEntry) {
        if let position = position(of: entry) {
            count(entries[position], by: -1)
            entries[position] = entry
        } else {
            append(entry)
        }
        count(entry, by: 1)
    }

    /// Takes entries away: those of which `isGone` says so.
    mutating func removeAll(where isGone: (KeyEntry) -> Bool) {
        var kept: ContiguousArray<KeyEntry> = []
        for entry in entries where !isGone(entry) { kept.append(entry) }
        guard kept.count < entries.count else { return }
        self = KeyTable(kept, arrangement: arrangement + 1)
    }

    init() {}

    private init(_ entries: ContiguousArray<KeyEntry>, arrangement: Int) {
        self.arrangement = arrangement
        self.entries = entries
        for entry in entries { count(entry, by: 1) }
        makeIndex()
    }

    private mutating func append(_ entry: KeyEntry) {
        entries.append(entry)
        if entries.count * 2 > index.count {
            makeIndex()
        } else {
            insert(entries.count - 1)
        }
    }

    private mutating func makeIndex() {
        var size = 16
        while size < entries.count * 3 { size *= 2 }
        index = [UInt32](repeating: 0, count: size)
        for position in entries.indices { insert(position) }
    }

    private mutating func insert(_ position: Int) {
        var slot = firstSlot(entries[position].id)
        while index[slot] != 0 { slot = (slot + 1) & (index.count - 1) }
        index[slot] = UInt32(position + 1)
    }

    private func firstSlot(_ id: RandomID) -> Int {
        id.hashValue & (index.count - 1)
    }

    private func forEach(_ id: RandomID, _ body: (KeyEntry) -> Void) {
        var slot = firstSlot(id)
        while index[slot] != 0 {
            let entry = entries[Int(index[slot]) - 1]
            if entry.id == id { body(entry) }
            slot = (slot + 1) & (index.count - 1)
        }
    }

    private func position(of wanted: KeyEntry) -> Int? {
        var slot = firstSlot(wanted.id)
        while index[slot] != 0 {
            let position = Int(index[slot]) - 1
            let entry = entries[position]
            if entry.id == wanted.id, entry.kind == wanted.kind, entry.generation == wanted.generation {
                return position
            }
            slot = (slot + 1) & (index.count - 1)
        }
        return nil
    }

    private mutating func count(_ entry: KeyEntry, by change: Int) {
        let count = (countsByVersion[entry.kekVersion] ?? 0) + change
        countsByVersion[entry.kekVersion] = count == 0 ? nil : count
    }
}
