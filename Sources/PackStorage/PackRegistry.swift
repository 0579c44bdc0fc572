import Platform
import Synchronization

/// Which packs are open, and who may touch them: a writer, or the one who seals.
final class PackRegistry: Sendable {
    /// How far a pack has been written.
    struct Extent: Sendable, Hashable {
        /// Bytes up to the end of the last durable record.
        var length: UInt64
        /// Bytes of the file, which an unfinished record may have made longer.
        var fileLength: UInt64
    }

    private enum Phase {
        /// A record is being written.
        case busy
        /// Its writer may go on with it.
        case idle(Extent, since: Timestamp)
        /// Takes no more records.
        case closed(Extent)
        /// Being renamed.
        case sealing(Extent)
        /// Given up after a failed write; start-up recovery decides about its end.
        case abandoned
    }

    private static let suspectCount = 2

    /// When packs were given up lately.
    private let abandonments = Mutex<[Timestamp]>([])
    private let phases = Mutex<[PackID: Phase]>([:])

    /// A new pack, busy.
    func add(_ id: PackID) {
        phases.withLock { $0[id] = .busy }
    }

    /// A pack that was found at start, closed.
    func addClosed(_ id: PackID, length: UInt64) {
        phases.withLock { $0[id] = .closed(Extent(length: length, fileLength: length)) }
    }

    /// Takes an idle pack for writing; `false` when it is being sealed.
    func checkOut(_ id: PackID) -> Bool {
        phases.withLock { phases in
            guard case .idle = phases[id] else { return false }
            phases[id] = .busy
            return true
        }
    }

    /// Gives a pack back after a record.
    func checkIn(_ id: PackID, _ extent: Extent, now: Timestamp) {
        phases.withLock { $0[id] = .idle(extent, since: now) }
    }

    /// No more records.
    func close(_ id: PackID) {
        phases.withLock { phases in
            guard case .idle(let extent, _) = phases[id] else { return }
            phases[id] = .closed(extent)
        }
    }

    /// Gives a pack up: its end is uncertain.
    ///
    /// - Parameter isVolumeSuspect: Whether that tells of a bad volume. A full one is none: some file systems find out
    ///   only when they sync that there is no room.
    func abandon(_ id: PackID, isVolumeSuspect: Bool, now: Timestamp) {
        phases.withLock { $0[id] = .abandoned }
        guard isVolumeSuspect else { return }
        abandonments.withLock { times in
            times.append(now)
            times.removeFirst(max(0, times.count - Self.suspectCount))
        }
    }

    /// Whether two packs were given up within an hour, not for want of space: then the volume takes no more.
    func isVolumeSuspect(now: Timestamp) -> Bool {
        let anHourAgo = now.advanced(by: .seconds(-3_600))
        return abandonments.withLock { times in times.count { $0 > anHourAgo } >= Self.suspectCount }
    }

    /// Takes all packs that are closed, or idle since `time`, for sealing.
    func takeSealable(idleSince time: Timestamp) -> [PackID: Extent] {
        phases.withLock { phases in
            var taken: [PackID: Extent] = [:]
            for (id, phase) in phases {
                switch phase {
                case .closed(let extent): taken[id] = extent
                case .idle(let extent, let since) where since <= time: taken[id] = extent
                case .busy, .idle, .sealing, .abandoned: break
                }
            }
            for (id, extent) in taken { phases[id] = .sealing(extent) }
            return taken
        }
    }

    /// A pack that was not sealed after all; a later call takes it again.
    func giveBack(_ id: PackID) {
        phases.withLock { phases in
            guard case .sealing(let extent) = phases[id] else { return }
            phases[id] = .closed(extent)
        }
    }

    /// Sealed, or gone.
    func remove(_ id: PackID) {
        _ = phases.withLock { $0.removeValue(forKey: id) }
    }

    /// Where the durable records of an open pack end; `nil` when a record is being written or the end is not known.
    func durableLength(_ id: PackID) -> UInt64? {
        phases.withLock { phases in
            switch phases[id] {
            case .idle(let extent, _), .closed(let extent), .sealing(let extent): extent.length
            case .busy, .abandoned, nil: nil
            }
        }
    }

    var abandonedCount: Int {
        phases.withLock { phases in
            phases.values.count {
                if case .abandoned = $0 { true } else { false }
            }
        }
    }
}
