import ArchiveCatalog
import DICOMCoding
import DICOMCore
import Logging
public import PackStorage
import Platform
import Sealing

/// Puts what packs hold into a catalog: after a crash the records that it lacks, for a rebuild all of them.
///
/// Works from manifests alone; no payload is read. One walk is enough, whatever the order of the packs: what tombstones
/// say is applied at the end, and a record that stands in the way of another one until then waits.
struct CatalogBuilder: Sendable {
    private static let batchLimit = 512
    /// Bytes of headers and frame indexes that may wait for one transaction.
    private static let batchBytes = 16 << 20

    let keyring: Keyring
    let catalog: any Catalog
    let packs: PackStore
    let assumedCharacterSets: AssumedCharacterSets
    let logger: Logger
    /// Whether the catalog began empty, so that it knows of no removal that an open pack does not tell.
    let isRebuild: Bool

    private(set) var report = RecoveryReport()
    private var batch: [InstanceRecord] = []
    private var waitingBytes = 0
    /// The record before the one at hand: a tombstone right behind it takes it back.
    private var held: InstanceRecord?
    /// Records that the catalog refused while others stood in their way.
    private var deferred: [StoredLocation] = []
    private var removals = RemovalLedger()
    /// The records of the pack at hand, should it end by superseding others.
    private var packRecords: [(record: RecordReference, location: StoredLocation)] = []
    private var packID: PackID?

    init(
        keyring: Keyring,
        catalog: any Catalog,
        packs: PackStore,
        assumedCharacterSets: AssumedCharacterSets,
        isRebuild: Bool,
        logger: Logger
    ) {
        self.keyring = keyring
        self.catalog = catalog
        self.packs = packs
        self.assumedCharacterSets = assumedCharacterSets
        self.isRebuild = isRebuild
        self.logger = logger
    }

    /// Takes the next record of a pack.
    mutating func add(_ record: PackRecord) async throws {
        report.records += 1
        if packID != record.location.packID {
            packID = record.location.packID
            packRecords = []
            removals.sawPack(record.location.packID.rawValue)
        }
        switch record.kind {
        case .instance: break
        case .tombstone: return try await take(record)
        case .edit: return
        }
        guard let manifest = InstanceManifest(decoding: record.manifest) else { return noteUnreadable(record) }
        let location = StoredLocation(record.location)
        let reference = RecordReference(sopInstanceUID: manifest.path.sopInstanceUID, recordID: location.recordID)
        packRecords.append((reference, location))
        let key = try keyring.existingKey(location.studyKeyID, generation: location.keyGeneration)
        try await release()
        held = try manifest.record(at: location, key: key, assuming: assumedCharacterSets)
    }

    /// Writes what was gathered, applies what tombstones say, and makes it durable.
    mutating func finish() async throws {
        try await release()
        try await flush()
        let settlement = RemovalSettlement(
            ledger: removals,
            catalog: catalog,
            packs: packs,
            headers: HeaderReader(keyring: keyring, assumedCharacterSets: assumedCharacterSets)
        )
        if isRebuild { try await settlement.settleRebuild() } else { try await settlement.settleRecovery() }
        // The newest copy of a record comes last, so that its place stays.
        let waiting =
            deferred.filter { removals.isSuperseded($0.packID) } + deferred.filter { !removals.isSuperseded($0.packID) }
        deferred = []
        let removed = waiting.isEmpty ? [:] : removals.removedRecords()
        for location in waiting { try await insertDeferred(location, settlement, removed) }
        try await catalog.makeDurable()
    }

    private mutating func take(_ record: PackRecord) async throws {
        guard let tombstone = Tombstone(decoding: record.manifest) else { return noteUnreadable(record) }
        switch tombstone {
        case .takesBack(let recordID):
            if held?.location.recordID == recordID { held = nil }
        case .supersedes(let old, let time):
            try await release()
            try await flush()
            let id = record.location.packID.rawValue
            removals.supersede(old, by: id, keyID: record.location.studyKeyID.rawValue, at: time)
            // Unless a still newer copy was met before.
            if !removals.isSuperseded(id) { try await catalog.move(packRecords, superseding: []) }
            packRecords = []
        case .deletes, .restores, .ends: removals.note(tombstone)
        }
    }

    private mutating func noteUnreadable(_ record: PackRecord) {
        report.unreadable += 1
        logger.error(
            "a record's manifest cannot be read; the record stays where it is",
            metadata: [
                LogKeys.packID: "\(record.location.packID.hex)", LogKeys.offset: "\(record.location.offset)",
            ]
        )
    }

    private mutating func release() async throws {
        guard let record = held else { return }
        held = nil
        batch.append(record)
        waitingBytes += record.sealedHeader.count + (record.frameIndex?.count ?? 0)
        if batch.count >= Self.batchLimit || waitingBytes >= Self.batchBytes { try await flush() }
    }

    /// Takes what the walk itself had to say.
    mutating func note(_ survey: PackSurvey) {
        report.packs += survey.packCount
        for problem in survey.problems {
            report.problems.append(problem)
            logger.warning(
                "a pack has a problem",
                metadata: [
                    LogKeys.errorCode: "\(problem.kind)", LogKeys.packID: "\(problem.packID?.hex ?? "-")",
                    LogKeys.offset: "\(problem.offset)", LogKeys.byteCount: "\(problem.byteCount)",
                ]
            )
        }
    }

    /// Tries a record again after the removals, from its pack.
    private mutating func insertDeferred(
        _ location: StoredLocation,
        _ settlement: RemovalSettlement,
        _ removed: [RandomID: RandomID]
    ) async throws {
        let record = try await settlement.record(at: location)
        if let deletion = try await settlement.removal(of: record, removed) {
            // Removed, and never in the catalog.
            report.removed += 1
            return try await catalog.note(
                [],
                removed: [
                    RemovedRecord(
                        deletionID: deletion,
                        sopInstanceUID: record.path.sopInstanceUID,
                        location: location
                    )
                ]
            )
        }
        guard let outcome = try await catalog.insert([record]).first else { return }
        switch outcome {
        case .inserted: report.inserted += 1
        case .alreadyThere(let there) where there.location.recordID == record.location.recordID:
            report.known += 1
            guard there.location != location, !removals.isSuperseded(location.packID) else { return }
            let reference = RecordReference(sopInstanceUID: record.path.sopInstanceUID, recordID: location.recordID)
            try await catalog.move([(reference, location)], superseding: [])
        // Sent again after a failure that left the first record whole.
        case .alreadyThere(let there) where there.isSameObject(as: record): report.known += 1
        case .alreadyThere:
            report.conflicts += 1
            logger.error("two stored records have one SOP Instance UID; the second stays in its pack")
        case .conflict: try await file(record)
        }
    }

    /// Files a record whose patient is not its study's under the study's: it was acknowledged, so it must be found.
    ///
    /// That happens when the text of an identity is read with another character set than when it was stored.
    private mutating func file(_ record: InstanceRecord) async throws {
        var record = record
        if let owner = try await catalog.owner(ofStudy: record.path.studyInstanceUID) {
            record.values[.patientID] = owner.patientID
            record.values[.issuerOfPatientID] = owner.issuer
        }
        guard case .inserted = try await catalog.insert([record]).first else {
            report.conflicts += 1
            logger.error("a stored record contradicts the index; it stays in its pack")
            return
        }
        report.inserted += 1
        logger.error(
            "a stored record names another patient than its study; it was filed with the study",
            metadata: [LogKeys.packID: "\(record.location.packID.hex)"]
        )
    }

    private mutating func flush() async throws {
        guard !batch.isEmpty else { return }
        try await dropRemoved()
        for (record, outcome) in zip(batch, try await catalog.insert(batch)) {
            switch outcome {
            case .inserted: report.inserted += 1
            case .alreadyThere(let there) where there.location.recordID == record.location.recordID: report.known += 1
            case .alreadyThere, .conflict: deferred.append(record.location)
            }
        }
        batch.removeAll(keepingCapacity: true)
        waitingBytes = 0
    }

    /// An open pack may hold records whose removal stands in a sealed one, which the catalog knows.
    private mutating func dropRemoved() async throws {
        guard !isRebuild else { return }
        let removed = try await catalog.removedRecords(among: batch.map(\.location.recordID))
        guard !removed.isEmpty else { return }
        let ids = Set(removed.map(\.location.recordID))
        batch.removeAll { ids.contains($0.location.recordID) }
        report.removed += ids.count
    }
}

extension InstanceRecord {
    /// Whether both are the same bytes under the same names.
    func isSameObject(as other: InstanceRecord) -> Bool {
        path == other.path && dataSetDigest == other.dataSetDigest && transferSyntaxUID == other.transferSyntaxUID
    }
}

/// What a walk over packs found.
public struct RecoveryReport: Sendable, Hashable {
    /// Packs walked.
    public var packs = 0
    /// What was wrong with them: torn tails that were cut off, damaged or foreign files.
    public var problems: [PackProblem] = []
    /// Whole records seen.
    public var records = 0
    /// Records that the index lacked and has now.
    public var inserted = 0
    /// Records that the index had.
    public var known = 0
    /// Records that deletions had removed.
    public var removed = 0
    /// Records that contradict the index.
    public var conflicts = 0
    /// Records whose manifest cannot be read.
    public var unreadable = 0

    /// Nothing walked yet.
    public init() {}
}
