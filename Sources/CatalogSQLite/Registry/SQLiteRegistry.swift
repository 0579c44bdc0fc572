public import ArchiveCatalog
import GRDB
public import Platform

/// The registry in one SQLite file whose pages are sealed like those of the index.
///
/// One connection does everything, on the threads of a pool: writes are few, and each is durable when it returns.
public final class SQLiteRegistry: Registry, Sendable {
    private let connection: DatabaseQueue
    private let pool: WorkPool

    /// Opens the registry at `path`, or makes an empty one where no file is; the folder must exist.
    ///
    /// A new one is made under another name and renamed when it is whole and durable, so that a power cut leaves none or
    /// a good one.
    ///
    /// - Parameters:
    ///   - path: The file; `-wal` is put beside it.
    ///   - key: 32 bytes for this file alone.
    ///   - fileSystem: The registered SQLite VFS below the seal; the one of the operating system when `nil`.
    /// - Throws: `.cannotOpen` for another key or a file that is no registry; `.newer`.
    public static func open(
        path: String,
        key: [UInt8],
        disk: any Disk,
        pool: WorkPool,
        fileSystem: String? = nil
    ) async throws(RegistryError) -> SQLiteRegistry {
        do {
            return try await pool.run {
                if try !disk.exists(path) { try make(path: path, key: key, disk: disk, fileSystem: fileSystem) }
                return SQLiteRegistry(try connect(path: path, key: key, fileSystem: fileSystem), pool: pool)
            }
        } catch {
            throw RegistryError(opening: error)
        }
    }

    private init(_ connection: DatabaseQueue, pool: WorkPool) {
        self.connection = connection
        self.pool = pool
    }

    /// Runs `body` in a transaction that is durable when this returns; a cancelled caller does not stop it.
    func write<Result: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Result
    ) async throws(RegistryError) -> Result {
        let outcome = await pool.runToEnd { [connection] () -> Swift.Result<Result, RegistryError> in
            do {
                return .success(
                    try connection.inDatabase { database in
                        var result: Result?
                        try database.inTransaction(.immediate) {
                            result = try body(database)
                            return .commit
                        }
                        guard let result else { throw RegistryError.damagedRow }
                        return result
                    }
                )
            } catch {
                return .failure(RegistryError(error))
            }
        }
        return try outcome.get()
    }

    /// Runs `body` on the connection without changing anything.
    func read<Result: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Result
    ) async throws(RegistryError) -> Result {
        do {
            return try await pool.run { [connection] in try connection.read(body) }
        } catch {
            throw RegistryError(error)
        }
    }

    /// Empties the log, so that what was removed is in no file any more.
    func emptyLog() async throws(RegistryError) {
        let outcome = await pool.runToEnd { [connection] () -> Swift.Result<Void, RegistryError> in
            do {
                try connection.writeWithoutTransaction { database in _ = try database.checkpoint(.truncate) }
                return .success(())
            } catch {
                return .failure(RegistryError(error))
            }
        }
        try outcome.get()
    }

    /// Runs `body` while all that was written is in the file itself and nobody writes: a copy of the file is whole then.
    public func whileQuiet<Result: Sendable>(
        _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        try await pool.run { [connection] in
            try connection.inDatabase { database in
                _ = try database.checkpoint(.truncate)
                return try body()
            }
        }
    }

    /// Empties the log and lets go of the file.
    public func close() async throws(RegistryError) {
        let outcome = await pool.runToEnd { [connection] () -> Swift.Result<Void, RegistryError> in
            do {
                try connection.writeWithoutTransaction { database in _ = try database.checkpoint(.truncate) }
                try connection.close()
                return .success(())
            } catch {
                return .failure(RegistryError(error))
            }
        }
        try outcome.get()
    }

    private static func make(path: String, key: [UInt8], disk: any Disk, fileSystem: String?) throws {
        let draft = path + ".making"
        for suffix in ["", "-wal", "-shm"] where try disk.exists(draft + suffix) { try disk.unlink(draft + suffix) }
        let connection = try connect(path: draft, key: key, fileSystem: fileSystem)
        try connection.writeWithoutTransaction { database in _ = try database.checkpoint(.truncate) }
        try connection.close()
        try disk.rename(draft, to: path)
        try disk.syncDirectory(path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ".")
    }

    private static func connect(path: String, key: [UInt8], fileSystem: String?) throws -> DatabaseQueue {
        let vfs = try SealedVFS(key: key, base: fileSystem, random: SystemRandomSource())
        var configuration = Configuration()
        configuration.label = "cassette.registry"
        configuration.foreignKeysEnabled = true
        configuration.busyMode = .timeout(10)
        configuration.prepareDatabase { database in try vfs.prepare(database) }
        let uri = "file:" + IndexDatabase.percentEncoded(path) + "?vfs=" + vfs.name
        let connection = try DatabaseQueue(path: uri, configuration: configuration)
        try connection.writeWithoutTransaction { database in
            // What is removed must be gone from the file, too.
            try database.execute(sql: "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON")
            try migrate(database)
            try checkSettings(database)
            try IndexDatabase.checkSeal(database, vfs)
        }
        return connection
    }

    /// Runs the steps that the file lacks, all or none.
    private static func migrate(_ database: Database) throws {
        try database.inTransaction(.immediate) {
            try database.execute(sql: "CREATE TABLE IF NOT EXISTS migration (name TEXT PRIMARY KEY) STRICT")
            let done = try String.fetchSet(database, sql: "SELECT name FROM migration")
            guard done.isSubset(of: RegistryMigration.all.map(\.name)) else {
                throw RegistryError(.newer, "A newer Cassette made registry.sqlite; use that one")
            }
            for step in RegistryMigration.all where !done.contains(step.name) {
                for statement in step.statements { try database.execute(sql: statement) }
                try database.execute(sql: "INSERT INTO migration VALUES (?)", arguments: [step.name])
            }
            return .commit
        }
    }

    private static func checkSettings(_ database: Database) throws {
        let wanted = [
            ("synchronous", "2"), ("journal_mode", "wal"), ("temp_store", "2"), ("secure_delete", "1"),
        ]
        for (name, value) in wanted {
            let found = try Row.fetchOne(database, sql: "PRAGMA \(name)").map { row in
                row.text(0) ?? String(row.integer(0))
            }
            guard found == value else {
                throw RegistryError(
                    .cannotOpen,
                    "SQLite setting \(name) is \(found ?? "unknown"), needed is \(value)"
                )
            }
        }
    }
}
