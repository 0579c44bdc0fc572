import ArchiveCatalog
import CatalogSQLite
import DICOMCore
import NIOCore
import Platform
import Sealing
import Synchronization
import TestKit
import Testing

@testable import ArchiveServices
@testable import PackStorage

/// Removes packs of a data folder, unless told to fail.
private final class StubbornStore: PackDestroying {
    let refused = Mutex<Set<PackID>?>(nil)
    let packs = Mutex<PackStore?>(nil)

    func destroy(_ pack: PackID) async throws(PackError) {
        if refused.withLock({ $0?.contains(pack) }) == true { throw PackError(.store(.unavailable), packID: pack) }
        try await packs.withLock { $0 }?.removeHere(pack)
    }

    func carry(_ successor: PackID, asWidelyAs old: [PackID]) async throws(PackError) {}

    func isKept(_ successor: PackID, asWidelyAs old: PackID) async throws(PackError) -> Bool { true }

    func refuse(_ ids: [PackID]) { refused.withLock { $0 = Set(ids) } }
}

@Suite struct `A shredding` {
    private let administrator = TestArchive.administrator
    private let objects = [
        TestObject(), TestObject(study: UID(literal: "1.2.3.2"), instance: UID(literal: "1.2.3.2.1.1")),
    ]

    private func archive(_ store: StubbornStore, clock: ManualClock = ManualClock()) async throws -> TestArchive {
        let archive = try await TestArchive(clock: clock, destroyer: store)
        store.packs.withLock { $0 = archive.packs }
        for object in objects { _ = try await archive.store(object) }
        try await archive.archive.sealPacks(quietFor: .zero)
        return archive
    }

    private func packs(of object: TestObject, in archive: TestArchive) async throws -> [PackID] {
        try await archive.packs.packs(
            under: archive.keyring.keyID(for: Array(object.study.string.utf8)),
            except: []
        )
    }

    private func shredding(_ archive: TestArchive, _ state: Shredding.State) -> Shredding {
        let keyID = archive.keyring.keyID(for: Array(objects[0].study.string.utf8))
        var shredding = Shredding(
            id: RandomID(high: 1, low: 1),
            studyInstanceUID: objects[0].study,
            studyKeyID: keyID.rawValue,
            requestedBy: "a",
            reason: "",
            requestedAt: Timestamp(microseconds: 1)
        )
        shredding.state = state
        shredding.keyGeneration = 1
        return shredding
    }

    private func check(_ object: TestObject, in archive: TestArchive) async throws {
        #expect(try await archive.payload(object) == Array(try object.part10().readableBytesView))
    }

    @Test func `leaves what is stored anew while a store is down, and the holds on it`() async throws {
        let store = StubbornStore()
        let archive = try await archive(store)
        let old = try await packs(of: objects[0], in: archive)
        store.refuse(old)
        await #expect(throws: ArchiveError.self) {
            try await archive.archive.shredder.shred(objects[0].study, as: administrator)
        }
        _ = try await archive.store(objects[0])
        try await archive.registry.save(
            Hold(
                studyInstanceUID: objects[0].study,
                kind: .legal,
                reason: "",
                owner: "b",
                placedAt: Timestamp(microseconds: 5),
                until: nil
            )
        )

        try await archive.archive.shredder.resume()
        store.refuse([])
        try await archive.archive.shredder.resume()

        try await check(objects[0], in: archive)
        #expect(try await archive.registry.holds(on: objects[0].study).count == 1)
        #expect(try await Set(packs(of: objects[0], in: archive)).isDisjoint(with: old))
        let states = try await archive.archive.shredder.shreddings(as: administrator).map(\.state)
        #expect(states == [.packsDeleted])
    }

    @Test(arguments: [Shredding.State.tombstoned, .holdChecked])
    func `is taken back as long as the key is there`(state: Shredding.State) async throws {
        let archive = try await archive(StubbornStore())
        try await archive.registry.save(shredding(archive, state))

        try await archive.archive.shredder.resume()

        try await check(objects[0], in: archive)
        #expect(try await archive.archive.shredder.shreddings(as: administrator).isEmpty)
    }

    @Test(arguments: [Shredding.State.holdChecked, .keyless])
    func `of an older registry leaves what is under a younger key`(state: Shredding.State) async throws {
        let archive = try await archive(StubbornStore())
        _ = try await archive.archive.shredder.shred(objects[0].study, as: administrator)
        _ = try await archive.store(objects[0])
        try await archive.registry.save(shredding(archive, state))

        try await archive.archive.shredder.resume()

        try await check(objects[0], in: archive)
        #expect(
            try await archive.archive.shredder.shreddings(as: administrator).allSatisfy { $0.state == .packsDeleted }
        )
    }

    @Test func `that cannot go on holds no other up`() async throws {
        let store = StubbornStore()
        let archive = try await archive(store)
        let first = try await packs(of: objects[0], in: archive)
        store.refuse(try await first + packs(of: objects[1], in: archive))
        for object in objects {
            await #expect(throws: ArchiveError.self) {
                try await archive.archive.shredder.shred(object.study, as: administrator)
            }
        }
        store.refuse(first)

        try await archive.archive.shredder.resume()

        let states = try await archive.archive.shredder.shreddings(as: administrator).map(\.state)
        #expect(states.sorted() == [.keyless, .packsDeleted])
    }

    @Test func `takes a pack that was given up`() async throws {
        let archive = try await archive(StubbornStore())
        var second = objects[0]
        second.instance = UID(literal: "1.2.3.1.1.2")
        _ = try await archive.store(second)
        let open = try #require(try await archive.packs.extents().first { !$0.isSealed }).packID
        archive.packs.registry.abandon(open, isVolumeSuspect: false, now: Timestamp(microseconds: 1))

        let shredding = try await archive.archive.shredder.shred(objects[0].study, as: administrator)

        #expect(shredding.packs.contains(open.rawValue))
        #expect(try await packs(of: objects[0], in: archive).isEmpty)
        try await check(objects[1], in: archive)
    }

    @Test func `is complete a day later, whatever was restarted meanwhile`() async throws {
        let clock = ManualClock()
        let archive = try await archive(StubbornStore(), clock: clock)
        let shredder = archive.archive.shredder
        _ = try await shredder.shred(objects[0].study, as: administrator)
        try await shredder.endEpochWhenDue()
        #expect(try await shredder.shreddings(as: administrator).map(\.state) == [.packsDeleted])

        clock.advance(by: .seconds(86_400))
        try await shredder.endEpochWhenDue()

        #expect(try await shredder.shreddings(as: administrator).map(\.state) == [.certified])
        try await check(objects[1], in: archive)
    }
}
