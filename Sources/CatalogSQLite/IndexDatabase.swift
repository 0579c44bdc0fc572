import ArchiveCatalog
import GRDB
import Platform

/// The sealed database file of the index with its connections: one that writes and checkpoints, several that read.
struct IndexDatabase: Sendable {
    /// The connections.
    let pool: DatabasePool
    /// A connection for the short question whether an instance is known: who stores asks it, and must not wait until a
    /// slow query lets go of one of the pool.
    let lookups: DatabaseQueue
    /// Threads that may block on the connections; without them GRDB's own are used.
    let workers: WorkPool?

    /// Opens the index, or makes an empty one where no file is.
    ///
    /// - Throws: `.cannotOpen` for another key, a plain file, a newer schema version, and settings that SQLite refuses;
    ///   `.outdated` for an earlier schema version.
    init(
        path: String,
        key: [UInt8],
        configuration: SQLiteCatalogConfiguration,
        workers: WorkPool? = nil
    ) throws(CatalogError) {
        self.workers = workers
        let vfs = try SealedVFS(key: key, base: configuration.fileSystem, random: SystemRandomSource())
        do {
            let uri = "file:" + Self.percentEncoded(path) + "?vfs=" + vfs.name
            var connections = Self.connections(vfs, configuration)
            pool = try DatabasePool(path: uri, configuration: connections)
            try pool.writeWithoutTransaction { database in
                if try Self.createSchema(database) {
                    // The sealed file system knows another key by the pages that it cannot open: let there be some.
                    try database.checkpoint(.passive)
                }
                try Self.checkSchema(database)
                try Self.checkSettings(database)
                try Self.checkSeal(database, vfs)
            }
            connections.readonly = true
            lookups = try DatabaseQueue(path: uri, configuration: connections)
        } catch let error as CatalogError {
            throw error
        } catch {
            throw CatalogError(opening: error)
        }
    }

    private static func connections(_ vfs: SealedVFS, _ index: SQLiteCatalogConfiguration) -> Configuration {
        var configuration = Configuration()
        configuration.label = "cassette.index"
        configuration.maximumReaderCount = max(1, index.readers)
        configuration.persistentReadOnlyConnections = true
        configuration.foreignKeysEnabled = false
        configuration.busyMode = .timeout(10)
        let cacheKibibytes = (writer: max(1, index.cacheBytes / 1_024), reader: max(1, index.readerCacheBytes / 1_024))
        let checkpointPages = max(1, index.checkpointPages)
        configuration.prepareDatabase { database in
            try vfs.prepare(database)
            // SQLite 3.40 may lose a checkpoint when two connections make one: only the writer does.
            let isReader = database.configuration.readonly
            let pages = isReader ? 0 : checkpointPages
            let cache = isReader ? cacheKibibytes.reader : cacheKibibytes.writer
            try database.execute(sql: "PRAGMA wal_autocheckpoint = \(pages); PRAGMA cache_size = -\(cache)")
        }
        return configuration
    }

    /// Makes the tables in an empty database; whether it was empty.
    private static func createSchema(_ database: Database) throws -> Bool {
        guard try Int64.fetchOne(database, sql: "SELECT count(*) FROM sqlite_schema") == 0 else { return false }
        try database.inTransaction(.immediate) {
            for statement in CatalogSchema.statements {
                try database.execute(sql: statement)
            }
            try database.execute(sql: "PRAGMA user_version = \(CatalogSchema.version)")
            return .commit
        }
        return true
    }

    /// Refuses an index of another version; compares the tables too, lest a change of columns forgot its number.
    private static func checkSchema(_ database: Database) throws {
        let version = try Int64.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        let tables = try String.fetchSet(database, sql: "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL")
        let wanted = Set(CatalogSchema.statements.filter { $0.hasPrefix("CREATE") })
        guard version <= CatalogSchema.version else {
            throw CatalogError(
                .cannotOpen,
                "The index has schema version \(version), this program knows \(CatalogSchema.version): "
                    + "a newer Cassette made it; use that one"
            )
        }
        guard version == CatalogSchema.version, tables == wanted else {
            throw CatalogError(
                .outdated,
                "The index has schema version \(version), this program needs \(CatalogSchema.version); "
                    + "run `cassette index rebuild`, which makes it again from the packs"
            )
        }
    }

    /// Looks at the bytes on the disk, past the log.
    ///
    /// Power may fail while a checkpoint writes page 1: then it is torn in the main file and whole in the log, from which
    /// SQLite has read it by now.
    static func checkSeal(_ database: Database, _ vfs: SealedVFS) throws {
        do {
            try vfs.check(database)
        } catch {
            try database.checkpoint(.passive)
            try vfs.check(database)
        }
    }

    private static func checkSettings(_ database: Database) throws {
        let wanted = [
            ("synchronous", "1"), ("journal_mode", "wal"), ("temp_store", "2"), ("mmap_size", "0"),
            ("page_size", "4096"),
        ]
        for (name, value) in wanted {
            let found = try Row.fetchOne(database, sql: "PRAGMA \(name)").map { row in
                row.text(0) ?? String(row.integer(0))
            }
            // SQLite answers nothing about memory mapping when the VFS has none.
            guard found == value || (name == "mmap_size" && found == nil) else {
                throw CatalogError(.cannotOpen, "SQLite setting \(name) is \(found ?? "unknown"), needed is \(value)")
            }
        }
    }

    /// The path as part of a URI file name: `?`, `#` and `%` would end it or begin an escape.
    static func percentEncoded(_ path: String) -> String {
        var encoded: [UInt8] = []
        for byte in path.utf8 {
            switch byte {
            case 0x23: encoded += Array("%23".utf8)
            case 0x25: encoded += Array("%25".utf8)
            case 0x3F: encoded += Array("%3f".utf8)
            default: encoded.append(byte)
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }
}
