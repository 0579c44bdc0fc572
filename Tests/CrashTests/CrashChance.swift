import NIOCore
import TestKit

/// What survives a power cut, drawn from a seed.
///
/// A seed also chooses how: everything or nothing of what was not synced, the changes in their order up to one of them,
/// all but one, only one, or each sector by chance.
struct CrashChance: Sendable {
    private enum Manner: Int {
        case nothing, everything, inOrder, allButOne, onlyOne, sectors, pages
    }

    private var random: SplitMix
    private let manner: Manner
    private let namesKeepOrder: Bool

    /// The chance of a seed.
    init(seed: UInt64) {
        random = SplitMix(seed: seed)
        manner = Manner(rawValue: random.next(below: 7)) ?? .sectors
        namesKeepOrder = random.next(below: 2) == 0
    }

    /// The changes of names that survive, in their order.
    mutating func survivors(of changes: [NameChange]) -> [NameChange] {
        guard !changes.isEmpty else { return [] }
        switch manner {
        case .nothing: return []
        case .everything: return changes
        case .inOrder: return Array(changes.prefix(random.next(below: changes.count + 1)))
        case .allButOne, .onlyOne, .sectors, .pages:
            // A journal of the file system keeps the order; POSIX does not ask for one.
            if namesKeepOrder { return Array(changes.prefix(random.next(below: changes.count + 1))) }
            var kept: [NameChange] = []
            for change in changes where random.next(below: 2) == 0 { kept.append(change) }
            return kept
        }
    }

    /// The bytes of a file that was written and not synced.
    mutating func content(of file: DiskReplay.File) -> ByteBuffer {
        var content = file.durable
        let count = file.pending.count
        let chosen = random.next(below: count)
        for (position, change) in file.pending.enumerated() {
            switch manner {
            case .nothing: break
            case .everything: change.apply(to: &content)
            case .inOrder:
                if position < chosen { change.apply(to: &content) }
                if position == chosen { applyTorn(change, to: &content, piece: 512) }
            case .allButOne:
                if position != chosen { change.apply(to: &content) }
            case .onlyOne:
                if position == chosen { change.apply(to: &content) }
            case .sectors: applyTorn(change, to: &content, piece: 512)
            case .pages: applyTorn(change, to: &content, piece: 4_096)
            }
        }
        return content
    }

    /// Keeps each piece of a write by chance; pieces end where sectors or pages of the file do.
    private mutating func applyTorn(_ change: DiskReplay.Change, to content: inout ByteBuffer, piece: Int) {
        guard case .write(let offset, let bytes) = change else {
            if random.next(below: 2) == 0 { change.apply(to: &content) }
            return
        }
        var position = offset
        let end = offset + bytes.readableBytes
        while position < end {
            let next = min(end, (position / piece + 1) * piece)
            let part = bytes.getSlice(at: bytes.readerIndex + position - offset, length: next - position)
            if let part, random.next(below: 2) == 0 { content.overwrite(with: part, at: position) }
            position = next
        }
        // The length of a file may reach the disk before the bytes: then they read as zeros.
        if content.readableBytes < end, random.next(below: 4) == 0 { content.resize(to: end) }
    }
}
