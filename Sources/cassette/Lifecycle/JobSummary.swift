import ArchiveCatalog
import Foundation

/// A job as it travels, and as people see it.
struct JobSummary: Decodable, Sendable {
    let id: String
    let kind: String
    let state: String
    let principal: String
    let created: String
    let started: String?
    let ended: String?
    let done: Int
    let total: Int
    let unit: String
    let bytes: UInt64
    let failures: Int
    let message: String
    let failure: String?

    var hasEnded: Bool { JobState(rawValue: state)?.isEnd ?? false }

    /// How far it is.
    var progress: String {
        guard total > 0 || done > 0 else { return "" }
        return "\(done)" + (total > 0 ? "/\(total)" : "") + " \(unit)"
            + (bytes > 0 ? ", \(ByteText.text(bytes))" : "") + (failures > 0 ? ", \(failures) failed" : "")
    }

    /// Everything about it, a line each.
    var lines: [String] {
        var lines = ["job       \(id)", "kind      \(kind)", "state     \(state)", "by        \(principal)"]
        lines.append("created   \(created)")
        if let started { lines.append("started   \(started)") }
        if let ended { lines.append("ended     \(ended)") }
        if !progress.isEmpty { lines.append("progress  \(progress)") }
        if !message.isEmpty { lines.append("now       \(message)") }
        if let failure { lines.append("failure   \(failure)") }
        return lines
    }

    static func table(_ jobs: [JobSummary]) -> [String] {
        var table = TextTable(["Job", "Kind", "State", "Created", "Progress"])
        for job in jobs {
            table.append([
                job.id, job.kind, job.state, String(job.created.prefix(19)),
                [job.progress, job.failure ?? job.message].filter { !$0.isEmpty }.joined(separator: "; "),
            ])
        }
        return table.lines
    }
}
