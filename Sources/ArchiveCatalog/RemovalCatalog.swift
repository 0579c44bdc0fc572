public import DICOMCore
public import Platform

/// Opens the header of an instance and gives its column values.
public typealias HeaderValuesReading = @Sendable (SealedHeader) throws -> CatalogValues

/// What a catalog knows of instances that were taken out, and of the packs in which their bytes still lie.
///
/// Each call that changes something is one transaction and may be repeated.
public protocol RemovalCatalog: Sendable {
    /// Takes instances out, with every row that only they made, and notes the deletion and where their records lie.
    ///
    /// Patient, study and series have afterwards the attributes, counts and identity that a catalog without these
    /// instances would have: `reading` gives the values of the new defining instance. An instance that is not there, or is
    /// another record now, is passed over; so is all of a deletion that was restored.
    ///
    /// - Returns: What was taken out by this call.
    func remove(
        _ instances: [RecordReference],
        by deletion: Deletion,
        reading: @escaping HeaderValuesReading
    ) async throws(CatalogError) -> [RemovedRecord]

    /// Puts the instances of a deletion back, and marks it as restored.
    ///
    /// An instance that is there again with another record stays removed. When a study belongs to another patient now,
    /// nothing changes.
    ///
    /// - Returns: One outcome per record, in their order.
    func restore(
        _ records: [InstanceRecord],
        of deletionID: RandomID
    ) async throws(CatalogError) -> [InsertOutcome]

    /// Notes deletions, and records that they took, as packs tell them; what is known already is written over.
    func note(_ deletions: [Deletion], removed: [RemovedRecord]) async throws(CatalogError)

    /// The deletion of that name; `nil` without one.
    func deletion(_ id: RandomID) async throws(CatalogError) -> Deletion?

    /// Deletions in one state (all without one), the oldest first, behind `last`.
    func deletions(
        _ state: Deletion.State?,
        after last: Deletion?,
        limit: Int
    ) async throws(CatalogError) -> [Deletion]

    /// Records that a deletion took, in the order of their ids, behind `last`.
    func removedRecords(
        of deletionID: RandomID,
        after last: RandomID?,
        limit: Int
    ) async throws(CatalogError) -> [RemovedRecord]

    /// Those of some records that a deletion took.
    func removedRecords(among ids: [RandomID]) async throws(CatalogError) -> [RemovedRecord]

    /// Tells where records lie now, living and removed ones, and which packs they left.
    func move(
        _ moves: [(record: RecordReference, location: StoredLocation)],
        superseding packs: [SupersededPack]
    ) async throws(CatalogError)

    /// The packs whose records have been copied and that are still there.
    func supersededPacks() async throws(CatalogError) -> [SupersededPack]

    /// The packs with records of deletions that cannot be taken back, without superseded ones.
    func deadPacks() async throws(CatalogError) -> [DeadPack]

    /// The packs with removed records under a key.
    func removedPacks(under studyKeyID: RandomID) async throws(CatalogError) -> [RandomID]

    /// Forgets a pack that is gone, and the removed records in it.
    func forgetPack(_ packID: RandomID) async throws(CatalogError)

    /// Every pack that a row names: of instances, of removed records, of packs that have been copied.
    ///
    /// Costs a step for each pack, not for each instance.
    func namedPacks() async throws(CatalogError) -> Set<RandomID>

    /// Wipes everything about a study that is under its older keys: rows, headers, deletions; overwrites the bytes and empties
    /// the log.
    ///
    /// - Parameters:
    ///   - keyGeneration: The newest key whose records go.
    ///   - reading: Opens the header of an instance that stays, when its series or study needs another to speak for it.
    /// - Returns: How many instances went.
    func purge(
        study studyInstanceUID: UID,
        through keyGeneration: UInt32,
        reading: @escaping HeaderValuesReading
    ) async throws(CatalogError) -> Int
}
