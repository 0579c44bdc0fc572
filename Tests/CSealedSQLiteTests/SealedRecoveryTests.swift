import CSealedSQLite
import Foundation
import GRDB
import Testing

@Suite struct `A sealed database after a crash` {
    static let walHeader = 60
    static let frameHeader = 52
    static let frame = 4_176

    /// Ten transactions in the WAL beside a checkpointed table; the WAL's bytes.
    private func tenTransactions(_ folder: borrowing SealedFolder) throws -> (pool: DatabasePool, copy: URL, wal: Data)
    {
        let pool = try folder.makeNotes(100)
        try checkpoint(pool, .truncate)
        for _ in 0..<10 { try pool.write { try SealedFolder.insert(10, marker: "later", into: $0) } }
        let copy = try folder.abandon(as: "copy.sqlite")
        return (pool, copy, try Data(contentsOf: URL(fileURLWithPath: copy.path + "-wal")))
    }

    private func rows(_ folder: borrowing SealedFolder, at copy: URL, wal: Data, database: Data) throws -> Int? {
        try? FileManager.default.removeItem(atPath: copy.path + "-shm")
        try database.write(to: copy)
        try wal.write(to: URL(fileURLWithPath: copy.path + "-wal"))
        let pool = try folder.openPool(at: copy)
        return try pool.read { try isIntact($0) ? try count($0) : nil }
    }

    @Test func `an abandoned WAL is read back whole`() throws {
        let folder = try SealedFolder()
        let (_, copy, wal) = try tenTransactions(folder)

        #expect(try rows(folder, at: copy, wal: wal, database: Data(contentsOf: copy)) == 200)
    }

    @Test func `a WAL cut anywhere gives back a whole number of transactions`() throws {
        let folder = try SealedFolder()
        let (_, copy, wal) = try tenTransactions(folder)
        let database = try Data(contentsOf: copy)
        var lengths = Array(stride(from: 0, to: wal.count, by: 997))
        for boundary in stride(from: Self.walHeader, to: wal.count, by: Self.frame) {
            lengths += [boundary - 1, boundary, boundary + 1, boundary + Self.frameHeader]
        }

        var before = 0
        for length in lengths.sorted() {
            let found = try #require(try rows(folder, at: copy, wal: wal.prefix(length), database: database))
            #expect(found % 10 == 0)
            #expect(found >= max(before, 100))
            before = found
        }
        #expect(before >= 190)
    }

    @Test func `a flipped bit in the WAL ends it there and never gives other rows`() throws {
        let folder = try SealedFolder()
        let (_, copy, wal) = try tenTransactions(folder)
        let database = try Data(contentsOf: copy)

        for place in stride(from: 3, to: wal.count, by: 499) {
            var damaged = wal
            damaged[place] ^= 0x40
            let found = try #require(try rows(folder, at: copy, wal: damaged, database: database))
            #expect(found % 10 == 0)
            #expect(found < 200)
        }
    }

    @Test func `frames of an earlier round and frames that changed places are not taken`() throws {
        let folder = try SealedFolder()
        let (pool, copy, wal) = try tenTransactions(folder)
        let database = try Data(contentsOf: copy)
        var swapped = wal
        let first = Self.walHeader..<Self.walHeader + Self.frame
        let second = first.upperBound..<first.upperBound + Self.frame
        swapped[first] = wal[second]
        swapped[second] = wal[first]
        try checkpoint(pool, .restart)
        try pool.write { try SealedFolder.insert(10, marker: "again", into: $0) }
        let later = try folder.abandon(as: "later.sqlite")
        let laterWAL = try Data(contentsOf: URL(fileURLWithPath: later.path + "-wal"))
        let laterDatabase = try Data(contentsOf: later)

        #expect(laterWAL.count == wal.count)
        #expect(try rows(folder, at: copy, wal: swapped, database: database) == 100)
        #expect(try rows(folder, at: later, wal: laterWAL, database: laterDatabase) == 210)
        // The old round's frames under the newer header: their salts are not the header's.
        let mixed = laterWAL.prefix(Self.walHeader) + wal.dropFirst(Self.walHeader)
        #expect(try rows(folder, at: later, wal: mixed, database: laterDatabase) == 200)
    }

    @Test func `a frame damaged under a running reader is an error, not other bytes`() throws {
        let folder = try SealedFolder()
        let pool = try folder.makeNotes(2_000)
        let handle = try FileHandle(forUpdating: folder.wal)
        let length = Int(try handle.seekToEnd())

        for boundary in stride(from: Self.walHeader, to: length, by: Self.frame) {
            try handle.seek(toOffset: UInt64(boundary + Self.frameHeader + 200))
            try handle.write(contentsOf: Data([1, 2, 3, 4]))
        }
        try handle.close()

        let error = #expect(throws: DatabaseError.self) {
            try pool.read { try Int.fetchOne($0, sql: "SELECT sum(length(text)) FROM note") }
        }
        #expect(error?.extendedResultCode.rawValue == 8_202)
    }
}
