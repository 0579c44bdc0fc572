import ArchiveCatalog
import DICOMCore
import Logging
import PackStorage
import Platform

/// The catalog as readers see it: with every object that was acknowledged before the question.
///
/// While the database cannot be written (a full volume), what it holds is still answered.
struct CurrentCatalog: Sendable {
    private let catalog: any Catalog
    private let index: IndexWriter
    private let logger: Logger

    init(_ catalog: any Catalog, index: IndexWriter, logger: Logger) {
        self.catalog = catalog
        self.index = index
        self.logger = logger
    }

    func find(_ query: CatalogQuery) async throws(CatalogError) -> [CatalogRow] {
        await catchUp()
        return try await catalog.find(query)
    }

    func instance(_ sopInstanceUID: UID) async throws(CatalogError) -> InstanceRecord? {
        await catchUp()
        // First here: a record leaves this place only for the catalog.
        if let record = index.pendingRecord(sopInstanceUID) { return record }
        return try await catalog.instance(sopInstanceUID)
    }

    func instances(
        ofStudy studyInstanceUID: UID,
        series seriesInstanceUID: UID?,
        after last: InstanceRecord?,
        limit: Int,
        includesHeader: Bool
    ) async throws(CatalogError) -> [InstanceRecord] {
        await catchUp()
        return try await catalog.instances(
            ofStudy: studyInstanceUID,
            series: seriesInstanceUID,
            after: last,
            limit: limit,
            includesHeader: includesHeader
        )
    }

    func allInstances(after sopInstanceUID: UID?, limit: Int) async throws(CatalogError) -> [InstanceRecord] {
        await catchUp()
        return try await catalog.allInstances(after: sopInstanceUID, limit: limit)
    }

    func studyHoldings(after position: StudyPosition?, limit: Int) async throws(CatalogError) -> [StudyHolding] {
        await catchUp()
        return try await catalog.studyHoldings(after: position, limit: limit)
    }

    func studyHolding(_ studyInstanceUID: UID) async throws(CatalogError) -> StudyHolding? {
        await catchUp()
        return try await catalog.studyHolding(studyInstanceUID)
    }

    /// The packs of a series or an instance.
    func packs(of scope: RetrieveScope) async throws(CatalogError) -> Set<PackID> {
        if let sopInstanceUID = scope.sopInstanceUID {
            return Set(try await [instance(sopInstanceUID)].compactMap { $0.map { PackID($0.location.packID) } })
        }
        var packs: Set<PackID> = []
        var last: InstanceRecord?
        while true {
            let page = try await instances(
                ofStudy: scope.studyInstanceUID,
                series: scope.seriesInstanceUID,
                after: last,
                limit: 1_000,
                includesHeader: false
            )
            guard let end = page.last else { return packs }
            for record in page { packs.insert(PackID(record.location.packID)) }
            last = end
        }
    }

    func removedRecords(among ids: [RandomID]) async throws(CatalogError) -> [RemovedRecord] {
        await catchUp()
        return try await catalog.removedRecords(among: ids)
    }

    func counts() async throws(CatalogError) -> CatalogCounts {
        await catchUp()
        return try await catalog.counts()
    }

    private func catchUp() async {
        do throws(CatalogError) {
            try await index.catchUp()
        } catch {
            logger.error(
                "answers lack the objects that were stored last: the index cannot be written",
                metadata: [LogKeys.error: "\(error)"]
            )
        }
    }
}
