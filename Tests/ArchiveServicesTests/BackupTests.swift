import AccessControl
import ArchiveCatalog
import CatalogSQLite
import DICOMCore
import Foundation
import NIOCore
import PackStorage
import Platform
import Sealing
import StoreTestKit
import Synchronization
import TestKit
import Testing

@testable import ArchiveServices

@Suite struct `Backing up and restoring` {
    @Test func `a restored backup holds the same objects, byte for byte`() async throws {
        let bench = try await BackupBench()
        let objects = try [
            TestObject(study: 1, number: 1), TestObject(study: 1, number: 2), TestObject(study: 2, number: 1),
        ]
        for object in objects { _ = try await bench.live.store(object) }

        let report = try await bench.backUp()
        let restored = try await bench.restoredRows()

        #expect(report.content.instances == 3 && report.content.studies == 2)
        #expect(restored.rows.count == 3)
        #expect(
            try restored.payloads == Dictionary(uniqueKeysWithValues: objects.map { ($0.instance, try $0.part10()) })
        )
        let live = try await bench.live.catalog.allInstances(after: nil, limit: 10)
        #expect(restored.rows.map(\.dataSetDigest) == live.map(\.dataSetDigest))
        #expect(restored.rows.map(\.location) == live.map(\.location))
    }

    @Test func `an empty archive can be backed up and restored`() async throws {
        let bench = try await BackupBench()

        let report = try await bench.backUp()
        let restored = try await bench.restoredRows()

        #expect(report.packCount == 0 && report.content.instances == 0)
        #expect(restored.rows.isEmpty && restored.report.packs == 0)
    }

    @Test func `a second backup copies only what is new`() async throws {
        let bench = try await BackupBench()
        _ = try await bench.live.store(TestObject(study: 1, number: 1))
        try await bench.backUp()
        _ = try await bench.live.store(TestObject(study: 2, number: 1))

        let second = try await bench.backUp()
        let third = try await bench.backUp()

        #expect(second.copiedPacks == 1 && second.packCount == 2)
        #expect(third.copiedPacks == 0 && third.packCount == 2)
        #expect(try await bench.restoredRows().rows.count == 2)
    }

    @Test func `a backup of an earlier time brings back what was there then`() async throws {
        let bench = try await BackupBench()
        _ = try await bench.live.store(TestObject(study: 1, number: 1))
        let first = try await bench.backUp()
        bench.clock.advance(by: .seconds(60))
        _ = try await bench.live.store(TestObject(study: 2, number: 1))
        try await bench.backUp()

        #expect(try await bench.restoredRows(at: first.header.time).rows.count == 1)
        #expect(try await bench.restoredRows().rows.count == 2)
        let early = Timestamp(microseconds: first.header.time.microseconds - 1)
        await #expect { try await bench.restoredRows(at: early) } throws: { error in
            (error as? BackupError)?.code == .noBackup
        }
    }

    @Test func `what was acknowledged before is in the backup though its pack is still written to`() async throws {
        let bench = try await BackupBench()
        let session = try bench.live.archive.ingest.openSession(for: TestArchive.administrator)
        _ = await session.store(
            IncomingObject(form: .part10),
            body: Pieces(try TestObject(study: 1, number: 1).part10())
        )
        let second = try TestObject(study: 1, number: 2).part10()

        // The backup is taken while the second object of the same pack is half received.
        let outcome = await session.store(
            IncomingObject(form: .part10),
            body: Interrupted(bytes: second) { _ = try? await bench.backUp() }
        )

        guard case .stored = outcome else {
            Issue.record("\(outcome)")
            return
        }
        let restored = try await bench.restoredRows()
        #expect(try restored.rows.map(\.path.sopInstanceUID) == [TestObject(study: 1, number: 1).instance])
        await session.close()
        try await bench.backUp()
        #expect(try await bench.restoredRows().rows.count == 2)
    }

    @Test(arguments: 0..<12)
    func `a backup that fails at any call leaves the one before, and the next one is whole`(call: Int) async throws {
        let bench = try await BackupBench()
        _ = try await bench.live.store(TestObject(study: 1, number: 1))
        try await bench.backUp()
        _ = try await bench.live.store(TestObject(study: 2, number: 1))

        bench.store.setFaults(Array(repeating: nil, count: call) + [.failsAfterwards(.unavailable)])
        let isDone = (try? await bench.backUp()) != nil
        bench.store.setFaults([])

        if !isDone { #expect((1...2).contains(try await bench.restoredRows().rows.count)) }
        try await bench.backUp()
        #expect(try await bench.restoredRows().rows.count == 2)
        #expect(try await bench.reader().list().allSatisfy { $0.manifest != nil && $0.isLinked })
    }

    @Test func `a place with backups of another archive is refused`() async throws {
        let bench = try await BackupBench()
        try await bench.backUp()
        let other = try await TestArchive()

        await #expect {
            try await bench.service(of: other).backUp(as: TestArchive.administrator, to: bench.store)
        } throws: { error in
            (error as? BackupError)?.code == .otherArchive
        }
    }

    @Test func `only administrators take backups`() async throws {
        let bench = try await BackupBench()
        let peer = Principal(.applicationEntity(AETitle(literal: "CT1")))

        await #expect { try await bench.service.backUp(as: peer, to: bench.store) } throws: { error in
            (error as? ArchiveError)?.code == .denied
        }
    }

    @Test func `without the root key nothing opens, and the error names the key`() async throws {
        let bench = try await BackupBench()
        _ = try await bench.live.store(TestObject(study: 1, number: 1))
        try await bench.backUp()
        let folder = TestFolder()

        await #expect { try await bench.reader(rootKey: folder.path + "/none.key") } throws: { error in
            (error as? BackupError)?.code == .rootKey(.missing) && "\(error)".contains(bench.live.folder.path)
        }
        let other = try await TestArchive()
        await #expect { try await bench.reader(rootKey: other.folder.path + ".keys/root.key") } throws: { error in
            (error as? BackupError)?.code == .rootKey(.wrongKey)
        }
    }

    @Test func `no blob of a backup shows the root key, a name, or an id of the patient`() async throws {
        let bench = try await BackupBench()
        _ = try await bench.live.store(TestObject(study: 1, number: 1))
        try await bench.backUp()
        let key = try Data(contentsOf: URL(fileURLWithPath: bench.live.folder.path + ".keys/root.key"))
        let digits = String(decoding: key, as: UTF8.self).split(separator: ":").last?.prefix(64) ?? ""
        let raw = try #require(Hex.decode(digits))

        for entry in try await bench.store.listAll() {
            let bytes = Array(bench.store.content(entry.key)?.readableBytesView ?? ByteBuffer().readableBytesView)
            for secret in [raw, Array("DOE^JANE".utf8), Array("1.2.9.1".utf8), Array(digits.utf8)] {
                #expect(!bytes.contains(secret), "\(entry.key.text)")
            }
        }
    }

    @Test func `older keyrings go, so that keys which were destroyed since are in none`() async throws {
        let bench = try await BackupBench()
        try await bench.backUp()
        _ = try await bench.live.store(TestObject(study: 1, number: 1))
        try await bench.backUp()

        let keyrings = try await bench.store.listAll(prefix: "keyrings/").map(\.key.text)

        #expect(keyrings.count == 2 && keyrings.allSatisfy { $0.contains("000000000002-") })
    }

    @Test func `a study whose keys were destroyed since stays dead in older backups`() async throws {
        let bench = try await BackupBench()
        let shredded = try TestObject(study: 1, number: 1)
        let other = try TestObject(study: 2, number: 1)
        _ = try await bench.live.store(shredded)
        _ = try await bench.live.store(other)
        let first = try await bench.backUp()
        let key = bench.live.keyring.keyID(for: Array(shredded.study.string.utf8))

        try await bench.live.keyring.removeStudyKeys([key])
        bench.clock.advance(by: .seconds(60))
        try await bench.backUp()

        let restored = try await bench.restoredRows(at: first.header.time)
        #expect(restored.rows.map(\.path.sopInstanceUID) == [other.instance])
        #expect(restored.report.keylessPacks == 1 && restored.report.packs == 1)
        #expect(restored.report.keylessInstances == 1 && restored.report.lostPacks == 0)
    }

    @Test func `a pack whose key is missing though nobody removed it counts as lost, not as shredded`() async throws {
        let bench = try await BackupBench()
        _ = try await bench.live.store(TestObject(study: 1, number: 1))
        try await bench.backUp()
        let early = try await KeyringBundle(bench.live.keyring.snapshot())
        _ = try await bench.live.store(TestObject(study: 2, number: 1))
        try await bench.backUp()
        // The next backup was interrupted after its keyring, which is an old one.
        for copy in ["a", "b"] {
            let key = try #require(BlobKey("keyrings/000000000003-\(String(repeating: "0", count: 32))-\(copy)"))
            bench.store.setContent(key, early.encoded)
        }

        let report = try await bench.restoredRows().report

        #expect(report.lostPacks == 1 && report.keylessPacks == 0 && report.packs == 1)
    }

    @Test func `what is deleted while packs are copied is in the backup and in its figures`() async throws {
        let bench = try await BackupBench()
        let going = try TestObject(study: 1, number: 1)
        _ = try await bench.live.store(going)
        _ = try await bench.live.store(TestObject(study: 2, number: 1))

        let isFirst = Mutex(true)
        let report = try await bench.service.backUp(as: TestArchive.administrator, to: bench.store) { _ in
            let deletes = isFirst.withLock { isFirst in
                defer { isFirst = false }
                return isFirst
            }
            guard deletes else { return }
            let scope = ArchiveScope(studyInstanceUID: going.study)
            _ = try await bench.live.archive.removal.delete(scope, as: TestArchive.administrator)
        }

        #expect(report.content.instances == 2)
        #expect(try await bench.restoredRows().rows.count == 2)
    }

    @Test func `pruning keeps what the newest backups need and nothing else`() async throws {
        let bench = try await BackupBench()
        for study in 1...3 {
            _ = try await bench.live.store(TestObject(study: study, number: 1))
            try await bench.backUp()
        }

        let report = try await bench.reader().prune(keeping: 2)

        #expect(report.kept == 2 && report.removedBackups == 1 && report.removedBlobs == 0)
        #expect(try await bench.restoredRows().rows.count == 3)
        #expect(try await bench.reader().list().map(\.header.sequence) == [2, 3])
    }

    @Test func `pruning is refused while a backup is under way or was interrupted`() async throws {
        let bench = try await BackupBench()
        try await bench.backUp()
        let reader = try await bench.reader()
        bench.store.setContent(try #require(BlobKey("running/00")), ByteBuffer(string: "x"))

        await #expect { try await reader.prune(keeping: 1) } throws: { error in
            (error as? BackupError)?.code == .busy
        }
        try await bench.backUp()
        #expect(try await reader.prune(keeping: 1).kept == 1)
    }

    @Test func `a backup is refused while backups are pruned, and the next prune clears the way`() async throws {
        let bench = try await BackupBench()
        try await bench.backUp()
        bench.store.setContent(try #require(BlobKey("pruning/00")), ByteBuffer(string: "x"))

        await #expect { try await bench.backUp() } throws: { error in
            (error as? BackupError)?.code == .busy
        }
        #expect(try await bench.store.listAll(prefix: "running/").isEmpty)
        _ = try await bench.reader().prune(keeping: 1)
        #expect(try await bench.store.listAll(prefix: "pruning/").isEmpty)
        try await bench.backUp()
    }

    @Test func `of a prune and a backup at the same time, whatever is left can be restored`() async throws {
        let bench = try await BackupBench()
        for study in 1...8 {
            _ = try await bench.live.store(TestObject(study: study, number: 1))
            try await bench.backUp()
            let reader = try await bench.reader()
            _ = try await bench.live.store(TestObject(study: study + 100, number: 1))
            async let backup = try? await bench.backUp()
            async let prune = try? await reader.prune(keeping: 1)
            let isBackedUp = await backup != nil
            _ = await prune
            // One that was refused is taken again, as it says.
            if !isBackedUp { try await bench.backUp() }
            #expect(try await bench.restoredRows().rows.count == 2 * study)
        }
    }

    @Test func `a folder that holds something is not restored into, and an interrupted restore goes on`() async throws {
        let bench = try await BackupBench()
        _ = try await bench.live.store(TestObject(study: 1, number: 1))
        try await bench.backUp()
        let folder = TestFolder()
        let reader = try await bench.reader()
        let manifest = try await reader.backup()
        try await reader.claim(BackupBench.target(folder), for: manifest)
        let pack = try #require(manifest.packs.first)
        let held = bench.store.content(pack.key)
        bench.store.setContent(pack.key, nil)
        await #expect(throws: BackupError.self) {
            try await reader.restore(manifest, into: BackupBench.target(folder))
        }
        bench.store.setContent(pack.key, held)

        #expect(try await bench.restoredRows(into: folder).rows.count == 1)

        await #expect { try await reader.claim(BackupBench.target(folder), for: manifest) } throws: { error in
            (error as? BackupError)?.code == .notEmpty
        }
    }
}

/// Bytes of which half come before something else happens, and half after.
struct Interrupted: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    let bytes: ByteBuffer
    let meanwhile: @Sendable () async -> Void

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(rest: bytes, sequence: self) }

    struct AsyncIterator: AsyncIteratorProtocol {
        var rest: ByteBuffer
        let sequence: Interrupted
        var count = 0

        mutating func next() async throws -> ByteBuffer? {
            count += 1
            switch count {
            case 1: return rest.readSlice(length: rest.readableBytes * 3 / 4)
            case 2:
                await sequence.meanwhile()
                return rest
            default: return nil
            }
        }
    }
}

extension [UInt8] {
    func contains(_ other: [UInt8]) -> Bool {
        guard !other.isEmpty, count >= other.count else { return false }
        return Data(self).range(of: Data(other)) != nil
    }
}
