import ArchiveCatalog
import DICOMCore
import Synchronization

/// A catalog whose first insertions fail.
final class FailingCatalog: Catalog {
    private let catalog: any Catalog
    private let failures: Mutex<Int>
    private let counted = Mutex<[Int]>([])

    /// The sizes of the transactions that were tried.
    var batches: [Int] { counted.withLock { $0 } }

    private let code: CatalogError.Code

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
        try await catalog.allInstances(after: sopInstanceUID, limit: limit)
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

    func makeDurable() async throws(CatalogError) {
        try await catalog.makeDurable()
    }

    func close() async throws(CatalogError) {
        try await catalog.close()
    }
}
