import Foundation
import Synchronization

/// The protocols whose crashes are explored.
enum CrashedProtocol: String, CaseIterable, Sendable {
    case receive, deletion, compaction, shredding, keyring, moves, backup

    /// The share of all crash states that is drawn of it, in percent; together 100.
    ///
    /// The only place that says so. Receiving has the most scenarios; a state of a backup costs most, for two archives
    /// are restored from each.
    var percent: Int {
        switch self {
        case .receive: 36
        case .deletion, .compaction, .shredding: 10
        case .keyring: 14
        case .moves: 14
        case .backup: 6
        }
    }
}

/// How many crash states a run draws.
enum CrashStates {
    /// Those that `CASSETTE_CRASH_SCENARIOS` names, with commas between them; `nil` without it.
    static let scenarioNames = ProcessInfo.processInfo.environment["CASSETTE_CRASH_SCENARIOS"]
        .map { $0.split(separator: ",").map(String.init) }

    /// Of all protocols together: `CASSETTE_CRASH_STATES`, or what a run of all tests has time for.
    static let wanted = ProcessInfo.processInfo.environment["CASSETTE_CRASH_STATES"].flatMap(Int.init) ?? 4_000

    /// Whether a run takes the time for everything: each call fails once, and not a sample of the calls.
    static let isWhole = wanted >= 100_000

    /// The states of a scenario, of which its protocol has `count`.
    ///
    /// - Parameter parts: How much of it of how much, where a protocol's share goes to unequal uses.
    static func of(_ crashed: CrashedProtocol, scenarios count: Int, _ parts: (Int, of: Int) = (1, of: 1)) -> Int {
        wanted * crashed.percent / 100 * parts.0 / parts.of / max(1, count)
    }
}

/// How many crash states are drawn after each change of a run.
struct SeedPlan: Sendable {
    private let states: Int
    private let positions: Int

    /// So many states, spread evenly over a run; at least one after each change, and the more the fewer changes there are.
    init(states: Int, changes: Int) {
        self.states = states
        positions = changes + 1
    }

    /// The same number after each.
    static func each(_ seeds: Int) -> SeedPlan { SeedPlan(states: seeds, changes: 0) }

    func seeds(after change: Int) -> Range<UInt64> {
        0..<UInt64(max(1, states * (change + 1) / positions - states * change / positions))
    }
}

/// What exploring the crashes of one scenario has come to.
struct CrashTally: Sendable {
    /// Crash states that were drawn.
    var drawn = 0
    /// Those of them that were not equal to one looked at before, with the same acknowledgements.
    var checked = 0
    /// Crashes in the middle of a recovery, or after it went on.
    var secondCrashes = 0
    var violations: [Violation] = []
    /// Changes after which a crash was tried, by kind and kind of file.
    var sites: [String: Int] = [:]

    /// Notes that a crash follows these changes.
    mutating func note(_ operation: DiskOperation, at site: String) {
        sites[operation.kind.rawValue + " " + DiskSite.kind(of: site), default: 0] += 1
    }

    /// Notes all changes of a log from one of them on.
    mutating func note(_ log: DiskLog, from first: Int = 0) {
        var change = 0
        for case .changed(let operation, let site) in log.events {
            change += 1
            if change > first { note(operation, at: site) }
        }
    }

    /// Prints it, as `Tools/crash-test` adds it up.
    func tell(_ crashed: CrashedProtocol, _ scenario: String, changes: Int, since start: ContinuousClock.Instant) {
        let seconds = (ContinuousClock.now - start).components.seconds
        let numbers = [changes, drawn, checked, secondCrashes, violations.count, Int(seconds)]
        var lines = ["crash-tally", crashed.rawValue, scenario].joined(separator: "\t")
        lines += numbers.map { "\t\($0)" }.joined()
        for (site, count) in sites.sorted(by: { $0.key < $1.key }) {
            lines += "\ncrash-site\t\(crashed.rawValue)\t\(site)\t\(count)"
        }
        print(lines)
    }
}

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

/// What a file of a simulated disk is, whatever its name.
enum DiskSite {
    static func kind(of path: String) -> String {
        if path.hasPrefix("/backup") { return backupKind(of: path) }
        if path.hasPrefix("/bucket") { return path.hasSuffix(".pack") ? "pack in the bucket" : "bucket" }
        if path.hasPrefix("/warm") { return path.hasSuffix(".pack") ? "pack in the second folder" : "second folder" }
        if path.contains("/packs/open/") { return "open pack" }
        if path.contains("/packs/quarantine") { return "quarantine" }
        if path.contains("/cache") { return "cache" }
        if path.hasSuffix(".pack") { return "sealed pack" }
        if path.contains("/packs") { return "pack folders" }
        if path.contains(".building") { return "index draft" }
        if path.contains("/index.sqlite") { return "index" + databaseFile(path) }
        if path.contains("/registry.sqlite") { return "registry" + databaseFile(path) }
        if path.contains("/keyring") { return "keyring" }
        if path.contains(".keys") { return "root key" }
        return "data folder"
    }

    private static func databaseFile(_ path: String) -> String {
        if path.hasSuffix("-wal") { return " log" }
        return path.hasSuffix("-journal") ? " journal" : ""
    }

    private static func backupKind(of path: String) -> String {
        let folder = path.split(separator: "/").dropFirst().first.map(String.init) ?? "folder"
        return "backup " + (folder.hasPrefix(".") ? "draft" : folder)
    }
}
