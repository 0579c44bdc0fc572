public import DICOMCore
public import PackStorage

/// Brings packs from store to store.
///
/// Every call may be repeated after an unknown outcome.
public protocol PackMoving: Sendable {
    /// Brings a pack into these stores, and lets its other copies go after the grace time.
    ///
    /// - Throws: `PackError` `.stillOpen` for a pack that is still written.
    func move(_ pack: PackID, to stores: Set<StoreName>) async throws
    /// Goes on with what is under way: copies that were interrupted, copies whose grace time is over.
    func settle() async throws
    /// Whether the pack can be read now from one of the places where it lies.
    func availability(of pack: PackID) async throws -> PackAvailability
    /// Begins to make a frozen pack readable, and returns at once.
    func thaw(_ pack: PackID) async throws
    /// Brings a readable pack into the data folder, so that readers get it fast; it stays where it is, too.
    func prefetch(_ pack: PackID) async throws
    /// Reads all bytes of a pack in one store, and makes a copy that is not right anew from another one that is.
    ///
    /// - Returns: Whether it was right.
    /// - Throws: `PackError` `.noVerifiedPlace` when it is not and there is no other; `.frozen`, `.store`.
    func check(_ pack: PackID, in store: StoreName, pace: @escaping PiecePace) async throws -> Bool
}

/// Whether a pack can be read now.
public enum PackAvailability: Sendable, Hashable {
    /// From the data folder or its cache, or from a store that answers at once.
    case readable
    /// Only after it was thawed.
    case frozen
    /// Being thawed.
    case thawing
    /// No place of it answers.
    case unreachable
}

/// Which studies must stay as they are.
public protocol StudyHolds: Sendable {
    /// Those of these studies that are held.
    func heldStudies(among studies: [UID]) async throws(ArchiveError) -> Set<UID>
}

/// How much space the volume of the data folder has.
public typealias VolumeSpace = @Sendable () async throws -> (free: UInt64, total: UInt64)
