import Foundation
import PackStorage
import Testing

@Suite struct `Crashes while packs move` {
    private static let wanted = ProcessInfo.processInfo.environment["CASSETTE_CRASH_STATES"].flatMap(Int.init) ?? 6_000

    @Test(arguments: MoveScenario.allCases)
    func `at any moment every pack has a verified copy, and the next start finishes`(
        scenario: MoveScenario
    ) async throws {
        let recorded = try await scenario.record()
        let seeds = max(1, Self.wanted / 4 / MoveScenario.allCases.count / max(1, recorded.log.changeCount))
        let start = ContinuousClock.now

        let outcome = try await MoveExplorer(recorded).explore(seedsPerChange: seeds)

        print(
            "crash states of moves, \(scenario.rawValue): \(outcome.drawn) drawn after \(recorded.log.changeCount)",
            "changes, \(outcome.checked) differ, \(ContinuousClock.now - start)"
        )
        #expect(outcome.violations.count == 0)
        for violation in outcome.violations.prefix(5) { Issue.record("\(scenario.rawValue), \(violation)") }
    }

    @Test func `a mover that removes before it has verified is found out`() async throws {
        let outcome = try await MoveExplorer(try await HastyMover.record()).explore(
            seedsPerChange: 2,
            stopsAtFirst: true
        )

        #expect(!outcome.violations.isEmpty)
    }

    @Test func `stores whose syncs do nothing are found out`() async throws {
        let recorded = try await MoveScenario.away.record()

        let outcome = try await MoveExplorer(recorded, rules: SyncRules(files: false)).explore(
            seedsPerChange: 7,
            stopsAtFirst: true
        )

        #expect(!outcome.violations.isEmpty)
    }
}
