public import PackStorage

/// In which stores a pack lies when a rule has named the one where it is wanted.
public struct Placement: Sendable, Hashable {
    /// The stores besides the data folder, in the order in which they take further copies.
    public let stores: [StoreName]
    /// Copies of each moved pack.
    public let replicas: Int

    /// Makes a placement.
    public init(stores: [StoreName] = [], replicas: Int = 1) {
        self.stores = stores
        self.replicas = max(1, replicas)
    }

    /// Where a pack is to lie: in the wanted store, and in as many others as it takes to have enough copies.
    ///
    /// Copies that are there stay before new ones are made, those of the data folder last: space there is what moving is
    /// for.
    public func goal(of pack: PackFacts, wantedIn target: StoreName) -> Set<StoreName> {
        var goal: Set = [target]
        let others = stores.filter { pack.stores.contains($0) } + stores.filter { !pack.stores.contains($0) } + [.hot]
        for store in others where goal.count < replicas { goal.insert(store) }
        return goal
    }
}

/// A pack that is to lie elsewhere.
public struct PackMovement: Sendable, Hashable {
    /// The pack.
    public let pack: PackFacts
    /// All stores that it is to lie in.
    public let goal: Set<StoreName>

    /// Makes a movement.
    public init(pack: PackFacts, goal: Set<StoreName>) {
        self.pack = pack
        self.goal = goal
    }

    /// Bytes that are written for it.
    public var copiedBytes: UInt64 {
        goal.subtracting(pack.stores).reduce(0) { sum, _ in sum.addingClamped(pack.bytes) }
    }
}
