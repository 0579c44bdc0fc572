public import ArchiveCatalog
public import DICOMCore
import GRDB
public import Platform

/// The catalog in one SQLite file whose pages are sealed (see `Schema.md`).
///
/// Readers do not wait for the writer, nor it for them. SQLite works on threads of its own, never on the cooperative
/// pool. A commit survives the end of the process; a power cut takes what came after the last ``makeDurable()``,
/// which the packs still hold.
public final class SQLiteCatalog: Catalog {
    /// Bytes of an index file before its first page: a file that has no more holds nothing.
    public static let sealHeaderLength: UInt64 = 8_192

    private let index: IndexDatabase
    private let queryDuration: Duration

    /// Opens the index at `path`, or makes an empty one where no file is; the folder must exist.
    ///
    /// Blocks for the time that SQLite needs to read its log.
    ///
    /// - Parameters:
    ///   - path: The file; `-wal` and `-shm` are put beside it.
    ///   - key: 32 bytes for this file alone.
    /// - Throws: `.cannotOpen` for another key, a file that is not sealed, and another schema version.
    public init(
        path: String,
        key: [UInt8],
        configuration: SQLiteCatalogConfiguration = SQLiteCatalogConfiguration()
    ) throws(CatalogError) {
        index = try IndexDatabase(path: path, key: key, configuration: configuration)
        queryDuration = configuration.queryDuration
    }

    /// Opens the index like the initialiser, on a thread of `pool`.
    public static func open(
        path: String,
        key: [UInt8],
        pool: WorkPool,
        configuration: SQLiteCatalogConfiguration = SQLiteCatalogConfiguration()
    ) async throws(CatalogError) -> SQLiteCatalog {
        do {
            return try await pool.run { try SQLiteCatalog(path: path, key: key, configuration: configuration) }
        } catch {
            throw CatalogError(error)
        }
    }

    /// Adds records in one transaction; see ``Catalog/insert(_:)``.
    public func insert(_ records: [InstanceRecord]) async throws(CatalogError) -> [InsertOutcome] {
        guard !records.isEmpty else { return [] }
        return try await index.write { database in
            var outcomes: [InsertOutcome] = []
            try database.inTransaction(.immediate) {
                let batch = try InsertBatch(database)
                for record in records {
                    outcomes.append(try batch.insert(record))
                }
                try batch.finish()
                return .commit
            }
            return outcomes
        }
    }

    /// Answers a query; see ``Catalog/find(_:)``.
    public func find(_ query: CatalogQuery) async throws(CatalogError) -> [CatalogRow] {
        try await index.read(within: queryDuration) { database in
            try QueryStatement(query).rows(in: database)
        }
    }

    /// The instance with that SOP Instance UID.
    public func instance(_ sopInstanceUID: UID) async throws(CatalogError) -> InstanceRecord? {
        try await index.read { database in
            try RecordReading.instance(sopInstanceUID, in: database)
        }
    }

    /// A page of the instances of a study, or of one of its series.
    public func instances(
        ofStudy studyInstanceUID: UID,
        series seriesInstanceUID: UID?,
        offset: Int,
        limit: Int,
        includesHeader: Bool
    ) async throws(CatalogError) -> [InstanceRecord] {
        try await index.read { database in
            try RecordReading.instances(
                ofStudy: studyInstanceUID,
                series: seriesInstanceUID,
                offset: offset,
                limit: limit,
                blobs: includesHeader,
                in: database
            )
        }
    }

    /// A page of all instances in the order of their SOP Instance UID.
    public func allInstances(after sopInstanceUID: UID?, limit: Int) async throws(CatalogError) -> [InstanceRecord] {
        try await index.read { database in
            try RecordReading.instances(after: sopInstanceUID, limit: limit, in: database)
        }
    }

    /// How many records there are; kept by the writer, so it costs the same in any archive.
    public func counts() async throws(CatalogError) -> CatalogCounts {
        try await index.read { database in
            try CatalogTotals(database).counts
        }
    }

    /// Makes everything committed so far survive a power cut.
    public func makeDurable() async throws(CatalogError) {
        try await index.makeDurable()
    }

    /// Makes everything durable, empties the log and lets go of the file; running queries are interrupted.
    public func close() async throws(CatalogError) {
        try await index.close()
    }
}
