import CSealedSQLite
import Foundation
import GRDB
import Testing

@Suite struct `Damage to a sealed database` {
    static let header = 8_192
    static let page = 4_096

    /// A closed database of some fifty pages.
    private func closedDatabase(_ folder: borrowing SealedFolder) throws -> Data {
        try folder.makeNotes(2_000).close()
        return try Data(contentsOf: folder.database)
    }

    /// Opens the file and reads every page of it; the number of rows.
    private func readAll(_ folder: borrowing SealedFolder) throws -> Int? {
        let pool = try folder.openPool()
        return try pool.read { database in
            _ = try Int.fetchOne(database, sql: "SELECT sum(length(text)) FROM note")
            // It reports damage as text and does not throw.
            guard try isIntact(database) else { throw DatabaseError(resultCode: .SQLITE_CORRUPT) }
            return try count(database)
        }
    }

    @Test func `a flipped bit in any page is refused`() throws {
        let folder = try SealedFolder()
        let bytes = try closedDatabase(folder)
        // A few places of each page, among them its first byte, the generation, the nonce and the tag.
        let places = stride(from: Self.header, to: bytes.count, by: Self.page)
            .flatMap { start in [0, 20, 1_000, 4_063, 4_064, 4_068, 4_079, 4_080, 4_095].map { start + $0 } }

        #expect(bytes.count > Self.header + 20 * Self.page)
        for place in places {
            var damaged = bytes
            damaged[place] ^= 0x10
            try damaged.write(to: folder.database)
            #expect(throws: DatabaseError.self, "byte \(place)") { try readAll(folder) }
        }
        try bytes.write(to: folder.database)
        #expect(try readAll(folder) == 2_000)
    }

    @Test func `one damaged header slot costs nothing, or shows that the header is old; two are refused`() throws {
        let folder = try SealedFolder()
        let bytes = try closedDatabase(folder)

        var outcomes: [Bool] = []
        for slot in 0..<2 {
            var damaged = bytes
            damaged[slot * Self.page + 100] ^= 1
            try damaged.write(to: folder.database)
            outcomes.append((try? readAll(folder)) == 2_000)
        }
        var both = bytes
        both[100] ^= 1
        both[Self.page + 100] ^= 1
        try both.write(to: folder.database)
        let error = #expect(throws: DatabaseError.self) { try readAll(folder) }

        // The older slot may go. Without the newer one, pages are newer than the header.
        #expect(outcomes.filter { $0 }.count == 1)
        #expect(error?.resultCode == .SQLITE_NOTADB)
    }

    @Test func `pages that changed places are refused`() throws {
        let folder = try SealedFolder()
        var bytes = try closedDatabase(folder)
        let first = Self.header + 5 * Self.page
        let second = Self.header + 9 * Self.page
        let kept = bytes[first..<first + Self.page]

        bytes[first..<first + Self.page] = bytes[second..<second + Self.page]
        bytes[second..<second + Self.page] = kept
        try bytes.write(to: folder.database)

        let error = #expect(throws: DatabaseError.self) { try readAll(folder) }
        #expect(error?.extendedResultCode.rawValue == 8_202)
    }

    @Test func `a page of another file under the same key is refused`() throws {
        let folder = try SealedFolder()
        var bytes = try closedDatabase(folder)
        let otherFile = folder.directory.appendingPathComponent("other.sqlite")
        let other = try folder.openPool(at: otherFile)
        try other.write { database in
            try database.execute(sql: "CREATE TABLE note(id INTEGER PRIMARY KEY, number INTEGER, text TEXT)")
            try SealedFolder.insert(2_000, marker: "note", into: database)
        }
        try other.close()
        let place = Self.header + 5 * Self.page

        bytes[place..<place + Self.page] = try Data(contentsOf: otherFile)[place..<place + Self.page]
        try bytes.write(to: folder.database)

        #expect(throws: DatabaseError.self) { try readAll(folder) }
    }

    @Test func `a file cut short is refused`() throws {
        let folder = try SealedFolder()
        let bytes = try closedDatabase(folder)

        for length in stride(from: Self.header + 1, to: bytes.count, by: 3_001) {
            try bytes.prefix(length).write(to: folder.database)
            #expect(throws: DatabaseError.self, "\(length) bytes") { try readAll(folder) }
        }
    }

    @Test func `another key is told as such and changes nothing`() throws {
        let folder = try SealedFolder()
        let bytes = try closedDatabase(folder)
        let stranger = folder.vfs + "-other"
        try SealedFolder.register(stranger, key: 8)

        let error = #expect(throws: DatabaseError.self) { try folder.openPool(vfs: stranger) }

        #expect(error?.resultCode == .SQLITE_NOTADB)
        #expect(try Data(contentsOf: folder.database) == bytes)
        // SAFETY: the string lives for the call.
        #expect(unsafe cassette_sealed_vfs_unregister(stranger) == 0)
    }

    @Test func `an older copy of the whole file is noticed by its generation`() throws {
        let folder = try SealedFolder()
        let old = try closedDatabase(folder)
        let pool = try folder.openPool()
        try pool.write { try SealedFolder.insert(10, marker: "later", into: $0) }
        try checkpoint(pool, .truncate)
        let generation = try pool.writeWithoutTransaction { try status($0).generation }
        try pool.close()

        try old.write(to: folder.database)
        let restored = try folder.openPool()

        #expect(try restored.read { check($0, minimumGeneration: generation) } == 11)
        #expect(try restored.read { check($0, minimumGeneration: 0) } == 0)
    }
}
