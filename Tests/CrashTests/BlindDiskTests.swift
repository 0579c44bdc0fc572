import Testing

@Suite struct `A disk whose syncs do nothing` {
    /// Controls: what the crash tests must notice.
    enum Blindness: String, CaseIterable, Sendable {
        case everything, packs, index, keyring, directories

        var rules: SyncRules {
            switch self {
            case .everything: .blind
            case .packs: SyncRules(files: false)
            case .index: SyncRules(index: false)
            case .keyring: SyncRules(keyring: false)
            case .directories: SyncRules(directories: false)
            }
        }

        /// A run in which that matters.
        var scenario: Scenario {
            switch self {
            case .everything, .packs: .associations
            case .keyring, .directories: .firstStart
            case .index: .sealing
            }
        }
    }

    @Test(arguments: Blindness.allCases)
    func `is found out`(blindness: Blindness) async throws {
        let recording = try await blindness.scenario.record()

        let outcome = try await CrashExplorer(recording, rules: blindness.rules).explore(
            .each(7),
            stopsAtFirst: true
        )

        print(
            "blind in \(blindness.rawValue): \(outcome.checked) states, \(outcome.violations.first?.description ?? "-")"
        )
        #expect(!outcome.violations.isEmpty)
    }
}
