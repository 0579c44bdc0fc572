import Foundation
import Testing

@Suite struct `Crashes of the whole archive` {
    /// How many crash states are drawn in all scenarios together.
    private static let wanted = ProcessInfo.processInfo.environment["CASSETTE_CRASH_STATES"].flatMap(Int.init) ?? 6_000

    /// `scenario:change:seed`, as a violation prints it.
    private static let only = ProcessInfo.processInfo.environment["CASSETTE_CRASH_ONLY"]

    @Test(.enabled(if: only != nil, "CASSETTE_CRASH_ONLY names no state"))
    func `one state again`() async throws {
        let parts = (Self.only ?? "").split(separator: ":").map(String.init)
        try #require(parts.count == 3)
        let isKill = parts[0].hasPrefix("kill of ")
        let scenario = try #require(Scenario(rawValue: String(parts[0].dropFirst(isKill ? 8 : 0))))
        let change = try #require(Int(parts[1]))
        let seed = try #require(UInt64(parts[2]))

        let explorer = CrashExplorer(try await scenario.record())
        let outcome =
            isKill ? await explorer.exploreKill(change: change) : try await explorer.explore(change: change, seed: seed)

        #expect(outcome.violations.map(\.description) == [])
    }

    @Test(.enabled(if: only == nil), arguments: Scenario.allCases)
    func `after a crash at any moment all that was acknowledged is there`(scenario: Scenario) async throws {
        let recording = try await scenario.record()
        let seeds = max(1, Self.wanted / Scenario.allCases.count / max(1, recording.log.changeCount))
        let start = ContinuousClock.now

        let outcome = try await CrashExplorer(recording).explore(seedsPerChange: seeds)

        print(
            "crash states of \(scenario.rawValue): \(outcome.drawn) drawn after \(recording.log.changeCount) changes,",
            "\(outcome.checked) differ, \(outcome.secondCrashes) second crashes, \(ContinuousClock.now - start)"
        )
        print(outcome.sites.sorted { $0.key < $1.key }.map { "    \($0.key): \($0.value)" }.joined(separator: "\n"))
        #expect(outcome.violations.count == 0)
        for violation in outcome.violations.prefix(5) { Issue.record("\(violation)") }
    }

    @Test(.enabled(if: only == nil), arguments: [Scenario.firstStart, .associations, .sealing])
    func `what a start after a kill relies on is durable before it acknowledges anything`(
        scenario: Scenario
    ) async throws {
        let recording = try await scenario.record()
        let cuts = max(1, Self.wanted / 10 / max(1, recording.log.changeCount))

        let outcome = try await CrashExplorer(recording).exploreKills(cutsPerKill: cuts)

        print("kills of \(scenario.rawValue): \(outcome.checked), \(outcome.secondCrashes) power cuts after them")
        #expect(outcome.violations.count == 0)
        for violation in outcome.violations.prefix(5) { Issue.record("\(violation)") }
    }
}
