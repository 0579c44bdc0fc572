import Platform
import Sealing
import Synchronization
import TestKit

@testable import ArchiveServices

/// Something that must not be, with what it takes to see it again.
struct Violation: Sendable, CustomStringConvertible {
    let scenario: String
    let change: Int
    let seed: UInt64
    let stage: String
    let texts: [String]

    var description: String {
        "CASSETTE_CRASH_ONLY='\(scenario):\(change):\(seed)' (\(stage)): " + texts.joined(separator: "; ")
    }
}

/// Crashes a recorded run after each of its changes, starts the archive on what is left, and looks.
final class CrashExplorer: Sendable {
    struct Outcome: Sendable {
        /// Crash states that were drawn.
        var drawn = 0
        /// Those of them that were not equal to one looked at before, with the same acknowledgements.
        var checked = 0
        /// Crashes in the middle of a recovery, or after objects were sent again to a recovered archive.
        var secondCrashes = 0
        var violations: [Violation] = []
        /// Changes after which a crash was tried, by kind and kind of file.
        var sites: [String: Int] = [:]
    }

    private let recording: Recording
    private let checker: CrashChecker
    private let rules: SyncRules
    private let outcome = Mutex(Outcome())
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

    /// Draws `seedsPerChange` crash states after each change, the one before the first included.
    func explore(seedsPerChange: Int, workers: Int = 2, stopsAtFirst: Bool = false) async throws -> Outcome {
        let positions = PositionQueue(positionsOfChanges())
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<workers {
                group.addTask {
                    while let position = positions.next() {
                        if stopsAtFirst, self.outcome.withLock({ !$0.violations.isEmpty }) { return }
                        for seed in 0..<seedsPerChange {
                            try await self.crash(position, seed: UInt64(position.change) << 20 | UInt64(seed))
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
    func exploreKills(cutsPerKill: Int, workers: Int = 2) async throws -> Outcome {
        let positions = PositionQueue(positionsOfChanges())
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<workers {
                group.addTask {
                    while let position = positions.next() {
                        await self.kill(position, cuts: cutsPerKill)
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
        outcome.withLock { $0.secondCrashes += 1 }
        _ = await run(crash, "second crash after \(change)", on: disk, random.next(), answers, [:], false)
    }

    /// One kill again, with the power cuts after it.
    func exploreKill(change: Int) async -> Outcome {
        for position in positionsOfChanges() where position.change == change {
            await kill(position, cuts: 64)
        }
        return outcome.withLock { $0 }
    }

    /// One state again.
    func explore(change: Int, seed: UInt64) async throws -> Outcome {
        for position in positionsOfChanges() where position.change == change {
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
        PositionSequence(log: recording.log, rules: rules) { kind, site in
            self.outcome.withLock { $0.sites[kind.rawValue + " " + Self.kind(of: site), default: 0] += 1 }
        }
    }

    private struct PositionSequence: Sequence, Sendable {
        let log: DiskLog
        let rules: SyncRules
        let note: @Sendable (DiskCall, String) -> Void

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
                    sequence.note(operation.kind, site)
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
        let before = isThorough ? try await checker.authenticRecords(on: crash.image) : [:]
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
                if try await !checker.keptRecords(before, in: archive) {
                    texts.append("I3: recovery took an authentic record away")
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
        if !texts.isEmpty {
            let violation = Violation(
                scenario: (crash.isKill ? "kill of " : "") + recording.name,
                change: crash.change,
                seed: crash.seed,
                stage: stage,
                texts: texts
            )
            outcome.withLock { $0.violations.append(violation) }
        }
        return disk.log
    }

    /// What a file is, whatever its name.
    private static func kind(of path: String) -> String {
        if path.contains("/packs/open/") { return "open pack" }
        if path.contains("/packs/quarantine") { return "quarantine" }
        if path.hasSuffix(".pack") { return "sealed pack" }
        if path.contains("/packs") { return "pack folders" }
        if path.contains(".building") { return "index draft" }
        if path.hasSuffix("-wal") { return "index log" }
        if path.hasSuffix("-journal") { return "index journal" }
        if path.contains("/index.sqlite") { return "index" }
        if path.contains("/keyring") { return "keyring" }
        if path.contains(".keys") { return "root key" }
        return "data folder"
    }
}
