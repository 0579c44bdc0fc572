public import Platform

/// Decides what is next on the way of a pack to where it is wanted.
///
/// Knows only what the registry holds, so that a program that starts after any end of another one goes on where that
/// stopped. Each step may be repeated. At every moment one place is verified and stays so until another one is:
///
///     no row -> register: hot is verified
///     wanted, no row -> announce: copying -> copy: verified
///     not wanted, verified -> retire: retiring -> grace time -> confirm: removing -> remove: no row
public struct PackMove: Sendable, Hashable {
    /// Where the pack is wanted; not empty.
    public let goal: Set<StoreName>
    /// How long a place stays readable after it was given up.
    public let graceTime: Duration

    /// A way to a goal.
    public init(to goal: Set<StoreName>, graceTime: Duration) {
        precondition(!goal.isEmpty, "a pack is wanted in at least one store")
        self.goal = goal
        self.graceTime = graceTime
    }

    /// What to do.
    public enum Step: Sendable, Hashable {
        /// Check the pack in the data folder, compute its digest, and put its first row in.
        case register
        /// Put rows in that say where the pack will be.
        case announce([StoreName])
        /// Put the bytes there, verify them, and say so.
        case copy(StoreName)
        /// Verify a place that was to go, and rely on it again.
        case keep(StoreName)
        /// Say that these places go after the grace time.
        case retire([StoreName])
        /// Verify the places that stay once more, and then give this one up.
        case confirm(StoreName)
        /// Remove the bytes, then the row.
        case remove(StoreName)
        /// Nothing before that time.
        case wait(until: Timestamp)
        /// The pack lies where it is wanted, and nowhere else.
        case done
        /// No place can be relied on: an operator must act.
        case stuck
    }

    /// The next step for a pack with these rows.
    public func next(_ places: [PackPlace], now: Timestamp) -> Step {
        func stores(_ state: PackPlaceState) -> [StoreName] {
            places.filter { $0.state == state }.map(\.store).sorted()
        }
        let verified = stores(.verified)
        guard !places.isEmpty else { return .register }
        // A place that is being removed may hold bytes or none: it is cleared before anything is put there again.
        if let store = stores(.removing).first {
            return verified.isEmpty && stores(.retiring).isEmpty ? .stuck : .remove(store)
        }
        if let store = stores(.retiring).first(where: goal.contains) { return .keep(store) }
        guard !verified.isEmpty else {
            if let store = stores(.retiring).first { return .keep(store) }
            // Packs that wait for their first copy were announced by name alone.
            return places.contains { $0.store == .hot } ? .stuck : .register
        }
        let missing = goal.subtracting(places.map(\.store)).sorted()
        guard missing.isEmpty else { return .announce(missing) }
        let copying = stores(.copying)
        if let store = copying.first(where: goal.contains) { return .copy(store) }
        // All that is wanted is verified now.
        let given = (verified + copying).filter { !goal.contains($0) }.sorted()
        guard given.isEmpty else { return .retire(given) }
        let retiring = places.filter { $0.state == .retiring }
        guard let first = retiring.min(by: { ($0.changed, $0.store) < ($1.changed, $1.store) }) else { return .done }
        let due = first.changed.advanced(by: graceTime)
        return due <= now ? .confirm(first.store) : .wait(until: due)
    }
}
