import Foundation
import Platform
import Synchronization
import TestKit
import Testing

@Suite struct `Crashes of the keyring` {
    /// How many crash states are drawn of all scripts together.
    private static let wanted =
        (ProcessInfo.processInfo.environment["CASSETTE_CRASH_STATES"].flatMap(Int.init) ?? 6_000)

    private struct Outcome {
        var states = 0
        var secondCrashes = 0
        var violations: [String] = []
    }

    private func explore(
        _ name: KeyringScript.Name,
        seedsPerChange: Int,
        rules: SyncRules = .honest,
        stopsAtFirst: Bool = false
    ) async throws -> Outcome {
        let (log, facts) = try await KeyringScript.record(name)
        let checker = KeyringChecker(facts: facts)
        var outcome = Outcome()
        for change in 0...log.changeCount {
            let before = log.prefix(changes: change)
            var replay = DiskReplay(log.base, rules: rules)
            for event in before.events { replay.apply(event) }
            let told = before.acknowledgements.count
            for seed in 0..<UInt64(seedsPerChange) {
                let seed = UInt64(change) << 20 | seed
                var chance = CrashChance(seed: seed)
                let disk = SimulatedDisk(replay.image(&chance))
                outcome.states += 1
                var texts = await checker.violations(on: disk, told: told, seed: seed &+ 10)
                if texts.isEmpty, seed % 4 == 0 {
                    // The recovery crashes in its turn.
                    var random = SplitMix(seed: seed)
                    let recovery = disk.log
                    var second = DiskReplay(recovery.base, rules: rules)
                    let cut = random.next(below: recovery.changeCount + 1)
                    for event in recovery.prefix(changes: cut).events { second.apply(event) }
                    var chance = CrashChance(seed: random.next())
                    let again = SimulatedDisk(second.image(&chance))
                    texts += await checker.violations(on: again, told: told, seed: seed &+ 20).map { "again: " + $0 }
                    outcome.secondCrashes += 1
                }
                if texts.isEmpty, seed % 4 == 1 {
                    texts += await checker.violationsOfGoingOn(on: disk, told: told, seed: seed &+ 30)
                }
                outcome.violations += texts.map { "\(name.rawValue):\(change):\(seed): \($0)" }
                if stopsAtFirst, !outcome.violations.isEmpty { return outcome }
            }
        }
        return outcome
    }

    @Test(arguments: KeyringScript.Name.allCases)
    func `whatever a power cut leaves, no key that was returned is lost and none that was removed comes back`(
        name: KeyringScript.Name
    ) async throws {
        let changes = try await KeyringScript.record(name).log.changeCount
        let seeds = max(4, Self.wanted / KeyringScript.Name.allCases.count / (changes + 1))

        let outcome = try await explore(name, seedsPerChange: seeds)

        print(
            "crash states of the keyring, \(name.rawValue): \(outcome.states) after \(changes) changes,",
            "\(outcome.secondCrashes) second crashes, \(outcome.violations.count) violations"
        )
        #expect(outcome.violations.count == 0)
        for violation in outcome.violations.prefix(5) { Issue.record("\(violation)") }
    }

    @Test(arguments: KeyringScript.Name.allCases)
    func `a disk whose syncs of the keyring do nothing is found out`(name: KeyringScript.Name) async throws {
        let rules = SyncRules(keyring: false)

        let outcome = try await explore(name, seedsPerChange: 7, rules: rules, stopsAtFirst: true)

        #expect(!outcome.violations.isEmpty)
    }

    @Test(arguments: [KeyringScript.Name.removal, .destruction])
    func `a disk that forgets names is found out`(name: KeyringScript.Name) async throws {
        let rules = SyncRules(directories: false)

        let outcome = try await explore(name, seedsPerChange: 7, rules: rules, stopsAtFirst: true)

        #expect(!outcome.violations.isEmpty)
    }

    @Test(arguments: KeyringScript.Name.allCases)
    func `a kill at any moment loses no key and brings none back`(name: KeyringScript.Name) async throws {
        let (log, facts) = try await KeyringScript.record(name)
        let checker = KeyringChecker(facts: facts)
        var violations: [String] = []
        // A kill after each change: everything is there, and nothing more is synced than before.
        for change in 0...log.changeCount {
            let before = log.prefix(changes: change)
            let disk = SimulatedDisk(continuing: before)
            let told = before.acknowledgements.count
            let texts = await checker.violations(on: disk, told: told, seed: UInt64(change) + 5_000)
            violations += texts.map { "\(name.rawValue):kill \(change): \($0)" }
        }

        #expect(violations == [])
    }
}
