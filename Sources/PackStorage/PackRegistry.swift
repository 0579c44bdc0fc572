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
        /// A record is being written behind the durable ones.
        case busy(Extent)
        /// Its writer may go on with it.
        case idle(Extent, since: Timestamp)
        /// Takes no more records.
        case closed(Extent)
        /// Being renamed.
        case sealing(Extent)
        /// Given up after a failed write; start-up recovery decides about what follows the durable records.
        case abandoned(Extent)

        /// How far the durable records reach.
        var extent: Extent {
            switch self {
            case .busy(let extent), .idle(let extent, _), .closed(let extent), .sealing(let extent),
                .abandoned(let extent):
                extent
            }
        }
    }

    private static let suspectCount = 2

    private struct State {
        var phases: [PackID: Phase] = [:]
        /// Closed packs whose writers are gone and that the next writer of the study may go on with.
        var released: [PackReference: OpenPack] = [:]
    }

    /// Released packs that keep their files open.
    private static let releasedLimit = 64

    /// When packs were given up lately.
    private let abandonments = Mutex<[Timestamp]>([])
    private let state = Mutex(State())

    /// A new pack, busy.
    func add(_ id: PackID) {
        state.withLock { $0.phases[id] = .busy(Extent(length: 0, fileLength: 0)) }
    }

    /// A pack that was found at start, closed.
    func addClosed(_ id: PackID, length: UInt64) {
        state.withLock { $0.phases[id] = .closed(Extent(length: length, fileLength: length)) }
    }

    /// Takes an idle pack for writing; `false` when it is being sealed.
    func checkOut(_ id: PackID) -> Bool {
        state.withLock { state in
            guard case .idle(let extent, _) = state.phases[id] else { return false }
            state.phases[id] = .busy(extent)
            return true
        }
    }

    /// Gives a pack back after a record.
    func checkIn(_ id: PackID, _ extent: Extent, now: Timestamp) {
        state.withLock { $0.phases[id] = .idle(extent, since: now) }
    }

    /// No more records.
    func close(_ id: PackID) {
        _ = state.withLock { Self.close(id, &$0) }
    }

    /// No more records by this writer: many requests that bring one object each fill one pack of the study.
    func release(_ pack: OpenPack, _ reference: PackReference) {
        // Lets go of a file outside the lock.
        _ = state.withLock { state -> OpenPack? in
            guard Self.close(pack.id, &state), pack.file != nil else { return nil }
            let other = state.released.updateValue(pack, forKey: reference)
            guard other == nil, state.released.count > Self.releasedLimit else { return other }
            return state.released.popFirst()?.value
        }
    }

    /// Takes a released pack of the study for writing; `nil` without one that is not being sealed.
    func adopt(_ reference: PackReference) -> OpenPack? {
        // What is not taken lets go of its file outside the lock.
        let (released, isTaken) = state.withLock { state -> (OpenPack?, Bool) in
            guard let pack = state.released.removeValue(forKey: reference) else { return (nil, false) }
            guard case .closed(let extent) = state.phases[pack.id] else { return (pack, false) }
            state.phases[pack.id] = .busy(extent)
            return (pack, true)
        }
        return isTaken ? released : nil
    }

    @discardableResult
    private static func close(_ id: PackID, _ state: inout State) -> Bool {
        guard case .idle(let extent, _) = state.phases[id] else { return false }
        state.phases[id] = .closed(extent)
        return true
    }

    /// Gives a pack up: its end is uncertain.
    ///
    /// - Parameter isVolumeSuspect: Whether that tells of a bad volume. A full one is none: some file systems find out
    ///   only when they sync that there is no room.
    func abandon(_ id: PackID, isVolumeSuspect: Bool, now: Timestamp) {
        state.withLock { state in
            state.phases[id] = .abandoned(state.phases[id]?.extent ?? Extent(length: 0, fileLength: 0))
        }
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
        // The packs that are dropped let go of their files outside the lock.
        let (taken, _) = state.withLock { state -> ([PackID: Extent], [OpenPack]) in
            var taken: [PackID: Extent] = [:]
            for (id, phase) in state.phases {
                switch phase {
                case .closed(let extent): taken[id] = extent
                case .idle(let extent, let since) where since <= time: taken[id] = extent
                case .busy, .idle, .sealing, .abandoned: break
                }
            }
            for (id, extent) in taken { state.phases[id] = .sealing(extent) }
            var dropped: [OpenPack] = []
            for (reference, pack) in state.released where taken[pack.id] != nil {
                dropped.append(pack)
                state.released[reference] = nil
            }
            return (taken, dropped)
        }
        return taken
    }

    /// Whether an open pack will never be sealed: given up, or unreadable at the start.
    func isGivenUp(_ id: PackID) -> Bool {
        state.withLock { state in
            switch state.phases[id] {
            case .abandoned, nil: true
            case .busy, .idle, .closed, .sealing: false
            }
        }
    }

    /// A pack that was not sealed after all; a later call takes it again.
    func giveBack(_ id: PackID) {
        state.withLock { state in
            guard case .sealing(let extent) = state.phases[id] else { return }
            state.phases[id] = .closed(extent)
        }
    }

    /// Sealed, or gone.
    func remove(_ id: PackID) {
        _ = state.withLock { $0.phases.removeValue(forKey: id) }
    }

    /// Where the durable records of an open pack end; `nil` when a record is being written or the end is not known.
    func durableLength(_ id: PackID) -> UInt64? {
        state.withLock { state in
            switch state.phases[id] {
            case .idle(let extent, _), .closed(let extent), .sealing(let extent): extent.length
            case .busy, .abandoned, nil: nil
            }
        }
    }

    /// How far the durable records of each pack reach that is not sealed yet.
    func durableLengths() -> [PackID: UInt64] {
        state.withLock { $0.phases.mapValues(\.extent.length) }
    }
}
