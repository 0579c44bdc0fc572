import CSealedSQLite
import Foundation
import GRDB

/// A folder with one sealed database, and a VFS of its own to open it.
struct SealedFolder: ~Copyable {
    let directory: URL
    let vfs: String

    /// - Parameter key: the byte that the test's key repeats.
    init(key: UInt8 = 7) throws {
        vfs = "sealed-" + UUID().uuidString.lowercased()
        directory = FileManager.default.temporaryDirectory.appendingPathComponent(vfs)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        try Self.register(vfs, key: key)
    }

    deinit {
        // SAFETY: the string lives for the call.
        _ = unsafe cassette_sealed_vfs_unregister(vfs)
        try? FileManager.default.removeItem(at: directory)
    }

    static func register(_ vfs: String, key: UInt8) throws {
        let bytes = [UInt8](repeating: key, count: Int(CASSETTE_SEALED_KEY_BYTES))
        // SAFETY: both are copied before the call returns.
        let code = unsafe cassette_sealed_vfs_register(vfs, bytes, nil)
        guard code == 0 else { throw DatabaseError(resultCode: ResultCode(rawValue: code)) }
    }

    var database: URL { directory.appendingPathComponent("index.sqlite") }
    var wal: URL { directory.appendingPathComponent("index.sqlite-wal") }

    static func configuration() -> Configuration {
        var configuration = Configuration()
        configuration.prepareDatabase { database in
            // SAFETY: GRDB keeps the connection open while this runs.
            let code = unsafe cassette_sealed_vfs_prepare(database.sqliteConnection)
            guard code == 0 else { throw DatabaseError(resultCode: ResultCode(rawValue: code)) }
        }
        return configuration
    }

    func path(of file: URL, vfs other: String? = nil) -> String { "file:\(file.path)?vfs=\(other ?? vfs)" }

    func openPool(at file: URL? = nil, vfs other: String? = nil) throws -> DatabasePool {
        try DatabasePool(path: path(of: file ?? database, vfs: other), configuration: Self.configuration())
    }

    /// A pool with `rows` rows in the table `note`, each with the marker in its text.
    func makeNotes(_ rows: Int, marker: String = "note") throws -> DatabasePool {
        let pool = try openPool()
        try pool.write { database in
            try database.execute(sql: "CREATE TABLE note(id INTEGER PRIMARY KEY, number INTEGER, text TEXT)")
            try Self.insert(rows, marker: marker, into: database)
        }
        return pool
    }

    static func insert(_ rows: Int, marker: String, into database: Database) throws {
        let statement = try database.makeStatement(sql: "INSERT INTO note(number, text) VALUES (?, ?)")
        for number in 0..<rows {
            try statement.execute(arguments: [number, "\(marker) of row \(number), with some length to fill pages"])
        }
    }

    /// All files of the folder, by name.
    func files() throws -> [String: Data] {
        var files: [String: Data] = [:]
        for url in try FileManager.default.contentsOfDirectory(at: directory, includingPropertiesForKeys: nil) {
            files[url.lastPathComponent] = try Data(contentsOf: url)
        }
        return files
    }

    /// Copies database and WAL as a crash would leave them, into `name` beside them.
    func abandon(as name: String) throws -> URL {
        let copy = directory.appendingPathComponent(name)
        try FileManager.default.copyItem(at: database, to: copy)
        if FileManager.default.fileExists(atPath: wal.path) {
            try FileManager.default.copyItem(at: wal, to: URL(fileURLWithPath: copy.path + "-wal"))
        }
        return copy
    }
}

/// What `cassette_sealed_vfs_check` says of a connection.
func check(_ database: Database, minimumGeneration: UInt64 = 0) -> Int32 {
    // SAFETY: called inside an access of GRDB, which keeps the connection open.
    unsafe cassette_sealed_vfs_check(database.sqliteConnection, minimumGeneration, nil)
}

func status(_ database: Database) throws -> cassette_sealed_vfs_status {
    var status = cassette_sealed_vfs_status()
    // SAFETY: called inside an access of GRDB, which keeps the connection open; `status` lives for the call.
    let code = unsafe cassette_sealed_vfs_read_status(database.sqliteConnection, &status)
    guard code == 0 else { throw DatabaseError(resultCode: ResultCode(rawValue: code)) }
    return status
}

func checkpoint(_ pool: DatabasePool, _ mode: Database.CheckpointMode) throws {
    _ = try pool.writeWithoutTransaction { try $0.checkpoint(mode) }
}

func count(_ database: Database) throws -> Int? {
    try Int.fetchOne(database, sql: "SELECT count(*) FROM note")
}

func isIntact(_ database: Database) throws -> Bool {
    try String.fetchOne(database, sql: "PRAGMA integrity_check") == "ok"
}
