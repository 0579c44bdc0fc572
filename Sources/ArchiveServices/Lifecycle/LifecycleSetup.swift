public import DICOMCore
public import PackStorage

/// What the lifecycle of studies stands on: stores, rules and who moves packs.
public struct LifecycleSetup: Sendable {
    /// The stores besides the data folder.
    public var stores: [StoreDescription] = []
    /// Where studies are to lie, the strongest first.
    public var rules: [LifecycleRule] = []
    /// When the rules are looked at.
    public var schedule = JobSchedule()
    /// How fast packs move.
    public var rate = RateLimit(bytesPerSecond: nil)
    /// How often a store is asked how far the thawing of a pack is.
    public var recallInterval: Duration = .seconds(60)
    /// Where packs lie.
    public var places: any PackPlaces = MemoryPackPlaces()
    /// Who moves them.
    public var mover: any PackMoving = SettledPacks()
    /// Which studies must stay where they are.
    public var holds: any StudyHolds = NoHolds()
    /// Space of the data folder's volume.
    public var space: VolumeSpace = { (free: .max, total: .max) }

    /// An archive in one folder, without rules.
    public init() {}
}

/// Nothing is held.
public struct NoHolds: StudyHolds {
    /// Makes it.
    public init() {}

    /// None.
    public func heldStudies(among studies: [UID]) async throws(ArchiveError) -> Set<UID> { [] }
}

/// Packs of an archive that has one store only: all of them are at hand, and none moves.
public struct SettledPacks: PackMoving {
    /// Makes it.
    public init() {}

    /// Refuses: there is nowhere to go.
    public func move(_ pack: PackID, to store: StoreName) async throws -> UInt64 {
        throw ArchiveError(.badRequest, "No store is configured: name it under 'stores' in the configuration file")
    }

    /// At hand.
    public func availability(of pack: PackID) async throws -> PackAvailability { .readable }

    /// Nothing is frozen.
    public func thaw(_ pack: PackID) async throws {}

    /// It lies in the data folder already.
    public func prefetch(_ pack: PackID) async throws -> UInt64 { 0 }
}
