import NIOCore
import Platform
import Sealing
import Synchronization
import TestKit

@testable import ArchiveServices

/// Crashes a recorded run after each of its changes, starts the archive on what is left, and looks.
final class CrashExplorer: Sendable {
    private let recording: Recording
    private let checker: CrashChecker
    private let rules: SyncRules
    private let outcome = Mutex(CrashTally())
    private let seen = Mutex<Set<Int>>([])

    init(_ recording: Recording, rules: SyncRules = .honest) {
        self.recording = recording
        self.rules = rules
        checker = CrashChecker(objects: recording.objects)
    }

    /// One crash state, waiting for a worker.
    private struct Case: Sendable {
        var isKill = false
        let change: Int
        let seed: UInt64
        let image: DiskImage
        let answers: [Int: Acknowledgement.Answer]
    }

    /// Draws crash states after each change, the one before the first included.
    ///
    /// - Parameter first: The change to begin with, for a control that knows where it goes wrong.
    func explore(
        _ plan: SeedPlan,
        from first: Int = 0,
        workers: Int = 2,
        stopsAtFirst: Bool = false
    ) async throws -> CrashTally {
        let positions = PositionQueue(positionsOfChanges())
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<workers {
                group.addTask {
                    while let position = positions.next() {
                        if stopsAtFirst, self.outcome.withLock({ !$0.violations.isEmpty }) { return }
                        guard position.change >= first else { continue }
                        for seed in plan.seeds(after: position.change) {
                            try await self.crash(position, seed: UInt64(position.change) << 20 | seed)
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        return outcome.withLock { $0 }
    }

    /// Kills the run after each change, so that nothing is lost but nothing synced either; starts the archive on that, sends
    /// all again, and cuts the power at some moments of this second run.
    func exploreKills(_ plan: SeedPlan, workers: Int = 2) async throws -> CrashTally {
        let positions = PositionQueue(positionsOfChanges())
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<workers {
                group.addTask {
                    while let position = positions.next() {
                        await self.kill(position, cuts: plan.seeds(after: position.change).count)
                    }
                }
            }
            try await group.waitForAll()
        }
        return outcome.withLock { $0 }
    }

    private func kill(_ position: Position, cuts: Int) async {
        let seed = UInt64(position.change) << 20
        let crash = Case(
            isKill: true,
            change: position.change,
            seed: seed,
            image: DiskImage(),
            answers: CrashChecker.answers(position.replay.acknowledged)
        )
        let before = recording.log.prefix(changes: position.change)
        outcome.withLock { outcome in
            outcome.drawn += 1
            outcome.checked += 1
        }
        let disk = SimulatedDisk(continuing: before)
        let log = await run(crash, "start after a kill", on: disk, seed &+ 2_000, crash.answers, [:], true)
        var random = SplitMix(seed: seed)
        for _ in 0..<cuts {
            let change = before.changeCount + random.next(below: log.changeCount - before.changeCount + 1)
            await cut(crash, log, after: change, [:], &random)
        }
    }

    /// Cuts the power after a change of another log than the recorded one.
    private func cut(
        _ crash: Case,
        _ log: DiskLog,
        after change: Int,
        _ known: [Int: Acknowledgement.Answer],
        _ random: inout SplitMix
    ) async {
        var replay = DiskReplay(log.base, rules: rules)
        for event in log.prefix(changes: change).events { replay.apply(event) }
        var chance = CrashChance(seed: random.next())
        let disk = SimulatedDisk(replay.image(&chance))
        var answers = known
        for (object, answer) in CrashChecker.answers(replay.acknowledged) where answers[object] != .stored {
            answers[object] = answer
        }
        outcome.withLock { outcome in
            outcome.secondCrashes += 1
            guard crash.isKill else { return }
            outcome.drawn += 1
            outcome.checked += 1
        }
        _ = await run(crash, "second crash after \(change)", on: disk, random.next(), answers, [:], false)
    }

    /// One kill again, with the power cuts after it.
    func exploreKill(change: Int) async -> CrashTally {
        for position in positionsOfChanges() where position.change == change {
            await kill(position, cuts: 64)
        }
        return outcome.withLock { $0 }
    }

    /// One state again.
    func explore(change: Int, seed: UInt64) async throws -> CrashTally {
        for position in positionsOfChanges() where position.change == change {
            tellState(position, seed: seed)
            try await crash(position, seed: seed, isAlone: true)
        }
        return outcome.withLock { $0 }
    }

    private struct Position: Sendable {
        let change: Int
        let replay: DiskReplay
    }

    /// The state of the disk after each change and what was told right after it.
    private func positionsOfChanges() -> PositionSequence {
        PositionSequence(log: recording.log, rules: rules) { operation, site in
            self.outcome.withLock { $0.note(operation, at: site) }
        }
    }

    private struct PositionSequence: Sequence, Sendable {
        let log: DiskLog
        let rules: SyncRules
        let note: @Sendable (DiskOperation, String) -> Void

        func makeIterator() -> Iterator { Iterator(sequence: self, replay: DiskReplay(log.base, rules: rules)) }

        struct Iterator: IteratorProtocol, Sendable {
            let sequence: PositionSequence
            var replay: DiskReplay
            var position = 0
            var change = 0

            mutating func next() -> Position? {
                let events = sequence.log.events
                guard position < events.count else { return nil }
                if case .changed(let operation, let site) = events[position] {
                    sequence.note(operation, site)
                    change += 1
                }
                replay.apply(events[position])
                position += 1
                while position < events.count, case .acknowledged = events[position] {
                    replay.apply(events[position])
                    position += 1
                }
                return Position(change: change, replay: replay)
            }
        }
    }

    /// Hands the positions out to several workers.
    private final class PositionQueue: Sendable {
        private let iterator: Mutex<PositionSequence.Iterator>

        init(_ sequence: PositionSequence) {
            iterator = Mutex(sequence.makeIterator())
        }

        func next() -> Position? { iterator.withLock { $0.next() } }
    }

    private func crash(_ position: Position, seed: UInt64, isAlone: Bool = false) async throws {
        var chance = CrashChance(seed: seed)
        let image = position.replay.image(&chance)
        let answers = CrashChecker.answers(position.replay.acknowledged)
        outcome.withLock { $0.drawn += 1 }
        var hasher = Hasher()
        hasher.combine(image.fingerprint)
        hasher.combine(answers)
        let fingerprint = hasher.finalize()
        guard seen.withLock({ $0.insert(fingerprint).inserted }) else { return }
        outcome.withLock { $0.checked += 1 }
        let crash = Case(change: position.change, seed: seed, image: image, answers: answers)
        try await check(crash, isThorough: isAlone || seed % 8 == UInt64(position.change % 8))
    }

    private func check(_ crash: Case, isThorough: Bool) async throws {
        var before: [RandomID: StudyKeyID] = [:]
        if isThorough {
            do {
                before = try await checker.authenticRecords(on: crash.image)
            } catch {
                tell(crash, "before the start", ["the packs cannot be opened: \(error)"])
            }
        }
        let disk = SimulatedDisk(crash.image)
        let log = await run(crash, "recovery", on: disk, crash.seed &+ 1_000, crash.answers, before, isThorough)
        guard isThorough else { return }
        // The recovery, and what was sent again after it, crash in their turn.
        var random = SplitMix(seed: crash.seed)
        for _ in 0..<3 {
            let change = random.next(below: log.changeCount + 1)
            await cut(crash, log, after: change, crash.answers, &random)
        }
    }

    /// Starts, looks, and when thorough sends all again and looks again; returns what happened on the disk.
    private func run(
        _ crash: Case,
        _ stage: String,
        on disk: SimulatedDisk,
        _ keySeed: UInt64,
        _ answers: [Int: Acknowledgement.Answer],
        _ before: [RandomID: StudyKeyID],
        _ isThorough: Bool
    ) async -> DiskLog {
        var texts: [String] = []
        do {
            let archive = try await CrashArchive(on: disk, seed: keySeed)
            texts += try await checker.violations(of: archive, answers)
            if isThorough {
                for id in try await checker.lostRecords(before, in: archive) {
                    texts.append("I3: recovery took the authentic record \(id.hex) away")
                }
                texts += try await checker.sendAgain(to: archive, answers)
                let known = CrashChecker.answers(disk.log.acknowledgements)
                texts += try await checker.violations(of: archive, known)
            }
            archive.kill()
        } catch {
            disk.powerOff()
            texts.append("the archive does not start: \(error)")
        }
        tell(crash, stage, texts)
        return disk.log
    }

    /// Prints what was done last before a crash, and what it leaves.
    private func tellState(_ position: Position, seed: UInt64) {
        var change = 0
        for event in recording.log.events {
            if case .changed(let operation, let site) = event {
                change += 1
                guard change <= position.change, change > position.change - 25 else { continue }
                print("    \(change): \(operation.kind.rawValue) \(site)")
            } else if case .acknowledged(let told) = event, (position.change - 25...position.change).contains(change) {
                print("    object \(told.object): \(told.answer)")
            }
        }
        var chance = CrashChance(seed: seed)
        let image = position.replay.image(&chance)
        for (path, bytes) in image.files.sorted(by: { $0.key < $1.key }) {
            print("    \(path): \(bytes.readableBytes) bytes")
        }
    }

    private func tell(_ crash: Case, _ stage: String, _ texts: [String]) {
        guard !texts.isEmpty else { return }
        let violation = Violation(
            scenario: (crash.isKill ? "kill of " : "") + recording.name,
            change: crash.change,
            seed: crash.seed,
            stage: stage,
            texts: texts
        )
        outcome.withLock { $0.violations.append(violation) }
    }
}
