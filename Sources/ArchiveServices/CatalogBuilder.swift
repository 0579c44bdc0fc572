import ArchiveCatalog
import DICOMCoding
import DICOMCore
import Logging
public import PackStorage
import Platform
import Sealing

/// Puts what packs hold into a catalog: after a crash the records that it lacks, for a rebuild all of them.
///
/// Works from manifests alone; no payload is read.
struct CatalogBuilder: Sendable {
    private static let batchLimit = 512
    /// Bytes of headers and frame indexes that may wait for one transaction.
    private static let batchBytes = 16 << 20

    let keyring: Keyring
    let catalog: any Catalog
    let assumedCharacterSets: AssumedCharacterSets
    let logger: Logger

    private(set) var report = RecoveryReport()
    private var batch: [InstanceRecord] = []
    private var waitingBytes = 0
    /// The record before the one at hand: a tombstone right behind it takes it back.
    private var held: InstanceRecord?

    init(keyring: Keyring, catalog: any Catalog, assumedCharacterSets: AssumedCharacterSets, logger: Logger) {
        self.keyring = keyring
        self.catalog = catalog
        self.assumedCharacterSets = assumedCharacterSets
        self.logger = logger
    }

    /// Takes the next record of a pack.
    mutating func add(_ record: PackRecord) async throws {
        report.records += 1
        switch record.kind {
        case .instance: break
        case .tombstone: return takeBack(record)
        case .edit: return
        }
        guard let manifest = InstanceManifest(decoding: record.manifest) else {
            report.unreadable += 1
            logger.error(
                "a record's manifest cannot be read; the record stays where it is",
                metadata: [
                    LogKeys.packID: "\(record.location.packID.hex)", LogKeys.offset: "\(record.location.offset)",
                ]
            )
            return
        }
        let location = StoredLocation(record.location)
        let key = try keyring.existingKey(location.studyKeyID, generation: location.keyGeneration)
        try await release()
        held = try manifest.record(at: location, key: key, assuming: assumedCharacterSets)
    }

    /// Writes what was gathered, and makes it durable.
    mutating func finish() async throws {
        try await release()
        try await flush()
        try await catalog.makeDurable()
    }

    private mutating func takeBack(_ tombstone: PackRecord) {
        if let held, Tombstone(decoding: tombstone.manifest)?.recordID == held.location.recordID {
            self.held = nil
        }
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
        for (record, outcome) in zip(batch, try await catalog.insert(batch)) {
            switch outcome {
            case .inserted: report.inserted += 1
            case .alreadyThere(let there) where there.location.recordID == record.location.recordID: report.known += 1
            // Sent again after a failure that left the first record whole.
            case .alreadyThere(let there) where there.isSameObject(as: record): report.known += 1
            case .alreadyThere:
                report.conflicts += 1
                logger.error("two stored records have one SOP Instance UID; the second stays in its pack")
            case .conflict: try await file(record)
            }
        }
        batch.removeAll(keepingCapacity: true)
        waitingBytes = 0
    }
}

extension InstanceRecord {
    fileprivate func isSameObject(as other: InstanceRecord) -> Bool {
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
    /// Records that contradict the index.
    public var conflicts = 0
    /// Records whose manifest cannot be read.
    public var unreadable = 0
}
