import Testing

@testable import ArchiveServices
@testable import cassette

@Suite struct `An archive that is let go of` {
    /// Thousands of archives are opened in one process here: one that stays takes its index and disk along.
    @Test(arguments: [false, true]) func `leaves nothing in memory`(isClosed: Bool) async throws {
        weak let jobs: JobRunner?
        weak let retrieve: RetrieveService?
        weak let disk: SimulatedDisk?
        do {
            let made = SimulatedDisk(try await Scenario.emptyArchive())
            let archive = try await CrashArchive(on: made, seed: 51)
            let session = try archive.archive.ingest.openSession(for: CrashArchive.administrator)
            await archive.send(0, of: [try CrashObject(study: 1, number: 1)], in: session)
            await session.close()
            (jobs, retrieve, disk) = (archive.archive.jobs, archive.archive.retrieve, made)
            if isClosed {
                try await archive.archive.close()
            } else {
                archive.kill()
            }
        }
        // A thread of the pool may hold on a little longer.
        func isLeft() -> Bool { jobs != nil || retrieve != nil || (isClosed && disk != nil) }
        for _ in 0..<3_000 where isLeft() { try await Task.sleep(for: .milliseconds(10)) }
        #expect(jobs == nil)
        #expect(retrieve == nil)
        // A killed archive leaves connections that nobody has closed; SQLite may keep their files, and with them the disk.
        #expect(disk == nil || !isClosed)
    }
}
