import AccessControl
import ArchiveCatalog
import CatalogSQLite
import DICOMCore
import Foundation
import PackStorage
import Platform
import TestKit
import Testing

@testable import ArchiveServices

@Suite struct `Scrubbing` {
    private let administrator = TestArchive.administrator

    /// An archive of six objects whose packs are sealed.
    private func filled(_ folder: TestFolder = TestFolder()) async throws -> TestArchive {
        let archive = try await TestArchive(in: folder)
        try await archive.store(all: TestObject.several)
        try await archive.archive.sealPacks(quietFor: .zero)
        return archive
    }

    private func pass(_ archive: TestArchive) async throws -> ScrubPass {
        let job = try await archive.archive.scrubbing.start(as: administrator)
        #expect(try await archive.archive.jobs.runToEnd(job.id).state == .done)
        #expect(try await archive.archive.scrubbing.status(as: administrator).last != nil)
        return ScrubPass(try await archive.archive.jobs.job(job.id, as: administrator))
    }

    /// Flips a bit in the middle of the record of an object.
    private func flip(_ object: TestObject, in archive: TestArchive) async throws {
        let location = try await archive.instance(object).record.location
        let hex = location.packID.hex
        let path = archive.folder.path + "/packs/" + hex.prefix(2) + "/" + hex + ".pack"
        let file = try #require(FileHandle(forUpdatingAtPath: path))
        defer { try? file.close() }
        let place = location.recordOffset + location.recordLength / 2
        try file.seek(toOffset: place)
        let byte = try #require(try file.read(upToCount: 1)?.first)
        try file.seek(toOffset: place)
        try file.write(contentsOf: [byte ^ 1])
    }

    @Test func `a pass reads everything once`() async throws {
        let archive = try await filled()

        let pass = try await pass(archive)

        #expect((pass.checked, pass.damaged, pass.unread, pass.repaired) == (6, 0, 0, 0))
        #expect(pass.bytes > 6 * 128)
        #expect(await archive.archive.condition().degradedReason == nil)
        #expect(try await archive.archive.scrubbing.status(as: administrator).current == nil)
    }

    @Test func `an empty archive has nothing to read`() async throws {
        let archive = try await TestArchive()

        let pass = try await pass(archive)

        #expect((pass.checked, pass.bytes) == (0, 0))
    }

    @Test func `a flipped bit is found, told of after a restart, and forgotten when the bit is back`() async throws {
        let folder = TestFolder()
        let object = TestObject.several[2]
        do {
            let archive = try await filled(folder)
            try await flip(object, in: archive)
            #expect(try await pass(archive).damaged == 1)
            #expect(await archive.archive.condition().degradedReason?.hasPrefix("1 damaged") == true)
            #expect(try await pass(archive).damaged == 1)
            #expect(await archive.archive.condition().degradedReason?.hasPrefix("1 damaged") == true)
            try await archive.archive.close()
        }
        let archive = try await TestArchive(in: folder)
        #expect(await archive.archive.condition().degradedReason == nil)
        await archive.archive.scrubbing.recallDamage()
        #expect(await archive.archive.condition().degradedReason?.hasPrefix("1 damaged") == true)

        try await flip(object, in: archive)
        await archive.archive.scrubbing.recallDamage()

        #expect(await archive.archive.condition().degradedReason == nil)
        #expect(try await pass(archive).damaged == 0)
    }

    @Test func `a pass goes on behind the instance that was read last`() async throws {
        let archive = try await filled()
        let uids = TestObject.several.map(\.instance).sorted { $0.string < $1.string }
        var state = ScrubState()
        state.place = .instance(uids[3])
        state.checked = 4
        let job = try await archive.archive.scrubbing.start(as: administrator)
        var record = job
        record.resumption = state.encoded
        try await archive.registry.save(record)

        #expect(try await archive.archive.jobs.runToEnd(job.id).progress.done == 6)
    }

    @Test func `peers may neither begin a pass nor see what it found`() async throws {
        let archive = try await TestArchive()
        let peer = Principal(.applicationEntity(try #require(AETitle("CT1"))))

        await #expect(throws: ArchiveError.self) { try await archive.archive.scrubbing.start(as: peer) }
        await #expect(throws: ArchiveError.self) { try await archive.archive.scrubbing.status(as: peer) }
    }
}
