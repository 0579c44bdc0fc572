import DICOMCore
import PackStorage
import Platform

/// How far a pass of scrubbing is and what it has found; kept with its job.
struct ScrubState: Sendable, Hashable {
    /// Damaged instances that are remembered by name.
    static let nameLimit = 256
    private static let version = "scrub 1"

    /// Where the pass goes on.
    enum Place: Sendable, Hashable {
        /// Behind an instance of the data folder; `nil` at the beginning.
        case instance(UID?)
        /// Behind a pack of another store; `nil` at its beginning.
        case pack(StoreName, PackID?)
    }

    var place = Place.instance(nil)
    /// Instances that were looked at.
    var checked = 0
    /// Packs in other stores that were read.
    var packs = 0
    /// What could not be read now: frozen, or in a store that did not answer.
    var unread = 0
    /// Packs that were made anew from a good copy.
    var repaired = 0
    /// Damaged instances and copies of packs that could not be repaired.
    var damaged = 0
    /// Bytes that were read.
    var bytes: UInt64 = 0
    /// The first of the damaged instances.
    private(set) var damagedInstances: [UID] = []

    /// A pass that begins.
    init() {}

    mutating func note(damaged uids: Set<UID>) {
        damaged += uids.count
        let room = max(0, Self.nameLimit - damagedInstances.count)
        damagedInstances += uids.sorted { $0.string < $1.string }.prefix(room)
    }

    /// Reads what ``encoded`` has written; a pass that begins for anything else.
    init(_ bytes: [UInt8]) {
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map { $0.split(separator: " ") }
        guard lines.count >= 3, lines[0].joined(separator: " ") == Self.version, lines[1].count == 7 else { return }
        let counts = lines[1].dropFirst().compactMap { UInt64($0) }
        guard counts.count == 6, let place = Self.place(lines[2]) else { return }
        self.place = place
        (checked, packs) = (Int(clamping: counts[0]), Int(clamping: counts[1]))
        (unread, repaired) = (Int(clamping: counts[2]), Int(clamping: counts[3]))
        (damaged, self.bytes) = (Int(clamping: counts[4]), counts[5])
        for line in lines.dropFirst(3).prefix(Self.nameLimit) where line.count == 2 && line[0] == "damaged" {
            if let uid = UID(String(line[1])) { damagedInstances.append(uid) }
        }
    }

    private static func place(_ words: [Substring]) -> Place? {
        switch (words.first, words.count) {
        case ("instance", 2): .instance(UID(String(words[1])))
        case ("pack", 3): StoreName(String(words[1])).map { .pack($0, PackID(hex: words[2])) }
        default: nil
        }
    }

    /// Lines of text.
    var encoded: [UInt8] {
        let here =
            switch place {
            case .instance(let uid): "instance \(uid?.string ?? "-")"
            case .pack(let store, let pack): "pack \(store) \(pack?.hex ?? "-")"
            }
        let counts = "counts \(checked) \(packs) \(unread) \(repaired) \(damaged) \(bytes)"
        let lines = [Self.version, counts, here] + damagedInstances.map { "damaged " + $0.string }
        return Array(lines.joined(separator: "\n").utf8)
    }
}
