public import DICOMCore
public import PackStorage

/// What the lifecycle of studies stands on: stores, rules and who moves packs.
public struct LifecycleSetup: Sendable {
    /// The stores besides the data folder.
    public var stores: [StoreDescription] = []
    /// The same stores, to be tried out.
    public var blobStores: [NamedBlobStore] = []
    /// Where studies are to lie, the strongest first.
    public var rules: [LifecycleRule] = []
    /// When the rules are looked at.
    public var schedule = JobSchedule()
    /// When a pass of scrubbing begins.
    public var scrubSchedule = JobSchedule()
    /// How fast scrubbing reads.
    public var scrubRate = RateLimit(bytesPerSecond: nil)
    /// How fast packs move.
    public var rate = RateLimit(bytesPerSecond: nil)
    /// Copies of each moved pack.
    public var replicas = 1
    /// How often moves that are under way are gone on with.
    public var settleInterval: Duration = .seconds(600)
    /// How often a store is asked how far the thawing of a pack is.
    public var recallInterval: Duration = .seconds(60)
    /// Where packs lie.
    public var places: any PackPlaces = MemoryPackPlaces()
    /// Who moves them.
    public var mover: any PackMoving = SettledPacks()
    /// What brings new packs into another store; `nil` when they stay in the data folder.
    public var remoteIngest: RemoteIngest?
    /// Whether a sender of that name waits until ``remoteIngest`` has its object.
    public var waitsForRemote: @Sendable (String) -> Bool = { _ in false }
    /// Which studies must stay where they are.
    public var holds: any StudyHolds = NoHolds()
    /// Space of the data folder's volume.
    public var space: VolumeSpace = { (free: .max, total: .max) }

    var placement: Placement { Placement(stores: stores.map(\.name), replicas: replicas) }

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
    public func move(_ pack: PackID, to stores: Set<StoreName>) async throws {
        throw ArchiveError(.badRequest, "No store is configured: name it under 'stores' in the configuration file")
    }

    /// Nothing is under way.
    public func settle() async throws {}

    /// At hand.
    public func availability(of pack: PackID) async throws -> PackAvailability { .readable }

    /// Nothing is frozen.
    public func thaw(_ pack: PackID) async throws {}

    /// It lies in the data folder already.
    public func prefetch(_ pack: PackID) async throws {}

    /// There is no other store.
    public func check(_ pack: PackID, in store: StoreName, pace: @escaping PiecePace) async throws -> Bool { true }
}
