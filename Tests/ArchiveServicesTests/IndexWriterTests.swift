import ArchiveCatalog
import CatalogSQLite
import DICOMCore
import Testing

@testable import ArchiveServices

@Suite struct `The way of records into the index` {
    private func objects(_ count: Int) throws -> [TestObject] {
        try (1...count).map { number in
            TestObject(instance: try #require(UID("1.2.3.1.1.\(number)")), number: number)
        }
    }

    @Test func `acknowledged objects wait for company, and a reader brings all of them in at once`() async throws {
        let archive = try await TestArchive()
        for object in try objects(5) { #expect(try await archive.store(object).isStored) }
        #expect(archive.front.batches == [])

        #expect(try await archive.archive.counts().instances == 5)
        #expect(archive.front.batches == [5])
        #expect(try await archive.archive.counts().instances == 5)
        #expect(archive.front.batches == [5])
    }

    @Test func `a repeated object is known while its record waits, other bytes are refused`() async throws {
        let archive = try await TestArchive()
        let object = TestObject()
        #expect(try await archive.store(object).isStored)

        guard case .alreadyStored = try await archive.store(object) else {
            Issue.record("the object was taken a second time")
            return
        }
        #expect(try await archive.store(TestObject(number: 2)).refusal?.reason == .differentObjectStored)
        #expect(archive.front.batches == [])
    }

    @Test func `a study of another patient is refused while the first record waits`() async throws {
        let archive = try await TestArchive()
        #expect(try await archive.store(TestObject()).isStored)

        var other = TestObject(instance: UID(literal: "1.2.3.1.1.2"))
        other.patientID = "P2"
        #expect(try await archive.store(other).refusal?.reason == .belongsElsewhere)
    }

    @Test func `records that could not be written are written later, each once`() async throws {
        let archive = try await TestArchive(failingInserts: 1)
        for object in try objects(3) { #expect(try await archive.store(object).isStored) }

        await #expect(throws: (any Error).self) { try await archive.archive.ingest.index.catchUp() }
        try await archive.archive.ingest.index.catchUp()

        #expect(archive.front.batches == [3, 3])
        #expect(try await archive.catalog.counts().instances == 3)
    }

    @Test func `packs stay open while the index lacks a record of theirs`() async throws {
        let archive = try await TestArchive(failingInserts: 1)
        #expect(try await archive.store(TestObject()).isStored)

        await #expect(throws: (any Error).self) { try await archive.archive.sealPacks(quietFor: .zero) }
        #expect(try await archive.catalog.counts().instances == 0)
        try await archive.archive.sealPacks(quietFor: .zero)
        #expect(try await archive.catalog.counts().instances == 1)
    }

    @Test func `the index follows by itself while the archive is maintained`() async throws {
        let archive = try await TestArchive()
        try await withThrowingTaskGroup { group in
            group.addTask { await archive.archive.maintain(every: .seconds(3_600), quietFor: .seconds(3_600)) }
            #expect(try await archive.store(TestObject()).isStored)
            // Not a time that must be kept: it ends as soon as the record is there.
            while try await archive.catalog.counts().instances == 0 { try await Task.sleep(for: .milliseconds(5)) }
            group.cancelAll()
        }
        #expect(archive.front.batches == [1])
    }
}
