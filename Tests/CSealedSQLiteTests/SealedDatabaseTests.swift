import CSealedSQLite
import Foundation
import GRDB
import Testing

@Suite struct `A sealed database in use` {
    @Test func `fifty thousand rows are inserted, found, reclaimed and checkpointed`() throws {
        let folder = try SealedFolder()
        let pool = try folder.makeNotes(50_000)

        try pool.write { try $0.execute(sql: "CREATE INDEX byNumber ON note(number)") }
        let found = try pool.read { database in
            try String.fetchOne(database, sql: "SELECT text FROM note WHERE number = 49999")
        }
        try pool.write { try $0.execute(sql: "DELETE FROM note WHERE number % 2 = 0") }
        try pool.writeWithoutTransaction { database in
            try database.execute(sql: "VACUUM")
            try database.checkpoint(.truncate)
        }

        #expect(found == "note of row 49999, with some length to fill pages")
        #expect(try pool.read { try count($0) } == 25_000)
        #expect(try pool.read { try isIntact($0) })
        #expect(try pool.read { check($0) } == 0)
        #expect(try FileManager.default.attributesOfItem(atPath: folder.wal.path)[.size] as? Int == 0)
        try pool.close()
        let reopened = try folder.openPool()
        #expect(try reopened.read { try count($0) } == 25_000)
        #expect(try reopened.read { try isIntact($0) })
    }

    @Test func `full text search works`() throws {
        let folder = try SealedFolder()
        let pool = try folder.openPool()

        try pool.write { database in
            try database.execute(sql: "CREATE VIRTUAL TABLE words USING fts5(body)")
            for number in 0..<2_000 {
                try database.execute(sql: "INSERT INTO words VALUES (?)", arguments: ["word\(number) common"])
            }
        }

        let hits = try pool.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM words WHERE words MATCH 'word77'") }
        #expect(hits == 1)
        #expect(try pool.read { try isIntact($0) })
    }

    @Test func `large sorts and statement journals stay in memory`() throws {
        let folder = try SealedFolder()
        let pool = try folder.makeNotes(20_000)

        // More than the cache, in one statement that fails at its end: SQLite needs a statement journal to undo it.
        #expect(throws: DatabaseError.self) {
            try pool.write { database in
                try database.execute(sql: "PRAGMA cache_size = 10")
                try database.execute(sql: "CREATE UNIQUE INDEX once ON note(number)")
                try database.execute(sql: "UPDATE note SET number = CASE id WHEN 20000 THEN 1 ELSE number + 100000 END")
                try database.execute(sql: "INSERT INTO note(number) VALUES (1)")
            }
        }
        let sorted = try pool.read { try Int.fetchOne($0, sql: "SELECT id FROM note ORDER BY text DESC, id") }

        #expect(sorted == 10_000)
        #expect(Set(try folder.files().keys) == ["index.sqlite", "index.sqlite-wal"])
    }

    @Test func `nothing of a row shows in any file, open or closed`() throws {
        let folder = try SealedFolder()
        let marker = "MUSTERMANN^ERIKA"
        let pool = try folder.makeNotes(3_000, marker: marker)
        try checkpoint(pool, .passive)
        try pool.write { try SealedFolder.insert(10, marker: marker, into: $0) }

        let whileOpen = try folder.files()
        try pool.close()
        let afterClose = try folder.files()

        #expect(whileOpen.count == 2)
        for (name, bytes) in whileOpen.merging(afterClose, uniquingKeysWith: { $0 + $1 }) {
            for secret in [marker, "CREATE TABLE", "SQLite format 3", "number"] {
                #expect(bytes.range(of: Data(secret.utf8)) == nil, "\(name)")
            }
        }
    }

    @Test func `readers see whole transactions while a writer works`() async throws {
        let folder = try SealedFolder()
        let pool = try folder.makeNotes(0)

        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for _ in 0..<200 { try await pool.write { try SealedFolder.insert(10, marker: "w", into: $0) } }
                try await pool.writeWithoutTransaction { _ = try $0.checkpoint(.full) }
            }
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<100 {
                        let rows = try await pool.read { try count($0) }
                        #expect((rows ?? 1) % 10 == 0)
                    }
                }
            }
            try await group.waitForAll()
        }

        #expect(try await pool.read { try count($0) } == 2_000)
        #expect(try await pool.read { try isIntact($0) })
    }

    @Test func `a backup into another sealed file holds the same rows`() throws {
        let folder = try SealedFolder()
        let pool = try folder.makeNotes(1_000)
        let other = folder.directory.appendingPathComponent("backup.sqlite")

        let copy = try folder.openPool(at: other)
        try pool.backup(to: copy)

        #expect(try copy.read { try count($0) } == 1_000)
        #expect(try copy.read { check($0) } == 0)
    }

    @Test func `seals are counted against the budget of the file`() throws {
        let folder = try SealedFolder()
        let pool = try folder.makeNotes(1_000)
        try checkpoint(pool, .truncate)
        let first = try pool.writeWithoutTransaction { try status($0) }
        try pool.close()

        let reopened = try folder.openPool()
        try reopened.write { try SealedFolder.insert(1_000, marker: "more", into: $0) }
        try checkpoint(reopened, .truncate)
        let second = try reopened.writeWithoutTransaction { try status($0) }

        #expect(first.page_seals >= 15)
        #expect(second.page_seals > first.page_seals)
        #expect(second.wal_seals > first.wal_seals)
        #expect(second.generation > first.generation)
    }
}
