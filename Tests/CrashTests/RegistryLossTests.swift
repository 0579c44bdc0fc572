import Platform
import TestKit
import Testing

@testable import ArchiveServices
@testable import cassette

@Suite struct `A registry that is lost` {
    private static let paths = ["", "-wal", "-shm"].map { CrashArchive.folder.registry + $0 }

    private func archiveWithoutRegistry() async throws -> SimulatedDisk {
        let disk = SimulatedDisk(try await Scenario.emptyArchive())
        let archive = try await CrashArchive(on: disk, seed: 31)
        let session = try archive.archive.ingest.openSession(for: CrashArchive.administrator)
        await archive.send(0, of: [try CrashObject(study: 1, number: 1)], in: session)
        await session.close()
        try await archive.archive.close()
        for path in Self.paths where try disk.exists(path) { try disk.unlink(path) }
        return disk
    }

    @Test func `a start without it is refused, and makes none`() async throws {
        let disk = try await archiveWithoutRegistry()
        await #expect(throws: CommandFailure.self) { try await CrashArchive(on: disk, seed: 32) }
        #expect(try !disk.exists(CrashArchive.folder.registry))
    }

    @Test func `an operator may begin with an empty one, and deletions rest for a day`() async throws {
        let disk = try await archiveWithoutRegistry()
        let clock = ManualClock()
        let archive = try await CrashArchive(on: disk, seed: 33, clock: clock, acceptsNewRegistry: true)
        #expect(archive.archive.removal.isSuspended())
        clock.advance(by: .seconds(86_399))
        #expect(archive.archive.removal.isSuspended())
        clock.advance(by: .seconds(1))
        #expect(!archive.archive.removal.isSuspended())
        try await archive.archive.close()
    }
}
