import CSealedSQLite
import Foundation
import GRDB
import GRDBSQLite
import Testing

@Suite struct `Tampering with a sealed database` {
    private static let header = 8_192
    private static let page = 4_096
    /// `CASSETTE_BIT_FLIPS`; a short run by default.
    private static let flips =
        ProcessInfo.processInfo.environment["CASSETTE_BIT_FLIPS"].flatMap { Int($0) } ?? 1_500

    /// A closed database and what a whole reading of it gives.
    private func closedDatabase(_ folder: borrowing SealedFolder, rows: Int) throws -> Data {
        try folder.makeNotes(rows).close()
        return try Data(contentsOf: folder.database)
    }

    /// Every row as one text; throws for damage that SQLite notices.
    private func content(_ folder: borrowing SealedFolder) throws -> [String] {
        let queue = try DatabaseQueue(
            path: folder.path(of: folder.database),
            configuration: SealedFolder.configuration()
        )
        defer { try? queue.close() }
        return try queue.read { try String.fetchAll($0, sql: "SELECT id || number || text FROM note ORDER BY id") }
    }

    /// Reads pages below SQLite's cache, as SQLite itself would read them from the file.
    private func readPage(_ number: Int, of database: Database) -> (code: Int32, bytes: [UInt8]) {
        var file: UnsafeMutablePointer<sqlite3_file>?
        // SAFETY: inside an access of GRDB the connection and its file stay open; `file` lives for the call.
        unsafe sqlite3_file_control(database.sqliteConnection, "main", SQLITE_FCNTL_FILE_POINTER, &file)
        var bytes = [UInt8](repeating: 0, count: Self.page)
        // SAFETY: the method table is the VFS's own; the buffer holds the page that is asked for.
        let code = unsafe file?.pointee.pMethods.pointee.xRead(
            file,
            &bytes,
            Int32(Self.page),
            Int64((number - 1) * Self.page)
        )
        return (code ?? SQLITE_MISUSE, bytes)
    }

    @Test func `random bits of pages: the stored page or an error`() throws {
        let folder = try SealedFolder()
        let whole = try closedDatabase(folder, rows: 300)
        let pages = (whole.count - Self.header) / Self.page
        let file = try FileHandle(forUpdating: folder.database)
        let pool = try folder.openPool()
        var generator = SystemRandomNumberGenerator()

        try pool.writeWithoutTransaction { database in
            let stored = (1...pages).map { readPage($0, of: database).bytes }
            #expect(readPage(1, of: database).code == SQLITE_OK)
            for _ in 0..<Self.flips {
                let byte = Int.random(in: Self.header..<whole.count, using: &generator)
                let bit = UInt8.random(in: 0..<8, using: &generator)
                let number = (byte - Self.header) / Self.page + 1
                try file.seek(toOffset: UInt64(byte))
                try file.write(contentsOf: [whole[byte] ^ (1 << bit)])
                let read = readPage(number, of: database)
                #expect(read.code != SQLITE_OK || read.bytes == stored[number - 1], "bit \(bit) of byte \(byte)")
                #expect(read.code != SQLITE_OK, "nothing in a page is left unsealed: bit \(bit) of byte \(byte)")
                try file.seek(toOffset: UInt64(byte))
                try file.write(contentsOf: [whole[byte]])
            }
            for number in 1...pages { #expect(readPage(number, of: database).bytes == stored[number - 1]) }
        }
    }

    @Test func `random bits of the header: the stored rows or an error`() throws {
        let folder = try SealedFolder()
        let whole = try closedDatabase(folder, rows: 50)
        let stored = try content(folder)
        var generator = SystemRandomNumberGenerator()

        for _ in 0..<max(100, Self.flips / 50) {
            let byte = Int.random(in: 0..<Self.header, using: &generator)
            var damaged = whole
            damaged[byte] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            try damaged.write(to: folder.database)
            if let read = try? content(folder) { #expect(read == stored, "byte \(byte)") }
        }
    }

    @Test func `random bits of the log: the rows of some whole transaction, or an error`() throws {
        let folder = try SealedFolder()
        let pool = try folder.makeNotes(20)
        for round in 0..<3 { try pool.write { try SealedFolder.insert(5, marker: "round \(round)", into: $0) } }
        let stored = try pool.read { try String.fetchAll($0, sql: "SELECT id || number || text FROM note ORDER BY id") }
        let database = try Data(contentsOf: folder.database)
        let log = try Data(contentsOf: folder.wal)
        try pool.close()
        var generator = SystemRandomNumberGenerator()

        for _ in 0..<max(100, Self.flips / 50) {
            let byte = Int.random(in: 0..<log.count, using: &generator)
            var damaged = log
            damaged[byte] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            try database.write(to: folder.database)
            try damaged.write(to: folder.wal)
            guard let read = try? content(folder) else { continue }
            // The log ends where it is damaged, as with a torn one: the owner inserts again what its packs hold.
            #expect([20, 25, 30, 35].contains(read.count), "byte \(byte): \(read.count) rows")
            #expect(read == Array(stored.prefix(read.count)), "byte \(byte)")
        }
    }

    @Test func `a file cut at any page, the header among them, is refused`() throws {
        let folder = try SealedFolder()
        let whole = try closedDatabase(folder, rows: 300)

        // With fewer bytes than one slot of the header nothing tells that it is no file that was just begun.
        for length in [4_096, 4_097] + Array(stride(from: Self.header, to: whole.count, by: Self.page)) {
            try whole.prefix(length).write(to: folder.database)
            #expect(throws: DatabaseError.self, "\(length) bytes") { try content(folder) }
            #expect(throws: DatabaseError.self, "\(length) bytes") { try folder.openPool().close() }
        }
    }
}
