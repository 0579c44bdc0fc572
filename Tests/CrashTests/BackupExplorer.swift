import Synchronization
import TestKit

@testable import cassette

/// Cuts the power after each change of a second backup, and looks at the archive, the last backup, and the next one.
final class BackupExplorer: Sendable {
    private let crash: BackupCrash
    private let log: DiskLog
    /// Changes before the second backup began.
    private let first: Int
    private let outcome = Mutex(CrashTally())
    private let seen = Mutex<Set<Int>>([])
    /// What a restore of a state of the backup gave: many crash states have the same one.
    private let restored = Mutex<[Int: [String]]>([:])
    private let next: Mutex<Int>

    init() async throws {
        crash = try BackupCrash()
        let archive = try await crash.prepared(seed: 100)
        first = archive.disk.log.changeCount
        try await crash.backUp(archive, seed: 110)
        archive.kill()
        log = archive.disk.log
        next = Mutex(first)
    }

    /// Changes of the second backup.
    var changeCount: Int { log.changeCount - first }

    /// Draws crash states after each change, the one before the first included.
    func explore(_ plan: SeedPlan) async throws -> CrashTally {
        outcome.withLock { $0.note(log, from: first) }
        await withTaskGroup { group in
            for _ in 0..<2 {
                group.addTask {
                    while let change = self.take() {
                        let replay = self.replay(upTo: change)
                        for seed in plan.seeds(after: change - self.first) {
                            await self.crash(replay, change, UInt64(change) << 20 | seed)
                        }
                    }
                }
            }
        }
        return outcome.withLock { $0 }
    }

    /// One state again.
    func explore(change: Int, seed: UInt64) async -> CrashTally {
        await crash(replay(upTo: change), change, seed)
        return outcome.withLock { $0 }
    }

    private func take() -> Int? {
        next.withLock { change in
            guard change <= log.changeCount else { return nil }
            defer { change += 1 }
            return change
        }
    }

    private func replay(upTo change: Int) -> DiskReplay {
        var replay = DiskReplay(log.base)
        for event in log.prefix(changes: change).events { replay.apply(event) }
        return replay
    }

    private func crash(_ replay: DiskReplay, _ change: Int, _ seed: UInt64) async {
        var chance = CrashChance(seed: seed)
        let image = replay.image(&chance)
        let isNew = seen.withLock { $0.insert(image.fingerprint).inserted }
        outcome.withLock { outcome in
            outcome.drawn += 1
            if isNew { outcome.checked += 1 }
        }
        guard isNew else { return }
        let disk = SimulatedDisk(image)
        await look(disk, change, seed, "recovery")
        guard seed % 8 == UInt64(change % 8) else { return }
        // The recovery, or the next backup, crashes in its turn.
        var random = SplitMix(seed: seed)
        let log = disk.log
        var second = DiskReplay(log.base)
        let cut = random.next(below: log.changeCount + 1)
        for event in log.prefix(changes: cut).events { second.apply(event) }
        var again = CrashChance(seed: random.next())
        outcome.withLock { $0.secondCrashes += 1 }
        await look(SimulatedDisk(second.image(&again)), change, seed &+ 5_000, "second crash")
    }

    private func look(_ disk: SimulatedDisk, _ change: Int, _ seed: UInt64, _ stage: String) async {
        var texts: [String] = []
        do {
            texts = try await violations(on: disk, seed: seed &+ 1_000)
        } catch {
            disk.powerOff()
            texts.append("\(error)")
        }
        guard !texts.isEmpty else { return }
        let violation = Violation(scenario: "backup", change: change, seed: seed, stage: stage, texts: texts)
        outcome.withLock { $0.violations.append(violation) }
    }

    private func violations(on disk: SimulatedDisk, seed: UInt64) async throws -> [String] {
        var texts = try await violationsOfLast(disk, seed: seed)
        let archive = try await CrashArchive(on: disk, seed: seed &+ 10)
        let all = Dictionary(uniqueKeysWithValues: (0..<5).map { ($0, Acknowledgement.Answer.stored) })
        texts += try await CrashChecker(objects: crash.objects).violations(of: archive, all)
        try await crash.backUp(archive, seed: seed &+ 20)
        texts += try await crash.violations(restoring: disk, 0..<5, seed: seed &+ 30)
        archive.kill()
        return texts
    }

    /// The first backup was whole before the second began: one of the two restores.
    private func violationsOfLast(_ disk: SimulatedDisk, seed: UInt64) async throws -> [String] {
        var backup = disk.image
        backup.files = backup.files.filter { path, _ in
            path.hasPrefix(BackupCrash.place) || path == CrashArchive.folder.defaultRootKey
        }
        let fingerprint = backup.fingerprint
        if let known = restored.withLock({ $0[fingerprint] }) { return known }
        let texts = try await crash.violations(restoring: disk, 0..<3, seed: seed)
        restored.withLock { $0[fingerprint] = texts }
        return texts
    }
}
