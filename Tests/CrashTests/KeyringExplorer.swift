import Platform
import Synchronization
import TestKit

/// Crashes a recorded run of a keyring after each of its changes, opens it on what is left, and looks.
final class KeyringExplorer: Sendable {
    private let name: KeyringScript.Name
    private let log: DiskLog
    private let checker: KeyringChecker
    private let rules: SyncRules
    private let outcome = Mutex(CrashTally())

    init(
        _ name: KeyringScript.Name,
        _ log: DiskLog,
        _ facts: [KeyringFact],
        rules: SyncRules = .honest
    ) {
        self.name = name
        self.log = log
        self.rules = rules
        checker = KeyringChecker(facts: facts)
    }

    /// Draws crash states after each change, the one before the first included.
    func explore(_ plan: SeedPlan, stopsAtFirst: Bool = false) async -> CrashTally {
        outcome.withLock { $0.note(log) }
        var seen: Set<Int> = []
        for change in 0...log.changeCount {
            let before = log.prefix(changes: change)
            var replay = DiskReplay(log.base, rules: rules)
            for event in before.events { replay.apply(event) }
            let told = before.acknowledgements.count
            for seed in plan.seeds(after: change) {
                let seed = UInt64(change) << 20 | seed
                var chance = CrashChance(seed: seed)
                let image = replay.image(&chance)
                var hasher = Hasher()
                hasher.combine(image.fingerprint)
                hasher.combine(told)
                let isNew = seen.insert(hasher.finalize()).inserted
                outcome.withLock { outcome in
                    outcome.drawn += 1
                    if isNew { outcome.checked += 1 }
                }
                if isNew { await check(image, change, seed, told: told) }
                if stopsAtFirst, outcome.withLock({ !$0.violations.isEmpty }) { return outcome.withLock { $0 } }
            }
        }
        return outcome.withLock { $0 }
    }

    /// One state again, with all that may be looked at.
    func explore(change: Int, seed: UInt64) async -> CrashTally {
        var replay = DiskReplay(log.base, rules: rules)
        let before = log.prefix(changes: change)
        for event in before.events { replay.apply(event) }
        var chance = CrashChance(seed: seed)
        await check(replay.image(&chance), change, seed, told: before.acknowledgements.count)
        return outcome.withLock { $0 }
    }

    private func check(_ image: DiskImage, _ change: Int, _ seed: UInt64, told: Int) async {
        let disk = SimulatedDisk(image)
        var stage = "recovery"
        var texts = await checker.violations(on: disk, told: told, seed: seed &+ 10)
        if texts.isEmpty, seed % 4 == UInt64(change % 4) {
            stage = "second crash"
            texts = await violationsOfSecondCrash(disk.log, seed, told: told)
        }
        if texts.isEmpty, seed % 4 == UInt64((change + 1) % 4) {
            stage = "going on"
            texts = await checker.violationsOfGoingOn(on: disk, told: told, seed: seed &+ 30)
        }
        guard !texts.isEmpty else { return }
        let violation = Violation(
            scenario: "keyring, " + name.rawValue,
            change: change,
            seed: seed,
            stage: stage,
            texts: texts
        )
        outcome.withLock { $0.violations.append(violation) }
    }

    /// The recovery crashes in its turn.
    private func violationsOfSecondCrash(_ recovery: DiskLog, _ seed: UInt64, told: Int) async -> [String] {
        var random = SplitMix(seed: seed)
        var second = DiskReplay(recovery.base, rules: rules)
        let cut = random.next(below: recovery.changeCount + 1)
        for event in recovery.prefix(changes: cut).events { second.apply(event) }
        var chance = CrashChance(seed: random.next())
        outcome.withLock { $0.secondCrashes += 1 }
        return await checker.violations(on: SimulatedDisk(second.image(&chance)), told: told, seed: seed &+ 20)
    }
}
