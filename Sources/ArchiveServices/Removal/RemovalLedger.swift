import ArchiveCatalog
import Platform

/// What the tombstones of a walk say together.
struct RemovalLedger: Sendable {
    /// A deletion with what it names.
    struct Entry: Sendable {
        var deletion: Deletion
        var records: [RecordReference]
    }

    /// By the id of the deletion.
    private(set) var deletions: [RandomID: Entry] = [:]
    /// The records that stay removed though their deletion was taken back.
    private(set) var restorations: [RandomID: Set<RandomID>] = [:]
    private(set) var ended: Set<RandomID> = []
    private var successions: [RandomID: SupersededPack] = [:]
    private var packs: Set<RandomID> = []

    /// Whether nothing was removed.
    var isEmpty: Bool { deletions.isEmpty && restorations.isEmpty && ended.isEmpty && successions.isEmpty }

    /// The old packs; only those that the walk met when asked so: others are gone.
    func supersededPacks(walkedOnly: Bool) -> [SupersededPack] {
        successions.values.filter { !walkedOnly || packs.contains($0.packID) }.sorted { $0.packID < $1.packID }
    }

    /// The deletion of each record that is removed by what was seen.
    func removedRecords() -> [RandomID: RandomID] {
        var removed: [RandomID: RandomID] = [:]
        for entry in deletions.values {
            for record in removedRecords(of: entry) { removed[record.recordID] = entry.deletion.id }
        }
        return removed
    }

    mutating func sawPack(_ id: RandomID) { packs.insert(id) }

    func isSuperseded(_ pack: RandomID) -> Bool { successions[pack] != nil }

    mutating func supersede(_ old: [RandomID], by successor: RandomID, keyID: RandomID, at time: Timestamp) {
        for pack in old {
            successions[pack] = SupersededPack(
                packID: pack,
                successorID: successor,
                studyKeyID: keyID,
                since: time
            )
        }
    }

    mutating func note(_ tombstone: Tombstone) {
        switch tombstone {
        case .deletes(let deletion, let records): deletions[deletion.id] = Entry(deletion: deletion, records: records)
        // Two restorations of one deletion say the same, unless one was cut short: then what either restores is there.
        case .restores(let id, let except, _):
            restorations[id] = restorations[id].map { $0.intersection(except) } ?? Set(except)
        case .ends(let id, _): ended.insert(id)
        case .takesBack, .supersedes: break
        }
    }

    /// How far a deletion has come by what was seen.
    func state(of id: RandomID) -> Deletion.State {
        if restorations[id] != nil { return .restored }
        return ended.contains(id) ? .final : .inBin
    }

    /// The records that a deletion holds removed: all of them, but of a restored one only what was stored anew.
    func removedRecords(of entry: Entry) -> [RecordReference] {
        guard let except = restorations[entry.deletion.id] else { return entry.records }
        return entry.records.filter { except.contains($0.recordID) }
    }
}
