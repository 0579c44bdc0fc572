import ArchiveCatalog
import ArchiveServices
import CatalogSQLite
import DICOMCore
import NIOCore
import Platform
import TestKit
import Testing

@Suite struct `Starting again` {
    @Test func `what was acknowledged is there after a stop without warning`() async throws {
        let folder = TestFolder()
        let object = TestObject()
        do {
            let archive = try await TestArchive(in: folder)
            _ = try await archive.store(object)
            try await archive.catalog.close()
        }

        let again = try await TestArchive(in: folder)

        #expect(again.recovery.known == 1)
        #expect(try await again.payload(object) == Array(try object.part10().readableBytesView))
    }

    @Test func `records that the index lacks are inserted from the open packs`() async throws {
        let folder = TestFolder()
        let object = TestObject()
        do {
            let archive = try await TestArchive(in: folder)
            _ = try await archive.store(object)
            try await archive.catalog.close()
        }
        try removeIndex(folder)

        let again = try await TestArchive(in: folder)

        #expect(again.recovery.inserted == 1)
        #expect(try await again.payload(object) == Array(try object.part10().readableBytesView))
    }

    @Test func `an index rebuilt from sealed packs and keyring has the same rows`() async throws {
        let folder = TestFolder()
        let objects = [
            TestObject(), TestObject(instance: UID(literal: "1.2.3.1.1.2"), number: 2, frames: 3),
            TestObject(
                study: UID(literal: "1.2.4"),
                series: UID(literal: "1.2.4.1"),
                instance: UID(literal: "1.2.4.1.1"),
                patientID: "P2"
            ),
        ]
        let archive = try await TestArchive(in: folder)
        for object in objects { _ = try await archive.store(object) }
        let before = try await rows(archive.catalog)
        try await archive.archive.sealPacks(quietFor: .zero)
        let rebuilt = try await SQLiteCatalog.open(
            path: folder.path + "/rebuilt.sqlite",
            key: Array(repeating: 9, count: 32),
            pool: TestPool.shared
        )

        let report = try await Archive.rebuild(
            rebuilt,
            from: archive.packs,
            keyring: archive.keyring,
            logger: .silent
        )

        #expect(report.inserted == objects.count)
        #expect(try await rows(rebuilt) == before)
        try await rebuilt.close()
    }

    @Test func `an object refused by the index does not come back in the place of the one stored after it`()
        async throws
    {
        let archive = try await TestArchive(failingInserts: 1)
        let refused = try await archive.store(TestObject())
        let corrected = TestObject(number: 2)
        let stored = try await archive.store(corrected)
        let rebuilt = try await SQLiteCatalog.open(
            path: archive.folder.path + "/rebuilt.sqlite",
            key: Array(repeating: 9, count: 32),
            pool: TestPool.shared
        )

        let report = try await Archive.rebuild(
            rebuilt,
            from: archive.packs,
            keyring: archive.keyring,
            logger: .silent
        )

        #expect(refused.refusal?.reason == .storageFailed)
        #expect(stored.isStored)
        #expect(report.takenBack == 1 && report.inserted == 1 && report.conflicts == 0)
        let record = try #require(try await rebuilt.instance(corrected.instance))
        #expect(record.location == (try await archive.instance(corrected)).record.location)
        try await rebuilt.close()
    }

    @Test func `a full index is told as a full volume, and the next object is stored`() async throws {
        let archive = try await TestArchive(failingInserts: 1, failureCode: .noSpace)

        let refused = try await archive.store(TestObject())
        let stored = try await archive.store(TestObject())

        #expect(refused.refusal?.reason == .noSpace)
        #expect(stored.isStored)
    }

    /// All rows of all levels; the seal of a header differs from sealing to sealing, so it is left out.
    private func rows(_ catalog: SQLiteCatalog) async throws -> [String] {
        var texts: [String] = []
        for level in QueryLevel.allCases {
            for row in try await catalog.find(CatalogQuery(level: level)) {
                let values = CatalogAttribute.all.map { row.values[$0] ?? "" }
                texts.append(values.joined(separator: "|") + "|\(row.derived.map { "\($0)=\($1)" }.sorted())")
            }
        }
        for record in try await catalog.allInstances(after: nil, limit: 100) {
            texts.append("\(record.location) \(record.dataSetDigest) \(record.receivedAt) \(record.source)")
            texts.append("\(record.dataSetOffset) \(record.frameIndex ?? [])")
        }
        return texts
    }

    private func removeIndex(_ folder: TestFolder) throws {
        let disk = PosixDisk()
        for suffix in ["", "-wal", "-shm"] where try disk.exists(folder.path + "/index.sqlite" + suffix) {
            try disk.unlink(folder.path + "/index.sqlite" + suffix)
        }
    }
}

@Suite struct `Disk failures while storing` {
    @Test func `whichever call fails once, success means stored and refusal leaves nothing`() async throws {
        var call = 0
        while true {
            let folder = TestFolder()
            let disk = FaultInjectingDisk(PosixDisk())
            let archive = try await TestArchive(in: folder, disk: disk)
            disk.failCall(call, code: .io)

            let outcome = try await archive.store(TestObject())
            let hasFailed = disk.hasFailed
            disk.heal()

            let count = try await archive.archive.counts().instances
            #expect(outcome.isStored == (count == 1), "call \(call)")
            if outcome.isStored {
                #expect(try await archive.payload(TestObject()) == Array(try TestObject().part10().readableBytesView))
            } else {
                #expect(try await archive.store(TestObject()).isStored, "the sender may try again after call \(call)")
            }
            try await archive.catalog.close()
            guard hasFailed else { break }
            call += 1
        }
        #expect(call > 3)
    }
}
