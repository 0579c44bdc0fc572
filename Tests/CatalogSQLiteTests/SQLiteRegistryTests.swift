import ArchiveCatalog
import Foundation
import GRDB
import NIOPosix
import Platform
import TestKit
import Testing

@testable import CatalogSQLite

@Suite struct `The registry` {
    private let folder: IndexFolder

    init() throws {
        folder = try IndexFolder()
    }

    private func open(key: UInt8 = 7) async throws -> SQLiteRegistry {
        try await SQLiteRegistry.open(
            path: folder.url.appending(path: "registry.sqlite").path,
            key: [UInt8](repeating: key, count: 32),
            disk: PosixDisk(),
            pool: WorkPool(threads: NIOThreadPool.singleton)
        )
    }

    @Test func `a write is there after the registry is opened again`() async throws {
        let registry = try await open()
        try await registry.write { database in
            try database.execute(sql: "CREATE TABLE sample (name TEXT) STRICT; INSERT INTO sample VALUES ('kept')")
        }
        try await registry.close()
        let again = try await open()
        let names = try await again.read { database in try String.fetchAll(database, sql: "SELECT name FROM sample") }
        #expect(names == ["kept"])
        try await again.close()
    }

    @Test func `a write that throws changes nothing`() async throws {
        let registry = try await open()
        await #expect(throws: RegistryError(.conflict, "no")) {
            try await registry.write { database in
                try database.execute(sql: "CREATE TABLE sample (name TEXT) STRICT")
                throw RegistryError(.conflict, "no")
            }
        }
        let count = try await registry.read { database in
            try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_schema WHERE name = 'sample'")
        }
        #expect(count == 0)
        try await registry.close()
    }

    @Test func `another key does not open it`() async throws {
        try await open().close()
        await #expect {
            _ = try await open(key: 8)
        } throws: { error in
            (error as? RegistryError)?.code == .cannotOpen
        }
    }

    @Test func `one of a newer program is refused`() async throws {
        let registry = try await open()
        try await registry.write { database in
            try database.execute(sql: "INSERT INTO migration VALUES ('future-1')")
        }
        try await registry.close()
        await #expect {
            _ = try await open()
        } throws: { error in
            (error as? RegistryError)?.code == .newer
        }
    }

    @Test func `nothing of a value is in the file`() async throws {
        let registry = try await open()
        try await registry.write { database in
            try database.execute(
                sql: "CREATE TABLE sample (name TEXT) STRICT; INSERT INTO sample VALUES ('Legible^Name')"
            )
        }
        try await registry.close()
        let files = try folder.bytes()
        #expect(!files.isEmpty)
        #expect(files.allSatisfy { $0.range(of: Data("Legible^Name".utf8)) == nil })
    }
}
