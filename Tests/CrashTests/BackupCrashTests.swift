import ArchiveServices
import Platform
import TestKit
import Testing

@Suite struct `Crashes of a backup` {
    @Test func `after a crash at any moment the last backup restores, and the next one completes and restores`()
        async throws
    {
        let explorer = try await BackupExplorer()
        let states = CrashStates.of(.backup, scenarios: 1)
        let start = ContinuousClock.now

        let outcome = try await explorer.explore(SeedPlan(states: states, changes: explorer.changeCount))

        outcome.tell(.backup, "second backup", changes: explorer.changeCount, since: start)
        #expect(outcome.violations.count == 0)
        for violation in outcome.violations.prefix(5) { Issue.record("\(violation)") }
    }

    @Test func `a disk whose syncs do nothing is found out`() async throws {
        let crash = try BackupCrash()
        let archive = try await crash.prepared(seed: 200)
        try await crash.backUp(archive, seed: 210)
        // The program is told that the backup is whole; then the power goes.
        let count = archive.disk.log.changeCount
        archive.kill()
        let log = archive.disk.log
        var found: [String] = []
        for seed in 0..<40 as Range<UInt64> where found.isEmpty {
            var replay = DiskReplay(log.base, rules: .blind)
            for event in log.prefix(changes: count).events { replay.apply(event) }
            var chance = CrashChance(seed: seed)
            let disk = SimulatedDisk(replay.image(&chance))
            do {
                found = try await crash.violations(restoring: disk, 0..<5, seed: 220 + seed)
            } catch {
                found = ["\(error)"]
            }
        }
        #expect(!found.isEmpty)
    }
}
