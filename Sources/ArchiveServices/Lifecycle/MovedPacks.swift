public import PackStorage

/// The pack store's mover as jobs use it.
public struct MovedPacks: PackMoving {
    private let mover: PackMover
    private let packs: PackStore
    private let thawDays: Int

    /// Makes it.
    ///
    /// - Parameter thawDays: How long a thawed pack stays readable.
    public init(mover: PackMover, packs: PackStore, thawDays: Int) {
        self.mover = mover
        self.packs = packs
        self.thawDays = thawDays
    }

    /// Brings a pack into these stores, and lets its other copies go after the grace time.
    public func move(_ pack: PackID, to stores: Set<StoreName>) async throws {
        try await mover.move(pack, to: stores)
    }

    /// Goes on with what is under way; keys that were taken out of the keyring go from the stores as well.
    public func settle() async throws {
        try await mover.renewKeyrings()
        _ = try await mover.resume()
    }

    /// Whether the pack can be read now.
    public func availability(of pack: PackID) async throws -> PackAvailability {
        switch try await packs.availability(of: pack) {
        case .online, .thawed: .readable
        case .frozen: .frozen
        case .thawing: .thawing
        // No other store tells of it: the data folder has it, or a read finds out what is wrong.
        case nil: .readable
        }
    }

    /// Begins to make a frozen pack readable.
    public func thaw(_ pack: PackID) async throws {
        try await packs.thaw(pack, days: thawDays)
    }

    /// Brings a readable pack into the data folder.
    public func prefetch(_ pack: PackID) async throws {
        try await mover.copy(pack, to: .hot)
    }

    /// Reads all bytes of a pack in one store, and makes a copy that is not right anew.
    public func check(_ pack: PackID, in store: StoreName, pace: @escaping PiecePace) async throws -> Bool {
        try await mover.verify(pack, in: store, readsAll: true, pace: pace)
    }
}

extension MovedPacks: PackDestroying {
    /// Removes a pack from every store.
    public func destroy(_ pack: PackID) async throws(PackError) {
        try await mover.destroy(pack)
    }

    /// Brings a pack into the stores of those that it stands for.
    public func carry(_ successor: PackID, asWidelyAs old: [PackID]) async throws(PackError) {
        try await mover.carry(successor, asWidelyAs: old)
    }

    /// Whether a pack is kept as widely as one that it stands for.
    public func isKept(_ successor: PackID, asWidelyAs old: PackID) async throws(PackError) -> Bool {
        try await mover.isKept(successor, asWidelyAs: old)
    }
}
