import Platform
import TestKit
import Testing

@Suite struct `Crashes of the keyring` {
    @Test(arguments: KeyringScript.Name.allCases)
    func `whatever a power cut leaves, no key that was returned is lost and none that was removed comes back`(
        name: KeyringScript.Name
    ) async throws {
        let (log, facts) = try await KeyringScript.record(name)
        let states = CrashStates.of(.keyring, scenarios: KeyringScript.Name.allCases.count)
        let start = ContinuousClock.now
        let explorer = KeyringExplorer(name, log, facts)

        let outcome = await explorer.explore(SeedPlan(states: states, changes: log.changeCount))

        outcome.tell(.keyring, name.rawValue, changes: log.changeCount, since: start)
        #expect(outcome.violations.count == 0)
        for violation in outcome.violations.prefix(5) { Issue.record("\(violation)") }
    }

    @Test(arguments: KeyringScript.Name.allCases)
    func `a disk whose syncs of the keyring do nothing is found out`(name: KeyringScript.Name) async throws {
        let rules = SyncRules(keyring: false)
        let (log, facts) = try await KeyringScript.record(name)
        let explorer = KeyringExplorer(name, log, facts, rules: rules)

        let outcome = await explorer.explore(.each(7), stopsAtFirst: true)

        #expect(!outcome.violations.isEmpty)
    }

    @Test(arguments: [KeyringScript.Name.removal, .destruction])
    func `a disk that forgets names is found out`(name: KeyringScript.Name) async throws {
        let rules = SyncRules(directories: false)
        let (log, facts) = try await KeyringScript.record(name)
        let explorer = KeyringExplorer(name, log, facts, rules: rules)

        let outcome = await explorer.explore(.each(7), stopsAtFirst: true)

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
