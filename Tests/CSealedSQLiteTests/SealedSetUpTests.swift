import CSealedSQLite
import Foundation
import GRDB
import Testing

@Suite struct `Setting a sealed database up` {
    @Test func `a connection that was not prepared cannot write anything`() throws {
        let folder = try SealedFolder()

        #expect(throws: DatabaseError.self) { try DatabasePool(path: folder.path(of: folder.database)) }

        for (name, bytes) in try folder.files() {
            #expect(bytes.range(of: Data("SQLite format 3".utf8)) == nil, "\(name)")
        }
    }

    @Test func `a rollback journal, plain temporary data and exclusive locking are refused`() throws {
        let folder = try SealedFolder()
        let pool = try folder.makeNotes(10)

        for sql in [
            "PRAGMA journal_mode = DELETE", "PRAGMA journal_mode = MEMORY", "PRAGMA temp_store = FILE",
            "PRAGMA locking_mode = EXCLUSIVE",
        ] {
            #expect(throws: DatabaseError.self, "\(sql)") {
                try pool.writeWithoutTransaction { try $0.execute(sql: sql) }
            }
        }
        #expect(try pool.read { check($0) } == 0)
    }

    @Test func `a database without WAL is refused before its first page`() throws {
        let folder = try SealedFolder()
        let queue = try DatabaseQueue(
            path: folder.path(of: folder.database),
            configuration: SealedFolder.configuration()
        )

        #expect(throws: DatabaseError.self) { try queue.write { try $0.execute(sql: "CREATE TABLE note(id)") } }

        #expect((try folder.files()["index.sqlite"]?.count ?? 0) <= 8_192)
    }

    @Test func `a hot journal beside a database with data is refused`() throws {
        let folder = try SealedFolder()
        try folder.makeNotes(10).close()
        let bytes = try Data(contentsOf: folder.database)
        // SQLite's file format, 3: magic, page count, nonce, size before (0 pages), sector size, page size.
        var journal: [UInt8] = [0xD9, 0xD5, 0x05, 0xF9, 0x20, 0xA1, 0x63, 0xD7, 0, 0, 0, 0, 1, 2, 3, 4, 0, 0, 0, 0]
        journal += [0, 0, 2, 0, 0, 0, 16, 0]
        journal += [UInt8](repeating: 0, count: 512 - journal.count)
        try Data(journal).write(to: folder.directory.appendingPathComponent("index.sqlite-journal"))

        #expect(throws: DatabaseError.self) { try folder.openPool() }

        #expect(try Data(contentsOf: folder.database) == bytes)
    }

    @Test func `a crash while page 1 was written is rolled back to an empty database`() throws {
        let folder = try SealedFolder()
        let pool = try folder.openPool()
        let created = try Data(contentsOf: folder.database)
        try pool.close()
        for url in [folder.wal, folder.database] { try? FileManager.default.removeItem(at: url) }
        var journal: [UInt8] = [0xD9, 0xD5, 0x05, 0xF9, 0x20, 0xA1, 0x63, 0xD7, 0, 0, 0, 0, 1, 2, 3, 4, 0, 0, 0, 0]
        journal += [0, 0, 2, 0, 0, 0, 16, 0]
        journal += [UInt8](repeating: 0, count: 512 - journal.count)

        for length in [0, 1, 4_095, 4_096, 8_191, 8_192, 8_193, 10_000, 12_287, 12_288] {
            try created.prefix(length).write(to: folder.database)
            try Data(journal).write(to: folder.directory.appendingPathComponent("index.sqlite-journal"))
            let again = try folder.openPool()
            try again.write { try $0.execute(sql: "CREATE TABLE IF NOT EXISTS note(id)") }
            #expect(try again.read { try isIntact($0) }, "\(length) bytes")
            try again.close()
        }
    }

    @Test func `a plain database is refused by a sealed VFS, and a sealed one by a plain connection`() throws {
        let folder = try SealedFolder()
        let plain = folder.directory.appendingPathComponent("plain.sqlite")
        let queue = try DatabaseQueue(path: plain.path)
        try queue.write { try $0.execute(sql: "CREATE TABLE a(b); CREATE TABLE c(d); CREATE TABLE e(f)") }
        #expect(try queue.read { check($0) } == 21)
        try queue.close()
        try folder.makeNotes(10).close()

        let sealedOnPlain = #expect(throws: DatabaseError.self) { try folder.openPool(at: plain) }
        let plainOnSealed = #expect(throws: DatabaseError.self) { try DatabaseQueue(path: folder.database.path) }

        #expect(sealedOnPlain?.resultCode == .SQLITE_NOTADB)
        #expect(plainOnSealed?.resultCode == .SQLITE_NOTADB)
    }

    @Test func `two databases with keys of their own live in one process`() throws {
        let one = try SealedFolder(key: 1)
        let two = try SealedFolder(key: 2)

        let first = try one.makeNotes(100, marker: "one")
        let second = try two.makeNotes(200, marker: "two")

        #expect(try first.read { try count($0) } == 100)
        #expect(try second.read { try count($0) } == 200)
    }

    @Test func `names are checked, taken names refused, and open ones kept`() throws {
        let folder = try SealedFolder()
        let key = [UInt8](repeating: 1, count: 32)
        let pool = try folder.openPool()

        // SAFETY: strings and key live for the calls.
        for name in ["", "a b", "a?b", String(repeating: "n", count: 65), folder.vfs, "unix"] {
            #expect(unsafe cassette_sealed_vfs_register(name, key, nil) == 21)
        }
        #expect(unsafe cassette_sealed_vfs_register("sealed-no-base", key, "no-such-base") == 21)
        #expect(unsafe cassette_sealed_vfs_unregister("unix") == 12)
        #expect(unsafe cassette_sealed_vfs_unregister(folder.vfs) == 5)
        try pool.close()
        let longest = String(repeating: "n", count: 64)
        #expect(unsafe cassette_sealed_vfs_register(longest, key, "unix") == 0)
        #expect(unsafe cassette_sealed_vfs_unregister(longest) == 0)
    }
}
