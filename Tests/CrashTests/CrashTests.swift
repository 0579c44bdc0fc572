import Foundation
import Testing

@Suite struct `Crashes of the whole archive` {
    /// `scenario:change:seed`, as a violation prints it.
    private static let only = ProcessInfo.processInfo.environment["CASSETTE_CRASH_ONLY"]

    @Test(.enabled(if: only != nil, "CASSETTE_CRASH_ONLY names no state"))
    func `one state again`() async throws {
        let parts = (Self.only ?? "").split(separator: ":").map(String.init)
        try #require(parts.count == 3)
        let change = try #require(Int(parts[1]))
        let seed = try #require(UInt64(parts[2]))

        let outcome = try await Self.again(parts[0], change, seed)

        #expect(outcome.violations.map(\.description) == [])
    }

    private static func again(_ name: String, _ change: Int, _ seed: UInt64) async throws -> CrashTally {
        func rest(_ prefix: String) -> String? { name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : nil }
        if name == "backup" { return try await BackupExplorer().explore(change: change, seed: seed) }
        if let name = rest("keyring, ") {
            let script = try #require(KeyringScript.Name(rawValue: name))
            let (log, facts) = try await KeyringScript.record(script)
            return await KeyringExplorer(script, log, facts).explore(change: change, seed: seed)
        }
        if let name = rest("moves, ") {
            let recorded = try await #require(MoveScenario(rawValue: name)).record()
            return await MoveExplorer(recorded).explore(change: change, seed: seed)
        }
        if let name = rest("kill of ") {
            let recording = try await #require(Scenario(rawValue: name)).record()
            return await CrashExplorer(recording).exploreKill(change: change)
        }
        let recording = try await #require(Scenario(rawValue: name)).record()
        return try await CrashExplorer(recording).explore(change: change, seed: seed)
    }

    /// Those that `CASSETTE_CRASH_SCENARIOS` names, with commas between them; all without it.
    private static let scenarios: [Scenario] = {
        guard let names = CrashStates.scenarioNames else { return Scenario.allCases }
        return Scenario.allCases.filter { names.contains($0.rawValue) }
    }()

    @Test(.enabled(if: only == nil), arguments: scenarios)
    func `after a crash at any moment all that was acknowledged is there`(scenario: Scenario) async throws {
        let recording = try await scenario.record()
        let changes = recording.log.changeCount
        let count = Scenario.allCases.count { $0.crashed == scenario.crashed }
        // Receiving keeps a sixth of its states for the kills below.
        let states = CrashStates.of(
            scenario.crashed,
            scenarios: count,
            scenario.crashed == .receive ? (5, of: 6) : (1, of: 1)
        )
        let start = ContinuousClock.now

        let outcome = try await CrashExplorer(recording).explore(SeedPlan(states: states, changes: changes))

        outcome.tell(scenario.crashed, scenario.rawValue, changes: changes, since: start)
        #expect(outcome.violations.count == 0)
        for violation in outcome.violations.prefix(5) { Issue.record("\(violation)") }
    }

    private static let killed = [Scenario.firstStart, .associations, .sealing]

    @Test(.enabled(if: only == nil), arguments: killed)
    func `what a start after a kill relies on is durable before it acknowledges anything`(
        scenario: Scenario
    ) async throws {
        let recording = try await scenario.record()
        let changes = recording.log.changeCount
        let states = CrashStates.of(.receive, scenarios: Self.killed.count, (1, of: 6))
        let start = ContinuousClock.now

        let outcome = try await CrashExplorer(recording).exploreKills(SeedPlan(states: states, changes: changes))

        outcome.tell(.receive, "kill of " + scenario.rawValue, changes: changes, since: start)
        #expect(outcome.violations.count == 0)
        for violation in outcome.violations.prefix(5) { Issue.record("\(violation)") }
    }
}
