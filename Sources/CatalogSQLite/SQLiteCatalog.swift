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
    /// Bytes before the first page of a sealed file.
    private static let headerLength: UInt64 = 8_192

    // Before the database: its statements go before their connection does.
    let memory = InsertMemory()
    let index: IndexDatabase
    private let queryDuration: Duration

    /// Opens the index at `path`, or makes an empty one where no file is; the folder must exist.
    ///
    /// Blocks for the time that SQLite needs to read its log.
    ///
    /// - Parameters:
    ///   - path: The file; `-wal` is put beside it.
    ///   - key: 32 bytes for this file alone.
    /// - Throws: `.cannotOpen` for another key, a file that is not sealed, and a newer schema version; `.outdated` for an
    ///   earlier one.
    public convenience init(
        path: String,
        key: [UInt8],
        configuration: SQLiteCatalogConfiguration = SQLiteCatalogConfiguration()
    ) throws(CatalogError) {
        try self.init(path: path, key: key, configuration: configuration, workers: nil)
    }

    private init(
        path: String,
        key: [UInt8],
        configuration: SQLiteCatalogConfiguration,
        workers: WorkPool?
    ) throws(CatalogError) {
        index = try IndexDatabase(path: path, key: key, configuration: configuration, workers: workers)
        queryDuration = configuration.queryDuration
    }

    /// Opens the index like the initialiser, on a thread of `pool`; its threads then write, instead of one of its own.
    public static func open(
        path: String,
        key: [UInt8],
        pool: WorkPool,
        configuration: SQLiteCatalogConfiguration = SQLiteCatalogConfiguration()
    ) async throws(CatalogError) -> SQLiteCatalog {
        do {
            return try await pool.run {
                try SQLiteCatalog(path: path, key: key, configuration: configuration, workers: pool)
            }
        } catch {
            throw CatalogError(error)
        }
    }

    /// Whether there is a file at `path` that holds no page: its making was interrupted, or it was cut off.
    ///
    /// Such a file would open as an empty index, or not at all.
    public static func isWithoutPages(_ path: String, disk: any Disk) throws(DiskError) -> Bool {
        guard try disk.exists(path) else { return false }
        let file = try disk.open(path, .read)
        let size = try file.size()
        try file.close()
        return size <= headerLength
    }

    /// Adds records in one transaction; see ``Catalog/insert(_:)``.
    public func insert(_ records: [InstanceRecord]) async throws(CatalogError) -> [InsertOutcome] {
        guard !records.isEmpty else { return [] }
        return try await index.write { [memory] database in
            try memory.insert(records, into: database)
        }
    }

    /// Answers a query; see ``Catalog/find(_:)``.
    public func find(_ query: CatalogQuery) async throws(CatalogError) -> [CatalogRow] {
        try await index.read(within: queryDuration) { database in
            try QueryStatement.rows(query, in: database)
        }
    }

    /// The instance with that SOP Instance UID.
    public func instance(_ sopInstanceUID: UID) async throws(CatalogError) -> InstanceRecord? {
        // Who stores asks for each object, and nearly always in vain.
        if try index.knowsInPlace(sopInstanceUID) == false { return nil }
        return try await index.read { database in
            try RecordReading.instance(sopInstanceUID, in: database)
        }
    }

    /// A page of the instances of a study, or of one of its series.
    public func instances(
        ofStudy studyInstanceUID: UID,
        series seriesInstanceUID: UID?,
        after last: InstanceRecord?,
        limit: Int,
        includesHeader: Bool
    ) async throws(CatalogError) -> [InstanceRecord] {
        try await index.read { database in
            var reading = InstancePageReading(
                ofStudy: studyInstanceUID,
                series: seriesInstanceUID,
                after: last,
                limit: limit,
                blobs: includesHeader,
                in: database
            )
            return try reading.records()
        }
    }

    /// A page of all instances in the order of their SOP Instance UID.
    public func allInstances(after sopInstanceUID: UID?, limit: Int) async throws(CatalogError) -> [InstanceRecord] {
        try await index.read { database in
            try RecordReading.instances(after: sopInstanceUID, limit: limit, in: database)
        }
    }

    /// A page of studies with the packs that they lie in.
    public func studyHoldings(after position: StudyPosition?, limit: Int) async throws(CatalogError) -> [StudyHolding] {
        try await index.read { database in
            try StudyHoldingReading.page(after: position, limit: limit, in: database)
        }
    }

    /// One study with the packs that it lies in.
    public func studyHolding(_ studyInstanceUID: UID) async throws(CatalogError) -> StudyHolding? {
        try await index.read { database in
            try StudyHoldingReading.study(studyInstanceUID, in: database)
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
        try await index.write { [memory] _ in memory.forget() }
        try await index.close()
    }
}
