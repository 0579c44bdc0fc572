import ArchiveCatalog
import DICOMCore
import Platform
import Synchronization

/// A catalog whose first insertions fail.
final class FailingCatalog: Catalog {
    private let catalog: any Catalog
    private let failures: Mutex<Int>
    private let counted = Mutex<[Int]>([])

    /// The sizes of the transactions that were tried.
    var batches: [Int] { counted.withLock { $0 } }

    private let code: CatalogError.Code
    private let movesFail = Mutex(false)

    private let meanwhile = Mutex<(@Sendable () async -> Void)?>(nil)

    /// Has something done once, in the middle of the next removal or the next reading of all rows.
    func interrupt(_ body: @escaping @Sendable () async -> Void) { meanwhile.withLock { $0 = body } }

    private func beInterrupted() async {
        let body = meanwhile.withLock { body in
            defer { body = nil }
            return body
        }
        await body?()
    }

    /// Lets that many insertions or removals fail from now on.
    func failNext(_ count: Int) { failures.withLock { $0 = count } }

    /// Lets all moves of records fail from now on.
    func failMoves() { movesFail.withLock { $0 = true } }

    init(_ catalog: any Catalog, failures: Int, code: CatalogError.Code = .failed) {
        self.code = code
        self.catalog = catalog
        self.failures = Mutex(failures)
    }

    func insert(_ records: [InstanceRecord]) async throws(CatalogError) -> [InsertOutcome] {
        counted.withLock { $0.append(records.count) }
        let fails = failures.withLock { left in
            left -= 1
            return left >= 0
        }
        guard !fails else { throw CatalogError(code, "as the test wants it") }
        return try await catalog.insert(records)
    }

    func find(_ query: CatalogQuery) async throws(CatalogError) -> [CatalogRow] {
        try await catalog.find(query)
    }

    func instance(_ sopInstanceUID: UID) async throws(CatalogError) -> InstanceRecord? {
        try await catalog.instance(sopInstanceUID)
    }

    func instances(
        ofStudy studyInstanceUID: UID,
        series seriesInstanceUID: UID?,
        after last: InstanceRecord?,
        limit: Int,
        includesHeader: Bool
    ) async throws(CatalogError) -> [InstanceRecord] {
        try await catalog.instances(
            ofStudy: studyInstanceUID,
            series: seriesInstanceUID,
            after: last,
            limit: limit,
            includesHeader: includesHeader
        )
    }

    func allInstances(after sopInstanceUID: UID?, limit: Int) async throws(CatalogError) -> [InstanceRecord] {
        await beInterrupted()
        return try await catalog.allInstances(after: sopInstanceUID, limit: limit)
    }

    func studyHoldings(after position: StudyPosition?, limit: Int) async throws(CatalogError) -> [StudyHolding] {
        try await catalog.studyHoldings(after: position, limit: limit)
    }

    func studyHolding(_ studyInstanceUID: UID) async throws(CatalogError) -> StudyHolding? {
        try await catalog.studyHolding(studyInstanceUID)
    }

    func counts() async throws(CatalogError) -> CatalogCounts {
        try await catalog.counts()
    }

    func remove(
        _ instances: [RecordReference],
        by deletion: Deletion,
        reading: @escaping HeaderValuesReading
    ) async throws(CatalogError) -> [RemovedRecord] {
        let fails = failures.withLock { left in
            left -= 1
            return left >= 0
        }
        guard !fails else { throw CatalogError(code, "as the test wants it") }
        await beInterrupted()
        return try await catalog.remove(instances, by: deletion, reading: reading)
    }

    func restore(_ records: [InstanceRecord], of deletionID: RandomID) async throws(CatalogError) -> [InsertOutcome] {
        try await catalog.restore(records, of: deletionID)
    }

    func note(_ deletions: [Deletion], removed: [RemovedRecord]) async throws(CatalogError) {
        try await catalog.note(deletions, removed: removed)
    }

    func deletion(_ id: RandomID) async throws(CatalogError) -> Deletion? {
        try await catalog.deletion(id)
    }

    func deletions(
        _ state: Deletion.State?,
        after last: Deletion?,
        limit: Int
    ) async throws(CatalogError) -> [Deletion] {
        try await catalog.deletions(state, after: last, limit: limit)
    }

    func removedRecords(
        of deletionID: RandomID,
        after last: RandomID?,
        limit: Int
    ) async throws(CatalogError) -> [RemovedRecord] {
        try await catalog.removedRecords(of: deletionID, after: last, limit: limit)
    }

    func removedRecords(among ids: [RandomID]) async throws(CatalogError) -> [RemovedRecord] {
        try await catalog.removedRecords(among: ids)
    }

    func move(
        _ moves: [(record: RecordReference, location: StoredLocation)],
        superseding packs: [SupersededPack]
    ) async throws(CatalogError) {
        guard !movesFail.withLock({ $0 }) else { throw CatalogError(code, "as the test wants it") }
        try await catalog.move(moves, superseding: packs)
    }

    func supersededPacks() async throws(CatalogError) -> [SupersededPack] {
        try await catalog.supersededPacks()
    }

    func deadPacks() async throws(CatalogError) -> [DeadPack] {
        try await catalog.deadPacks()
    }

    func removedPacks(under studyKeyID: RandomID) async throws(CatalogError) -> [RandomID] {
        try await catalog.removedPacks(under: studyKeyID)
    }

    func forgetPack(_ packID: RandomID) async throws(CatalogError) {
        try await catalog.forgetPack(packID)
    }

    func namedPacks() async throws(CatalogError) -> Set<RandomID> {
        try await catalog.namedPacks()
    }

    func purge(
        study studyInstanceUID: UID,
        through keyGeneration: UInt32,
        reading: @escaping HeaderValuesReading
    ) async throws(CatalogError) -> Int {
        try await catalog.purge(study: studyInstanceUID, through: keyGeneration, reading: reading)
    }

    func makeDurable() async throws(CatalogError) {
        try await catalog.makeDurable()
    }

    func close() async throws(CatalogError) {
        try await catalog.close()
    }
}
