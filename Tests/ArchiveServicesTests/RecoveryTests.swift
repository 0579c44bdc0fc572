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
            _ = try await archive.archive.counts()
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
        try await archive.archive.sealPacks(quietFor: .zero)
        let before = try await rows(archive.catalog)
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

    @Test func `an object that is durable is acknowledged and read though the index cannot be written yet`()
        async throws
    {
        let archive = try await TestArchive(failingInserts: 2)
        let object = TestObject()

        #expect(try await archive.store(object).isStored)
        #expect(try await archive.payload(object) == Array(buffer: try object.part10()))
        #expect(try await archive.store(TestObject(number: 2)).refusal?.reason == .storageFailed)
        #expect(try await archive.store(TestObject(number: 2)).refusal?.reason == .differentObjectStored)
        #expect(try await archive.archive.counts().instances == 1)
    }

    @Test func `a full index is told as a full volume, and stores go on when there is room`() async throws {
        let archive = try await TestArchive(failingInserts: 2, failureCode: .noSpace)
        let first = TestObject()

        #expect(try await archive.store(first).isStored)
        #expect(try await archive.archive.counts().instances == 0)
        #expect(try await archive.store(first).refusal?.reason == .noSpace)
        guard case .alreadyStored = try await archive.store(first) else {
            Issue.record("the object was acknowledged and is not known")
            return
        }
        #expect(try await archive.archive.counts().instances == 1)
    }

    @Test func `what waits for the index when the archive ends is in it after the next start`() async throws {
        let folder = TestFolder()
        let object = TestObject()
        let ended = try await TestArchive(in: folder, failingInserts: .max)
        #expect(try await ended.store(object).isStored)
        try await ended.catalog.close()

        let archive = try await TestArchive(in: folder)

        #expect(archive.recovery.inserted == 1)
        #expect(try await archive.payload(object) == Array(buffer: try object.part10()))
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
