import AccessControl
import ArchiveCatalog
import CatalogSQLite
import DICOMCore
import NIOCore
import PackStorage
import Platform
import Sealing
import Synchronization
import TestKit
import Testing

@testable import ArchiveServices

/// Everything that a catalog tells about its content, the bin included.
private struct Dump: Equatable {
    var rows: [QueryLevel: [CatalogRow]] = [:]
    var instances: [InstanceRecord]
    var counts: CatalogCounts
    var deletions: [Deletion]
    var removed: [[RemovedRecord]] = []
    var superseded: [SupersededPack]

    init(_ catalog: some Catalog) async throws {
        instances = try await catalog.allInstances(after: nil, limit: 10_000).map { record in
            var record = record
            // Sealed anew by a rebuild, with another nonce.
            record.sealedHeader = []
            return record
        }
        counts = try await catalog.counts()
        for level in QueryLevel.allCases {
            rows[level] = try await catalog.find(CatalogQuery(level: level)).map { row in
                var row = row
                // Names keys of the database, which are another one's business.
                row.position = nil
                return row
            }
        }
        deletions = try await catalog.deletions(nil, after: nil, limit: 1_000)
        for deletion in deletions {
            removed.append(try await catalog.removedRecords(of: deletion.id, after: nil, limit: 1_000))
        }
        superseded = try await catalog.supersededPacks()
    }
}

extension TestObject {
    fileprivate var scope: ArchiveScope {
        ArchiveScope(studyInstanceUID: study, seriesInstanceUID: series, sopInstanceUID: instance)
    }

    fileprivate var studyScope: ArchiveScope { ArchiveScope(studyInstanceUID: study) }

    /// Five objects of two series of one study, and one of another study of the same patient.
    static let several: [TestObject] =
        (1...5).map { number in
            TestObject(
                series: UID(literal: number < 4 ? "1.2.3.1" : "1.2.3.2"),
                instance: UID("1.2.3.1.\(number)") ?? UID(literal: "0.0"),
                number: number
            )
        } + [
            TestObject(
                study: UID(literal: "1.2.4"),
                series: UID(literal: "1.2.4.1"),
                instance: UID(literal: "1.2.4.1.1")
            )
        ]
}

extension TestArchive {
    fileprivate func bin(_ scope: ArchiveScope) async throws -> BinEntry {
        guard case .deleted(let entry) = try await archive.removal.delete(scope, as: Self.administrator) else {
            throw ArchiveError(.conflict, "not deleted at once")
        }
        return entry
    }

    /// Whether a rebuild gives the same rows.
    fileprivate func rebuildsAlike() async throws -> Bool {
        // The index may be behind what was acknowledged.
        _ = try await archive.counts()
        let before = try await Dump(catalog)
        let rebuilt = try await SQLiteCatalog.open(
            path: folder.path + "/rebuilt-\(RandomID(random: SystemRandomSource()).hex).sqlite",
            key: Array(repeating: 9, count: 32),
            pool: TestPool.shared
        )
        _ = try await Archive.rebuild(rebuilt, from: packs, keyring: keyring, logger: .silent)
        let after = try await Dump(rebuilt)
        try await rebuilt.close()
        #expect(after.instances == before.instances)
        #expect(after.deletions == before.deletions)
        #expect(after.removed == before.removed)
        #expect(after.superseded == before.superseded)
        return after == before
    }

    func store(all objects: [TestObject]) async throws {
        for object in objects { _ = try await store(object) }
    }
}

@Suite struct `Deleting` {
    @Test func `hides an object at once and gives it back byte by byte`() async throws {
        let archive = try await TestArchive()
        let object = TestObject.several[1]
        try await archive.store(all: TestObject.several)
        _ = try await archive.archive.counts()
        let before = try await Dump(archive.catalog)

        let entry = try await archive.bin(object.scope)

        await #expect(throws: ArchiveError.self) { try await archive.payload(object) }
        #expect(try await archive.archive.counts().instances == 5)
        #expect(try await archive.archive.removal.bin(as: TestArchive.administrator) == [entry])
        try await archive.archive.removal.restore(entry.deletion.id, as: TestArchive.administrator)
        #expect(try await archive.payload(object) == Array(try object.part10().readableBytesView))
        let after = try await Dump(archive.catalog)
        #expect(after.instances == before.instances && after.rows == before.rows && after.counts == before.counts)
        #expect(try await archive.archive.removal.bin(as: TestArchive.administrator).isEmpty)
    }

    @Test func `survives a rebuild in every state, open packs and sealed ones`() async throws {
        let archive = try await TestArchive()
        let objects = TestObject.several
        try await archive.store(all: objects)
        let removal = archive.archive.removal
        let administrator = TestArchive.administrator

        let first = try await archive.bin(objects[0].scope)
        #expect(try await archive.rebuildsAlike())
        try await archive.archive.sealPacks(quietFor: .zero)
        _ = try await archive.bin(
            ArchiveScope(studyInstanceUID: objects[4].study, seriesInstanceUID: objects[4].series)
        )
        #expect(try await archive.rebuildsAlike())
        try await archive.archive.sealPacks(quietFor: .zero)
        try await removal.restore(first.deletion.id, as: administrator)
        #expect(try await archive.rebuildsAlike())
        let again = try await archive.bin(objects[0].studyScope)
        try await removal.end(again.deletion.id, as: administrator)
        #expect(try await archive.rebuildsAlike())
        try await archive.store(all: objects)
        try await archive.archive.sealPacks(quietFor: .zero)
        #expect(try await archive.rebuildsAlike())
        #expect(try await archive.archive.counts().instances == 6)
    }

    @Test func `takes effect after a stop between its record and the index`() async throws {
        let folder = TestFolder()
        let objects = TestObject.several
        do {
            let archive = try await TestArchive(in: folder)
            try await archive.store(all: objects)
            try await archive.archive.sealPacks(quietFor: .zero)
            archive.front.failNext(1)
            await #expect(throws: ArchiveError.self) { try await archive.bin(objects[0].studyScope) }
            try await archive.catalog.close()
        }

        let again = try await TestArchive(in: folder)

        #expect(try await again.archive.counts().instances == 1)
        #expect(try await again.archive.removal.bin(as: TestArchive.administrator).count == 1)
        #expect(try await again.rebuildsAlike())
    }

    @Test func `does not come back from an open pack that the index knows of`() async throws {
        let folder = TestFolder()
        let objects = TestObject.several
        do {
            let archive = try await TestArchive(in: folder)
            try await archive.store(all: objects)
            _ = try await archive.bin(objects[0].scope)
            try await archive.catalog.close()
        }

        let again = try await TestArchive(in: folder)

        #expect(try await again.archive.counts().instances == 5)
        #expect(try await again.rebuildsAlike())
    }

    @Test func `an object that is sent again is stored anew, and stays when the deletion is restored`() async throws {
        let archive = try await TestArchive()
        let objects = TestObject.several
        try await archive.store(all: objects)
        let entry = try await archive.bin(objects[0].studyScope)

        guard case .stored = try await archive.store(objects[0]) else {
            Issue.record("not stored anew")
            return
        }
        let kept = try await archive.instance(objects[0]).record.location.recordID
        try await archive.archive.removal.restore(entry.deletion.id, as: TestArchive.administrator)

        #expect(try await archive.archive.counts().instances == 6)
        #expect(try await archive.instance(objects[0]).record.location.recordID == kept)
        #expect(try await archive.rebuildsAlike())
        try await archive.archive.sealPacks(quietFor: .zero)
        #expect(try await archive.rebuildsAlike())
    }

    @Test func `cannot be restored over another object of its UID or another patient`() async throws {
        let archive = try await TestArchive()
        let object = TestObject()
        _ = try await archive.store(object)
        let entry = try await archive.bin(object.studyScope)
        _ = try await archive.store(TestObject(frames: 3))

        let other = await #expect(throws: ArchiveError.self) {
            try await archive.archive.removal.restore(entry.deletion.id, as: TestArchive.administrator)
        }
        _ = try await archive.bin(object.studyScope)
        _ = try await archive.store(TestObject(instance: UID(literal: "1.2.3.1.9"), patientID: "P9"))
        let patient = await #expect(throws: ArchiveError.self) {
            try await archive.archive.removal.restore(entry.deletion.id, as: TestArchive.administrator)
        }

        #expect(other?.code == .conflict && patient?.code == .conflict)
        #expect(try await archive.archive.removal.bin(as: TestArchive.administrator).count == 2)
        #expect(try await archive.rebuildsAlike())
    }

    @Test func `is refused under a hold, and the bin is not emptied under one`() async throws {
        let clock = ManualClock()
        let archive = try await TestArchive(clock: clock)
        let objects = TestObject.several
        try await archive.store(all: objects)
        let (holds, removal, administrator) = (
            archive.archive.holds, archive.archive.removal, TestArchive.administrator
        )
        _ = try await archive.bin(objects[0].scope)
        try await holds.hold(objects[0].study, reason: "litigation", until: nil, as: administrator)
        try await holds.hold(
            objects[5].study,
            kind: .retention,
            reason: "law",
            until: clock.now().advanced(by: .seconds(60)),
            as: administrator
        )

        let held = await #expect(throws: ArchiveError.self) { try await archive.bin(objects[1].scope) }
        await #expect(throws: ArchiveError.self) { try await archive.bin(objects[5].scope) }
        #expect(try await removal.emptyBin(as: administrator).isEmpty)
        #expect(try await removal.preview(objects[1].scope, as: administrator).hold?.reason == "litigation")

        #expect(held?.code == .conflict)
        #expect(try await holds.holds(as: administrator).count == 2)
        #expect(try await holds.heldStudies(among: [objects[0].study, UID(literal: "9.9")]) == [objects[0].study])
        clock.advance(by: .seconds(61))
        _ = try await archive.bin(objects[5].scope)
        #expect(try await holds.release(objects[0].study, as: administrator))
        #expect(try await removal.emptyBin(as: administrator).count == 2)
    }

    @Test func `ends by itself when its time is over`() async throws {
        let clock = ManualClock()
        let archive = try await TestArchive(clock: clock)
        try await archive.store(all: TestObject.several)
        let early = try await archive.bin(TestObject.several[0].scope)
        clock.advance(by: .seconds(86_400 * 29))
        let late = try await archive.bin(TestObject.several[1].scope)
        clock.advance(by: .seconds(86_400))

        try await archive.archive.removal.endExpired()

        #expect(
            try await archive.archive.removal.bin(as: TestArchive.administrator).map(\.deletion.id) == [
                late.deletion.id
            ]
        )
        let error = await #expect(throws: ArchiveError.self) {
            try await archive.archive.removal.restore(early.deletion.id, as: TestArchive.administrator)
        }
        #expect(error?.code == .conflict)
    }

    @Test func `needs a second administrator above the limit, who is not the first`() async throws {
        var configuration = RemovalConfiguration()
        configuration.instancesWithoutConfirmation = 2
        let archive = try await TestArchive(removal: configuration)
        let objects = TestObject.several
        try await archive.store(all: objects)
        let (removal, administrator) = (archive.archive.removal, TestArchive.administrator)

        let outcome = try await removal.delete(objects[0].studyScope, as: administrator)
        guard case .awaitsConfirmation(let request) = outcome else {
            Issue.record("deleted at once")
            return
        }
        let own = await #expect(throws: ArchiveError.self) { try await removal.confirm(request.id, as: administrator) }

        #expect(own?.code == .denied)
        #expect(try await archive.archive.counts().instances == 6)
        #expect(try await removal.requests(as: administrator) == [request])
        let entry = try await removal.confirm(request.id, as: Principal(.anyoneOnLoopback))
        #expect(entry.deletion.instanceCount == 5 && entry.deletion.deletedBy == "administrator, anyone")
        #expect(try await removal.requests(as: administrator).isEmpty)
        _ = try await archive.bin(objects[5].studyScope)
    }

    @Test func `is denied to those who may only store and search`() async throws {
        let archive = try await TestArchive()
        try await archive.store(all: TestObject.several)
        let peer = Principal(.applicationEntity(try #require(AETitle("CT1"))))

        let error = await #expect(throws: ArchiveError.self) {
            try await archive.archive.removal.delete(TestObject.several[0].scope, as: peer)
        }

        #expect(error?.code == .denied)
        #expect(try await archive.archive.counts().instances == 6)
    }
}

@Suite struct `Compaction` {
    private static var prompt: RemovalConfiguration {
        var configuration = RemovalConfiguration()
        configuration.graceTime = .zero
        configuration.smallPackCount = 1
        return configuration
    }

    @Test func `frees what is dead and leaves the rest readable, before and after the old packs go`() async throws {
        let archive = try await TestArchive(removal: Self.prompt)
        let objects = TestObject.several
        let removal = archive.archive.removal
        try await archive.store(all: objects)
        _ = try await archive.bin(objects[0].scope)
        _ = try await removal.emptyBin(as: TestArchive.administrator)
        let inBin = try await archive.bin(objects[1].scope)
        try await archive.archive.sealPacks(quietFor: .zero)

        let first = try await removal.compact(everything: true)
        #expect(first.rewritten > 0 && first.deadBytes > 0 && first.failures == 0)
        #expect(try await archive.rebuildsAlike())
        #expect(try await archive.payload(objects[2]) == Array(try objects[2].part10().readableBytesView))
        try await archive.archive.sealPacks(quietFor: .zero)
        let second = try await removal.compact(everything: true)
        #expect(second.removed == first.rewritten && second.failures == 0)
        #expect(try await archive.rebuildsAlike())
        let third = try await removal.compact(everything: true)
        #expect(third.rewritten == 0 && third.removed == 0)

        try await removal.restore(inBin.deletion.id, as: TestArchive.administrator)
        for object in objects.dropFirst() {
            #expect(try await archive.payload(object) == Array(try object.part10().readableBytesView))
        }
        let report = try await archive.archive.verification.verify(as: TestArchive.administrator) { _ in }
        #expect(report.damaged.isEmpty && report.unindexed == 0 && report.checked == 5)
        #expect(try await archive.rebuildsAlike())
    }

    @Test func `gathers small packs of a study into one`() async throws {
        let archive = try await TestArchive(removal: Self.prompt)
        let objects = TestObject.several
        for object in objects {
            _ = try await archive.store(object)
            try await archive.archive.sealPacks(quietFor: .zero)
        }
        #expect(try await archive.packs.extents().count == 6)

        _ = try await archive.archive.removal.compact()
        try await archive.archive.sealPacks(quietFor: .zero)
        _ = try await archive.archive.removal.compact()

        #expect(try await archive.packs.extents().count == 2)
        #expect(try await archive.rebuildsAlike())
        for object in objects {
            #expect(try await archive.payload(object) == Array(try object.part10().readableBytesView))
        }
    }

    @Test func `a dry run tells what the job does then`() async throws {
        let archive = try await TestArchive(removal: Self.prompt)
        let removal = archive.archive.removal
        try await archive.store(all: TestObject.several)
        _ = try await archive.bin(TestObject.several[0].scope)
        _ = try await removal.emptyBin(as: TestArchive.administrator)
        try await archive.archive.sealPacks(quietFor: .zero)

        let forecast = try await removal.compactionForecast(everything: true, as: TestArchive.administrator)
        #expect(forecast.deadPacks == 1 && forecast.deadBytes > 0 && forecast.held == 0 && forecast.superseded == 0)
        #expect(try await removal.compactionForecast(everything: true, as: TestArchive.administrator) == forecast)
        let job = try await archive.archive.jobs.start("packs.compact", as: TestArchive.administrator)
        let ended = try await archive.archive.jobs.runToEnd(job.id)

        #expect(ended.state == .done && ended.progress.failures == 0)
        #expect(try await archive.rebuildsAlike())
    }

    @Test func `an old pack stays until the new one is kept as widely`() async throws {
        let stores = ScriptedStores()
        let archive = try await TestArchive(removal: Self.prompt, destroyer: stores)
        let removal = archive.archive.removal
        try await archive.store(all: TestObject.several)
        _ = try await archive.bin(TestObject.several[0].scope)
        _ = try await removal.emptyBin(as: TestArchive.administrator)
        try await archive.archive.sealPacks(quietFor: .zero)
        _ = try await removal.compact(everything: true)
        try await archive.archive.sealPacks(quietFor: .zero)
        let old = try await archive.catalog.supersededPacks()

        _ = try await removal.compact(everything: true)
        #expect(stores.state.withLock { $0.carried } == Set(old.map { PackID($0.successorID) }))
        #expect(stores.state.withLock { $0.destroyed }.isEmpty)
        #expect(try await archive.catalog.supersededPacks() == old)

        stores.state.withLock { $0.isKept = true }
        _ = try await removal.compact(everything: true)
        #expect(stores.state.withLock { $0.destroyed } == Set(old.map { PackID($0.packID) }))
        #expect(try await archive.catalog.supersededPacks().isEmpty)
    }

    @Test func `frees nothing of a study that is held, before and after the new pack is written`() async throws {
        let archive = try await TestArchive(removal: Self.prompt)
        let (removal, holds) = (archive.archive.removal, archive.archive.holds)
        let object = TestObject.several[0]
        try await archive.store(all: TestObject.several)
        _ = try await archive.bin(object.scope)
        _ = try await removal.emptyBin(as: TestArchive.administrator)
        try await archive.archive.sealPacks(quietFor: .zero)
        let administrator = TestArchive.administrator
        try await holds.hold(object.study, reason: "a case", until: nil, as: administrator)

        let held = try await removal.compact(everything: true)
        #expect(held == CompactionReport())

        try await holds.release(object.study, as: administrator)
        let first = try await removal.compact(everything: true)
        #expect(first.rewritten > 0)
        try await archive.archive.sealPacks(quietFor: .zero)
        try await holds.hold(object.study, reason: "a case", until: nil, as: administrator)
        #expect(try await removal.compact(everything: true) == CompactionReport())
        try await holds.release(object.study, as: administrator)
        #expect(try await removal.compact(everything: true).removed == first.rewritten)
    }

    @Test(arguments: [(2, UInt64.max), (.max, 1)])
    func `what is too much for one new pack goes into several`(records: Int, bytes: UInt64) async throws {
        var configuration = Self.prompt
        configuration.compactedRecordLimit = records
        configuration.compactedByteLimit = bytes
        let archive = try await TestArchive(removal: configuration)
        let objects = Array(TestObject.several.prefix(5))
        for object in objects {
            _ = try await archive.store(object)
            try await archive.archive.sealPacks(quietFor: .zero)
        }

        let report = try await archive.archive.removal.compact()
        try await archive.archive.sealPacks(quietFor: .zero)
        _ = try await archive.archive.removal.compact()

        // Pairs, and one that stays alone; with no room for two, nothing is better than it is.
        #expect(report.rewritten == (bytes == 1 ? 0 : 4))
        #expect(try await archive.packs.extents().count == (bytes == 1 ? 5 : 3))
        #expect(try await archive.rebuildsAlike())
        for object in objects {
            #expect(try await archive.payload(object) == Array(try object.part10().readableBytesView))
        }
    }

    @Test func `goes on after a stop between the new pack and the index`() async throws {
        let folder = TestFolder()
        let objects = TestObject.several
        do {
            let archive = try await TestArchive(in: folder, removal: Self.prompt)
            try await archive.store(all: objects)
            _ = try await archive.bin(objects[0].scope)
            _ = try await archive.archive.removal.emptyBin(as: TestArchive.administrator)
            try await archive.archive.sealPacks(quietFor: .zero)
            archive.front.failMoves()
            let report = try await archive.archive.removal.compact(everything: true)
            #expect(report.failures > 0)
            try await archive.catalog.close()
        }

        let again = try await TestArchive(in: folder, removal: Self.prompt)

        #expect(try await !again.catalog.supersededPacks().isEmpty)
        #expect(try await again.rebuildsAlike())
        _ = try await again.archive.removal.compact(everything: true)
        #expect(try await again.catalog.supersededPacks().isEmpty)
        #expect(try await again.rebuildsAlike())
        for object in objects.dropFirst() {
            #expect(try await again.payload(object) == Array(try object.part10().readableBytesView))
        }
    }
}
