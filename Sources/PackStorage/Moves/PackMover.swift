import Logging
public import Platform
import Synchronization

/// Takes packs from store to store, so that at every instant one verified copy is known.
///
/// The steps are those of ``PackMove``; each change of the registry is durable before the next step. Moves of one pack
/// follow each other. Memory is bounded: bytes pass in pieces.
public final class PackMover: Sendable {
    /// How far a move has come.
    public enum Outcome: Sendable, Hashable {
        /// The pack lies where it is wanted, and nowhere else.
        case done
        /// It lies where it is wanted; another place is readable until that time and goes then.
        case retiring(until: Timestamp)
    }

    /// How long a place stays readable after it was given up.
    public let graceTime: Duration
    let packs: PackStore
    let tiers: PackTiers
    let gate = KeyGate<PackID>()
    let keyring: KeyringCopies?
    /// Packs of which single records are in a store.
    let secured = Mutex<Set<PackID>>([])

    /// Makes a mover of the packs of a store.
    ///
    /// - Parameter keyring: Brings the keys of the packs into each store before a pack counts as being there; `nil` for none.
    public init(
        packs: PackStore,
        tiers: PackTiers,
        graceTime: Duration = .seconds(86_400),
        keyring: KeyringCopies? = nil
    ) {
        self.packs = packs
        self.tiers = tiers
        self.graceTime = graceTime
        self.keyring = keyring
    }

    /// Brings a pack where it is wanted, and takes it away from everywhere else after the grace time.
    ///
    /// May be called again at any time, with the same goal or another one.
    ///
    /// - Throws: `.stillOpen` while a writer may append; `.packNotFound`; `.store` when a store failed: what was done stays
    ///   done, and a later call goes on; `.frozen` when every place must be thawed first; `.malformedPack`, `.sealBroken` when
    ///   the pack is damaged.
    @discardableResult
    public func move(_ pack: PackID, to stores: Set<StoreName>) async throws(PackError) -> Outcome {
        try await alone(pack) { _ in stores }
    }

    /// Brings a pack into a store and leaves it where it is.
    @discardableResult
    public func copy(_ pack: PackID, to store: StoreName) async throws(PackError) -> Outcome {
        try await alone(pack) { places in
            Set(places.filter { $0.state == .verified || $0.state == .copying }.map(\.store))
                .union(places.isEmpty ? [.hot, store] : [store])
        }
    }

    /// Takes back what is under way: copies that are not verified go, places that were to go stay.
    public func cancel(_ pack: PackID) async throws(PackError) {
        try await alone(pack) { places in
            let kept = Set(places.filter { $0.state.isReadable }.map(\.store))
            return kept.isEmpty ? nil : kept
        }
    }

    /// Goes on with everything that the registry says is under way or due: at start, and from time to time.
    ///
    /// One pack after the other, so that it stays in the background. A failure ends the work on its pack only.
    ///
    /// - Parameter stores: Of these only; all when `nil`.
    public func resume(in stores: Set<StoreName>? = nil) async throws(PackError) -> PackMoveReport {
        var report = PackMoveReport()
        for store in [.hot] + tiers.stores.map(\.name) where stores?.contains(store) ?? true {
            for state in [PackPlaceState.removing, .retiring, .copying] {
                try await resume(store, state, &report)
            }
        }
        return report
    }

    private func resume(
        _ store: StoreName,
        _ state: PackPlaceState,
        _ report: inout PackMoveReport
    ) async throws(PackError) {
        var last: PackID?
        while true {
            let places = try await tiers.places.places(in: store, state: state, after: last, limit: 256)
            guard let end = places.last else { return }
            last = end.packID
            for place in places {
                if state == .retiring, place.changed.advanced(by: graceTime) > packs.clock.now() { continue }
                do throws(PackError) {
                    try await resume(place.packID)
                    report.packCount += 1
                } catch {
                    guard error.code != .cancelled else { throw error }
                    report.failures.append(error)
                    packs.logger.warning(
                        "a pack could not be moved; it will be tried again",
                        metadata: [
                            LogKeys.packID: "\(place.packID.hex)", LogKeys.error: "\(error.description)",
                            "store": "\(store)",
                        ]
                    )
                }
            }
        }
    }

    /// Goes on with one pack.
    private func resume(_ pack: PackID) async throws(PackError) {
        let places = try await tiers.places.places(of: pack)
        guard !places.isEmpty else { return }
        guard places.contains(where: { $0.state != .removing }) else { return try await destroy(pack) }
        try await alone(pack) { places in
            var kept = Set(places.filter { $0.state == .verified || $0.state == .copying }.map(\.store))
            // Waits for its first copy: its bytes are in the data folder, and stay there.
            if !places.contains(where: { $0.store == .hot || $0.state.isReadable }) { kept.insert(.hot) }
            return kept.isEmpty ? nil : kept
        }
    }

    /// Removes a pack from every store, the data folder included, whatever becomes of its records.
    ///
    /// Only for packs that nobody wants any more: shredded, or rewritten elsewhere. Once this has begun nothing stops it;
    /// what a store refuses is tried again by ``resume()``.
    public func destroy(_ pack: PackID) async throws(PackError) {
        await gate.enter(pack)
        defer { gate.leave(pack) }
        if try await packs.isOpen(pack) { try await packs.removeKeyless(pack) }
        var places = try await tiers.places.places(of: pack)
        if !places.contains(where: { $0.store == .hot }) {
            places.append(
                PackPlace(
                    packID: pack,
                    store: .hot,
                    state: .removing,
                    size: 0,
                    sha256: [],
                    verified: nil,
                    changed: packs.clock.now()
                )
            )
        }
        let going = places.map { $0.changed(to: .removing, at: packs.clock.now()) }
        try await tiers.places.set(going)
        var failure: PackError?
        for place in going {
            do throws(PackError) {
                try await deleteBytes(pack, in: place.store)
            } catch {
                failure = error
            }
        }
        // Single records may lie where the pack never came.
        for named in tiers.stores {
            do throws(PackError) {
                try await removeRecords(of: pack, in: named)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        // The rows go last, that of the data folder at the very end: a pack without any row would be an ordinary one.
        for place in going where place.store != .hot { try await tiers.places.remove(pack, from: place.store) }
        try await tiers.places.remove(pack, from: .hot)
    }

    /// Drives a pack to a goal, step by step; `nil` for nothing to do.
    @discardableResult
    private func alone(
        _ pack: PackID,
        _ goal: ([PackPlace]) -> Set<StoreName>?
    ) async throws(PackError) -> Outcome {
        await gate.enter(pack)
        defer { gate.leave(pack) }
        var places = try await tiers.places.places(of: pack)
        guard let goal = goal(places), !goal.isEmpty else { return .done }
        for name in goal where name != .hot && tiers.store(name) == nil { throw PackError(.unknownStore, packID: pack) }
        let move = PackMove(to: goal, graceTime: graceTime)
        while true {
            let step = move.next(places, now: packs.clock.now())
            switch step {
            case .done: return .done
            case .wait(let time): return .retiring(until: time)
            case .stuck: throw PackError(.noVerifiedPlace, packID: pack)
            default: try await perform(step, pack, places, goal)
            }
            places = try await tiers.places.places(of: pack)
        }
    }

    private func perform(
        _ step: PackMove.Step,
        _ pack: PackID,
        _ places: [PackPlace],
        _ goal: Set<StoreName>
    ) async throws(PackError) {
        let now = packs.clock.now()
        switch step {
        case .register: try await register(pack)
        case .announce(let stores):
            guard let known = places.first(where: { $0.state.isReadable }) else { return }
            let rows = stores.map { store in
                PackPlace(
                    packID: pack,
                    store: store,
                    state: .copying,
                    size: known.size,
                    sha256: known.sha256,
                    verified: nil,
                    changed: now
                )
            }
            try await tiers.places.set(rows)
        case .copy(let store): try await copy(pack, to: store, places)
        case .keep(let store): try await keep(pack, store, places)
        case .retire(let stores):
            // A copy that was never verified goes at once.
            let given = places.filter { stores.contains($0.store) }
            try await tiers.places.set(
                given.map { $0.changed(to: $0.state == .verified ? .retiring : .removing, at: now) }
            )
        case .confirm(let store): try await confirm(pack, store, places)
        case .remove(let store):
            if store == .hot { try await confirmRemoval(pack, places) }
            try await deleteBytes(pack, in: store)
            try await tiers.places.remove(pack, from: store)
        case .done, .wait, .stuck: break
        }
    }
}

/// What a round over all packs that are under way has done.
public struct PackMoveReport: Sendable, Hashable {
    /// Packs that were brought on.
    public var packCount = 0
    /// What went wrong; each of these packs is tried again.
    public var failures: [PackError] = []

    /// Nothing done yet.
    public init() {}
}

extension PackPlace {
    /// The same place in another state.
    func changed(to state: PackPlaceState, at time: Timestamp) -> PackPlace {
        var place = self
        place.state = state
        place.changed = time
        return place
    }

    /// The same place, verified.
    func verified(at time: Timestamp) -> PackPlace {
        var place = self
        if state != .verified { place.changed = time }
        place.state = .verified
        place.verified = time
        return place
    }
}
