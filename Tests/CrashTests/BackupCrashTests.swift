import ArchiveServices
import Foundation
import Platform
import TestKit
import Testing

@Suite struct `Crashes of a backup` {
    /// How many crash states are drawn.
    private static let wanted =
        (ProcessInfo.processInfo.environment["CASSETTE_CRASH_STATES"].flatMap(Int.init) ?? 6_000) / 20

    @Test func `after a crash at any moment the last backup restores, and the next one completes and restores`()
        async throws
    {
        let crash = try BackupCrash()
        let archive = try await crash.prepared(seed: 100)
        let first = archive.disk.log.changeCount
        try await crash.backUp(archive, seed: 110)
        archive.kill()
        let log = archive.disk.log
        let states = Self.states(of: log, from: first, count: Self.wanted)

        let found = try await Self.explore(states) { state in
            var replay = DiskReplay(log.base)
            for event in log.prefix(changes: state.change).events { replay.apply(event) }
            var chance = CrashChance(seed: state.seed)
            return try await Self.look(crash, SimulatedDisk(replay.image(&chance)), seed: state.seed &+ 1_000)
        }

        print("crash states of a backup: \(states.count) after \(log.changeCount - first) changes")
        #expect(found.prefix(5).joined(separator: "\n") == "")
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

    private static let failures: [(call: DiskCall, code: DiskError.Code)] = [
        (.open, .tooManyOpen), (.create, .noSpace), (.read, .io), (.write, .io), (.write, .noSpace), (.syncFile, .io),
        (.truncate, .io), (.rename, .io), (.unlink, .io), (.makeDirectory, .noSpace), (.syncDirectory, .io),
    ]

    @Test(arguments: failures.indices)
    func `each call of a backup fails once, and the next backup restores`(failure: Int) async throws {
        let crash = try BackupCrash()
        let (call, code) = Self.failures[failure]
        let prepared = try await crash.prepared(seed: 300)
        prepared.kill()
        let log = prepared.disk.log
        var found: [String] = []
        var index = 0
        while true {
            let disk = SimulatedDisk(continuing: log)
            let archive = try await CrashArchive(on: disk, seed: 310)
            disk.fail(SimulatedDisk.Fault(call: call, index: index, code: code))
            let report = try? await crash.backUp(archive, seed: 320)
            // A pack that could not be read is told, and missing in this backup alone.
            let lacksPacks = report.map { !$0.problems.isEmpty } ?? false
            let hasFailed = disk.hasFailed
            disk.fail(nil)
            do {
                if !lacksPacks {
                    found += try await crash.violations(restoring: disk, report == nil ? 0..<3 : 0..<5, seed: 330)
                }
                archive.kill()
                let again = SimulatedDisk(continuing: disk.log)
                let next = try await CrashArchive(on: again, seed: 340)
                try await crash.backUp(next, seed: 350)
                found += try await crash.violations(restoring: again, 0..<5, seed: 360)
                next.kill()
            } catch {
                archive.kill()
                found.append("call \(index): \(error)")
            }
            guard hasFailed else { break }
            index += 1
        }
        print("backup, \(call.rawValue) \(code): \(index) calls failed")
        #expect(found.prefix(5).joined(separator: "\n") == "")
    }

    private struct State: Sendable {
        let change: Int
        let seed: UInt64
    }

    private static func states(of log: DiskLog, from first: Int, count: Int) -> [State] {
        let changes = log.changeCount - first + 1
        let seeds = max(1, count / max(1, changes))
        return (0..<changes).flatMap { change in
            (0..<seeds).map { State(change: first + change, seed: UInt64(first + change) << 20 | UInt64($0)) }
        }
    }

    /// Looks at the disk of a crash: the archive, the last backup, and the next one.
    private static func look(_ crash: BackupCrash, _ disk: SimulatedDisk, seed: UInt64) async throws -> [String] {
        // The first backup was whole before the second began.
        var texts = try await crash.violations(restoring: disk, 0..<3, seed: seed)
        let archive = try await CrashArchive(on: disk, seed: seed &+ 10)
        let all = Dictionary(uniqueKeysWithValues: (0..<5).map { ($0, Acknowledgement.Answer.stored) })
        texts += try await CrashChecker(objects: crash.objects).violations(of: archive, all)
        try await crash.backUp(archive, seed: seed &+ 20)
        texts += try await crash.violations(restoring: disk, 0..<5, seed: seed &+ 30)
        archive.kill()
        return texts
    }

    private static func explore(
        _ states: [State],
        _ look: @escaping @Sendable (State) async throws -> [String]
    ) async throws -> [String] {
        try await withThrowingTaskGroup(of: [String].self) { group in
            var waiting = states[...]
            func add() {
                guard let state = waiting.popFirst() else { return }
                group.addTask {
                    do {
                        return try await look(state).map { "change \(state.change), seed \(state.seed): \($0)" }
                    } catch {
                        return ["change \(state.change), seed \(state.seed): \(error)"]
                    }
                }
            }
            for _ in 0..<2 { add() }
            var found: [String] = []
            while let texts = try await group.next() {
                found += texts
                add()
            }
            return found
        }
    }
}
