import ArchiveCatalog
import DICOMCore
import Foundation
import GRDB
import Testing

@testable import CatalogSQLite

@Suite struct `The index file` {
    private func record(marked marker: String) -> InstanceRecord {
        var record = SampleRecord(
            patientID: marker,
            values: [(.patientName, marker), (.studyDescription, marker), (.imageType, marker)]
        ).record
        record.source = marker
        record.sealedHeader = Array(marker.utf8)
        return record
    }

    @Test func `no text of a record is in any file, open or closed`() async throws {
        let folder = try IndexFolder()
        let marker = "MARKERMARKER"
        let catalog = try folder.catalog()
        #expect(try await catalog.insert([record(marked: marker)]) == [.inserted])
        _ = try await catalog.find(.study, .patientID, where: [(.patientName, .wildcard("*MARKER*"))])

        func shows(_ text: String) throws -> Bool {
            try folder.bytes().contains { $0.range(of: Data(text.utf8)) != nil }
        }
        for text in [marker, marker.lowercased(), "SQLite format 3", "CREATE TABLE", "patient_id"] {
            #expect(try !shows(text), "open: \(text)")
        }
        try await catalog.makeDurable()
        #expect(try !shows(marker))
        try await catalog.close()
        for text in [marker, marker.lowercased(), "SQLite format 3", "CREATE TABLE", "patient_id"] {
            #expect(try !shows(text), "closed: \(text)")
        }
    }

    @Test func `an index opens whose first page was torn by a power cut during a checkpoint`() async throws {
        let folder = try IndexFolder()
        let catalog = try folder.catalog()
        var large = SampleRecord().record
        large.sealedHeader = [UInt8](repeating: 5, count: 100_000)
        _ = try await catalog.insert([large])
        let copy = folder.url.appending(path: "copy.sqlite").path
        try FileManager.default.copyItem(atPath: folder.path, toPath: copy)
        try FileManager.default.copyItem(atPath: folder.path + "-wal", toPath: copy + "-wal")
        let file = try #require(FileHandle(forUpdatingAtPath: copy))
        // Page 1 lies behind the two header pages of the seal.
        try file.seek(toOffset: 8_192 + 512)
        try file.write(contentsOf: Data(count: 512))
        try file.close()

        let opened = try SQLiteCatalog(path: copy, key: folder.key)

        #expect(try await opened.instance(large.path.sopInstanceUID) == large)
        try await opened.close()
        try await catalog.close()
    }

    @Test func `another key, a short key, a plain database and rubbish do not open`() async throws {
        let folder = try IndexFolder()
        let catalog = try folder.catalog()
        try await catalog.insert([SampleRecord()])
        try await catalog.close()

        func code(_ path: String, _ key: [UInt8]) -> CatalogError.Code? {
            do {
                _ = try SQLiteCatalog(path: path, key: key)
                return nil
            } catch {
                return error.code
            }
        }
        #expect(code(folder.path, Array(repeating: 9, count: 32)) == .cannotOpen)
        #expect(code(folder.path, Array(repeating: 9, count: 31)) == .cannotOpen)
        #expect(code(folder.path, []) == .cannotOpen)
        #expect(code(folder.path + "/none/index.sqlite", folder.key) == .cannotOpen)

        let plain = folder.url.appending(path: "plain.sqlite").path
        try await DatabaseQueue(path: plain).write { database in
            try database.execute(sql: "CREATE TABLE t (a); CREATE TABLE u (a); CREATE TABLE v (a)")
        }
        #expect(code(plain, folder.key) == .cannotOpen)
        let rubbish = folder.url.appending(path: "rubbish.sqlite")
        try Data(repeating: 7, count: 20_000).write(to: rubbish)
        #expect(code(rubbish.path, folder.key) == .cannotOpen)
        #expect(code(folder.path, folder.key) == nil)
    }

    @Test func `another key does not open an index that was never closed, nor harm it`() async throws {
        let folder = try IndexFolder()
        let catalog = try folder.catalog()
        try await catalog.insert([SampleRecord()])

        #expect(throws: CatalogError.self) {
            try SQLiteCatalog(path: folder.path, key: Array(repeating: 9, count: 32))
        }

        #expect(try await catalog.counts().instances == 1)
        try await catalog.close()
        #expect(try await folder.catalog().counts().instances == 1)
    }

    @Test func `a path with characters of a URI opens that very file`() async throws {
        let folder = try IndexFolder()
        let path = folder.url.appending(path: "a?b#c%41 d.sqlite").path

        try await SQLiteCatalog(path: path, key: folder.key).close()

        #expect(FileManager.default.fileExists(atPath: path))
    }

    @Test func `what was committed is there after a process that closed nothing`() async throws {
        let folder = try IndexFolder()
        let abandoned = try folder.catalog()
        try await abandoned.insert((1...50).map { SampleRecord(instance: $0) })
        // A copy of the files taken now is what a killed process leaves.
        let copy = try IndexFolder()
        for name in ["index.sqlite", "index.sqlite-wal"] {
            try FileManager.default.copyItem(at: folder.url.appending(path: name), to: copy.url.appending(path: name))
        }

        let reopened = try copy.catalog()

        #expect(try await reopened.counts().instances == 50)
        #expect(try await reopened.insert([SampleRecord(instance: 51)]) == [.inserted])
        #expect(try await abandoned.counts().instances == 50)
    }

    @Test(arguments: [(1, CatalogError.Code.outdated, "cassette index rebuild"), (99, .cannotOpen, "newer Cassette")])
    func `an index of another schema version is refused with what to do`(
        _ version: Int,
        _ code: CatalogError.Code,
        _ advice: String
    ) async throws {
        let folder = try IndexFolder()
        let index = try IndexDatabase(path: folder.path, key: folder.key, configuration: .init())
        try await index.write { try $0.execute(sql: "PRAGMA user_version = \(version)") }
        try await index.close()

        let error = #expect(throws: CatalogError.self) { try folder.catalog() }
        #expect(error?.code == code)
        #expect(error?.advice.contains(advice) == true)
    }

    @Test func `an index of the same version with other columns is refused`() async throws {
        let folder = try IndexFolder()
        let index = try IndexDatabase(path: folder.path, key: folder.key, configuration: .init())
        try await index.write { try $0.execute(sql: "ALTER TABLE study ADD COLUMN another TEXT") }
        try await index.close()

        #expect(throws: CatalogError.self) { try folder.catalog() }
    }

    @Test func `a damaged page is told and nothing wrong comes out`() async throws {
        let folder = try IndexFolder()
        let catalog = try folder.catalog()
        try await catalog.insert((1...2_000).map { SampleRecord(instance: $0) })
        try await catalog.close()
        var bytes = try Data(contentsOf: URL(filePath: folder.path))
        for place in stride(from: 40_000, to: bytes.count, by: 4_096) { bytes[place] ^= 1 }
        try bytes.write(to: URL(filePath: folder.path))

        do {
            let damaged = try folder.catalog()
            _ = try await damaged.allInstances(after: nil, limit: 5_000)
            Issue.record("damage was read")
        } catch let error as CatalogError {
            #expect([.damaged, .cannotOpen].contains(error.code))
        }
    }

    @Test func `connections keep what was asked for: only the writer checkpoints`() async throws {
        let folder = try IndexFolder()
        let index = try IndexDatabase(path: folder.path, key: folder.key, configuration: .init())
        let names = ["wal_autocheckpoint", "synchronous", "temp_store"]
        @Sendable func settings(_ database: Database) throws -> [Int?] {
            try names.map { try Int.fetchOne(database, sql: "PRAGMA \($0)") }
        }

        #expect(try await index.write(settings) == [4_000, 1, 2])
        try await index.makeDurable()
        #expect(try await index.write(settings) == [4_000, 1, 2])
        #expect(try await index.read(settings).first == 0)
        #expect(try await index.read(settings).last == 2)
        try await index.close()
    }

    @Test(.timeLimit(.minutes(5)))
    func `a statement without end is stopped by the limit, and by cancellation`() async throws {
        let folder = try IndexFolder()
        let index = try IndexDatabase(path: folder.path, key: folder.key, configuration: .init())
        let endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c"

        let late = await #expect(throws: CatalogError.self) {
            try await index.read(within: .milliseconds(50)) { try Int.fetchOne($0, sql: endless) }
        }
        #expect(late?.code == .timedOut)

        let cancelled = await withTaskGroup(of: CatalogError.Code?.self) { group in
            group.addTask {
                do throws(CatalogError) {
                    _ = try await index.read { try Int.fetchOne($0, sql: endless) }
                    return nil
                } catch {
                    return error.code
                }
            }
            group.cancelAll()
            return await group.next() ?? nil
        }
        #expect(cancelled == .cancelled)
        // The connection is whole.
        #expect(try await index.read { try Int.fetchOne($0, sql: "SELECT 1") } == 1)
    }

    @Test func `a cancelled caller does not undo the records of others`() async throws {
        let folder = try IndexFolder()
        let catalog = try folder.catalog()

        await withTaskGroup(of: Void.self) { group in
            group.addTask { _ = try? await catalog.insert([SampleRecord()]) }
            group.cancelAll()
        }

        #expect(try await catalog.counts().instances == 1)
    }

    @Test(.timeLimit(.minutes(5)))
    func `readers see whole transactions while the writer goes on`() async throws {
        let folder = try IndexFolder()
        var configuration = SQLiteCatalogConfiguration()
        configuration.checkpointPages = 50
        let catalog = try folder.catalog(configuration)

        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for batch in 0..<60 {
                    try await catalog.insert(
                        (0..<10).map { SampleRecord(study: batch, series: batch, instance: batch * 10 + $0) }
                    )
                    if batch % 20 == 0 { try await catalog.makeDurable() }
                }
            }
            for _ in 0..<6 {
                group.addTask {
                    for _ in 0..<40 {
                        let rows = try await catalog.find(CatalogQuery(level: .study))
                        #expect(rows.allSatisfy { $0.derived[.numberOfStudyRelatedInstances] == "10" })
                        #expect(try await catalog.counts().instances % 10 == 0)
                    }
                }
            }
            try await group.waitForAll()
        }

        #expect(try await catalog.counts().instances == 600)
        try await catalog.close()
    }
}
