import Testing

@testable import ArchiveServices
@testable import cassette

@Suite struct `An archive that is let go of` {
    /// Thousands of archives are opened in one process here: one that stays takes its index and disk along.
    @Test(arguments: [false, true]) func `leaves nothing in memory`(isClosed: Bool) async throws {
        weak let jobs: JobRunner?
        weak let disk: SimulatedDisk?
        do {
            let made = SimulatedDisk(try await Scenario.emptyArchive())
            let archive = try await CrashArchive(on: made, seed: 51)
            let session = try archive.archive.ingest.openSession(for: CrashArchive.administrator)
            await archive.send(0, of: [try CrashObject(study: 1, number: 1)], in: session)
            await session.close()
            jobs = archive.archive.jobs
            disk = made
            if isClosed {
                try await archive.archive.close()
            } else {
                archive.kill()
            }
        }
        // A thread of the pool may hold on a little longer.
        for _ in 0..<3_000 where jobs != nil || disk != nil { try await Task.sleep(for: .milliseconds(10)) }
        #expect(jobs == nil)
        #expect(disk == nil)
    }
}
