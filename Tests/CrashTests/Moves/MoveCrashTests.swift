import PackStorage
import Testing

@Suite struct `Crashes while packs move` {
    @Test(arguments: MoveScenario.allCases)
    func `at any moment every pack has a verified copy, and the next start finishes`(
        scenario: MoveScenario
    ) async throws {
        let recorded = try await scenario.record()
        let changes = recorded.log.changeCount
        let states = CrashStates.of(.moves, scenarios: MoveScenario.allCases.count)
        let start = ContinuousClock.now

        let outcome = try await MoveExplorer(recorded).explore(SeedPlan(states: states, changes: changes))

        outcome.tell(.moves, scenario.rawValue, changes: changes, since: start)
        #expect(outcome.violations.count == 0)
        for violation in outcome.violations.prefix(5) { Issue.record("\(violation)") }
    }

    @Test func `a mover that removes before it has verified is found out`() async throws {
        let outcome = try await MoveExplorer(try await HastyMover.record()).explore(
            .each(2),
            stopsAtFirst: true
        )

        #expect(!outcome.violations.isEmpty)
    }

    @Test func `stores whose syncs do nothing are found out`() async throws {
        let recorded = try await MoveScenario.away.record()

        let outcome = try await MoveExplorer(recorded, rules: SyncRules(files: false)).explore(
            .each(7),
            stopsAtFirst: true
        )

        #expect(!outcome.violations.isEmpty)
    }
}
