import PackStorage
import Synchronization
import TestKit

/// Crashes a recorded run of moves after each of its changes, starts on what is left, and looks.
final class MoveExplorer: Sendable {
    private struct Position: Sendable {
        let change: Int
        let replay: DiskReplay
    }

    private let recorded: MoveScenario.Recorded
    private let rules: SyncRules
    private let outcome = Mutex(CrashTally())
    private let seen = Mutex<Set<Int>>([])
    private let waiting = Mutex<[Position]>([])

    init(_ recorded: MoveScenario.Recorded, rules: SyncRules = .honest) {
        self.recorded = recorded
        self.rules = rules
    }

    /// Draws crash states after each change, the one before the first included.
    func explore(_ plan: SeedPlan, stopsAtFirst: Bool = false) async throws -> CrashTally {
        waiting.withLock { $0 = positions().reversed() }
        outcome.withLock { $0.note(recorded.log) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<2 {
                group.addTask {
                    while let position = self.waiting.withLock({ $0.popLast() }) {
                        if stopsAtFirst, self.outcome.withLock({ !$0.violations.isEmpty }) { return }
                        for seed in plan.seeds(after: position.change) {
                            await self.crash(position, seed: UInt64(position.change) << 20 | seed)
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        return outcome.withLock { $0 }
    }

    /// One state again.
    func explore(change: Int, seed: UInt64) async -> CrashTally {
        for position in positions() where position.change == change { await crash(position, seed: seed) }
        return outcome.withLock { $0 }
    }

    private func positions() -> [Position] {
        var replay = DiskReplay(recorded.log.base, rules: rules)
        var positions = [Position(change: 0, replay: replay)]
        for event in recorded.log.events {
            replay.apply(event)
            switch event {
            case .changed: positions.append(Position(change: positions.count, replay: replay))
            case .acknowledged: positions[positions.count - 1] = Position(change: positions.count - 1, replay: replay)
            }
        }
        return positions
    }

    private func crash(_ position: Position, seed: UInt64) async {
        var chance = CrashChance(seed: seed)
        let image = position.replay.image(&chance)
        var hasher = Hasher()
        hasher.combine(image.fingerprint)
        hasher.combine(position.replay.acknowledged)
        let fingerprint = hasher.finalize()
        outcome.withLock { $0.drawn += 1 }
        guard seen.withLock({ $0.insert(fingerprint).inserted }) else { return }
        outcome.withLock { $0.checked += 1 }
        await check(image, position, seed)
    }

    /// Starts on a state, and looks; every eighth state also crashes in its recovery or in what came after it.
    private func check(_ image: DiskImage, _ position: Position, _ seed: UInt64) async {
        var random = SplitMix(seed: seed)
        var late: LatePut?
        if random.next(below: 4) == 0, position.replay.acknowledged.isEmpty {
            late = recorded.late(after: random.next(below: 12))
        }
        let disk = SimulatedDisk(image)
        let clock = ManualClock()
        let checker = MoveChecker(recorded, position.replay.acknowledged)
        tell(await checker.violations(on: disk, clock, seed: seed | 1 << 60, late: late), "recovery", position, seed)
        guard seed % 8 == UInt64(position.change % 8) else { return }
        let log = disk.log
        var replay = DiskReplay(log.base, rules: rules)
        for event in log.prefix(changes: random.next(below: log.changeCount + 1)).events { replay.apply(event) }
        var chance = CrashChance(seed: random.next())
        outcome.withLock { $0.secondCrashes += 1 }
        let again = SimulatedDisk(replay.image(&chance))
        tell(await checker.violations(on: again, clock, seed: seed | 1 << 61), "second crash", position, seed)
    }

    private func tell(_ texts: [String], _ stage: String, _ position: Position, _ seed: UInt64) {
        guard !texts.isEmpty else { return }
        let violation = Violation(
            scenario: recorded.name,
            change: position.change,
            seed: seed,
            stage: stage,
            texts: texts
        )
        outcome.withLock { $0.violations.append(violation) }
    }
}
