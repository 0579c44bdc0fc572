import ArgumentParser
import DICOMCoding
import DICOMCore
import NIOCore
import Platform

/// Files looked through for all that is odd.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Tell what is odd in DICOM files, with place and rule.",
        discussion: """
            For a file: each finding with its offset, attribute and the place in the standard. For folders: a table of what \
            was found, how often, and in how many files; --details lists the findings, too. Values are never shown.

            Findings are errors (the object cannot be read further, or has no identity and no archive can file it), warnings \
            (against the standard, and read nevertheless) and notes. Exit code 1 when a DICOM object cannot be read to its \
            end, or a file that was named is none; else 0, whatever was found.
            """
    )

    @Flag(help: "Print JSON: a line for each file, then one with the summary.")
    var json = false
    @Flag(help: "List the findings of files in folders, too.")
    var details = false
    @Argument(help: "Files and folders.")
    var paths: [String] = []

    func validate() throws {
        guard !paths.isEmpty else { throw ValidationError("Name a file or folder to check") }
    }

    func run() throws {
        let walk = try FileWalk(paths)
        let named = Set(paths)
        let isDetailed = details || walk.files.allSatisfy { named.contains($0) }
        var summary = CheckSummary()
        var output = OutputText()
        var progress = ProgressBar("Checking")
        for refusal in walk.refused {
            summary.skipped += 1
            Console.complain("\(Console.shown(refusal.path)): \(refusal.reason)")
        }
        for (position, path) in walk.files.enumerated() {
            progress.update(done: position, of: walk.files.count)
            let report = CheckReport(path)
            summary.take(report, isNamed: named.contains(path))
            if json {
                output.write(report.json + "\n")
            } else if isDetailed {
                for line in report.lines { output.write(line + "\n") }
            } else if !report.isReadable {
                output.write(report.lines.first.map { $0 + "\n" } ?? "")
            }
            if walk.files.count < 100 || !Console.isWatched { output.flush() }
        }
        progress.finish()
        if json {
            output.write(summary.json + "\n")
        } else if walk.files.count > 1 {
            for line in summary.lines { output.write(line + "\n") }
        }
        output.flush()
        guard !summary.hasFailed else { throw ExitCode.failure }
    }
}

/// What was found in one file.
struct CheckReport {
    enum Outcome {
        case checked
        case noDICOM
        case failed(String)
    }

    let path: String
    private(set) var outcome = Outcome.checked
    private(set) var transferSyntax: TransferSyntax?
    private(set) var findings: [Finding] = []
    private(set) var counts: [Finding.Kind: Int] = [:]

    /// Reads the file once.
    init(_ path: String) {
        self.path = path
        var checker = ObjectChecker()
        do {
            let file = try PosixDisk().open(path, .read)
            defer { try? file.close() }
            var position: UInt64 = 0
            while true {
                let chunk = try file.read(at: position, count: FileChunks.chunkLength)
                guard chunk.readableBytes > 0 else { break }
                position += UInt64(chunk.readableBytes)
                try checker.check(chunk)
            }
            try checker.finish()
        } catch is DataSetError {
            outcome = .noDICOM
        } catch {
            outcome = .failed("\(error)")
        }
        transferSyntax = checker.transferSyntax
        findings = checker.findings
        counts = checker.counts
    }

    /// Whether it is a DICOM object that can be read to its end.
    var isReadable: Bool {
        if case .checked = outcome { counts[.object(.unreadable)] == nil } else { false }
    }

    /// The path with the number of findings, then one line for each.
    var lines: [String] {
        let name = Console.shown(path)
        switch outcome {
        case .noDICOM: return ["\(name): no DICOM object"]
        case .failed(let reason): return ["\(name): \(reason)"]
        case .checked: break
        }
        let total = counts.values.reduce(0, +)
        let head = total == 0 ? "nothing odd" : total == 1 ? "1 finding" : "\(total) findings"
        let encoding = transferSyntax.map { ", \($0.name)" } ?? ""
        var lines = ["\(name): \(head)\(encoding)"]
        lines += findings.map { finding in
            let offset = finding.offset.map { "at \($0)" } ?? ""
            return Self.columns([
                ("  \(finding.kind.severity.rawValue)", 10), (offset, 12), (Self.place(finding.path), 0),
            ]) + "  \(finding.kind.text)" + (finding.code.map { " (\($0.rawValue))" } ?? "")
                + "  [\(finding.kind.rule)]"
        }
        for (kind, count) in counts.sorted(by: { $0.key.name < $1.key.name }) {
            let shown = findings.count { $0.kind == kind }
            if count > shown { lines.append("  and \(count - shown) more times: \(kind.text)  [\(kind.rule)]") }
        }
        return lines
    }

    var json: String {
        var members = [("file", JSONText.string(path))]
        switch outcome {
        case .noDICOM: members.append(("outcome", JSONText.string("noDICOM")))
        case .failed(let reason):
            members += [("outcome", JSONText.string("failed")), ("reason", JSONText.string(reason))]
        case .checked:
            members.append(("outcome", JSONText.string(isReadable ? "readable" : "unreadable")))
            members.append(("transferSyntax", transferSyntax.map { JSONText.string($0.uid.string) } ?? "null"))
            members.append(("findings", JSONText.array(findings.map(Self.json))))
            let totals = counts.sorted { $0.key.name < $1.key.name }.map { ($0.key.name, String($0.value)) }
            members.append(("counts", JSONText.object(totals)))
        }
        return JSONText.object(members)
    }

    private static func json(_ finding: Finding) -> String {
        JSONText.object(
            [
                ("kind", JSONText.string(finding.kind.name)),
                ("severity", JSONText.string(finding.kind.severity.rawValue)),
                ("offset", finding.offset.map { String($0) } ?? "null"),
                ("path", JSONText.array(finding.path.map { JSONText.string($0.hexadecimal) })),
                ("rule", JSONText.string(finding.kind.rule)),
            ] + (finding.code.map { [("code", JSONText.string($0.rawValue))] } ?? [])
        )
    }

    private static func place(_ path: [Tag]) -> String {
        guard let last = path.last else { return "" }
        let keyword = DataElementDictionary.entry(for: last)?.keyword ?? ""
        return path.map(\.description).joined(separator: " > ") + (keyword.isEmpty ? "" : " \(keyword)")
    }

    static func columns(_ cells: [(text: String, width: Int)]) -> String {
        cells.map { $0.text + String(repeating: " ", count: max(0, $0.width - $0.text.count)) }.joined(separator: " ")
    }
}

/// What was found in all files.
struct CheckSummary {
    private struct Row {
        var count = 0
        var files = 0
    }

    private var rows: [Finding.Kind: Row] = [:]
    private var readable = 0
    private var unreadable = 0
    private var noDICOM = 0
    private var withoutFindings = 0
    private(set) var hasFailed = false
    /// Paths that are no files and were not looked at.
    var skipped = 0

    mutating func take(_ report: CheckReport, isNamed: Bool) {
        switch report.outcome {
        case .noDICOM:
            noDICOM += 1
            if isNamed { hasFailed = true }
        case .failed:
            unreadable += 1
            hasFailed = true
        case .checked where !report.isReadable:
            unreadable += 1
            hasFailed = true
        case .checked:
            readable += 1
            if report.counts.isEmpty { withoutFindings += 1 }
        }
        for (kind, count) in report.counts {
            rows[kind, default: Row()].count += count
            rows[kind, default: Row()].files += 1
        }
    }

    /// The gravest and most frequent first.
    private var sorted: [(kind: Finding.Kind, row: Row)] {
        rows.map { (kind: $0.key, row: $0.value) }.sorted { left, right in
            let (first, second) = (left.kind.severity, right.kind.severity)
            guard first == second else { return first < second }
            return (right.row.files, right.row.count, left.kind.name) < (
                left.row.files, left.row.count, right.kind.name
            )
        }
    }

    var lines: [String] {
        let rows = sorted
        var lines: [String] = []
        if !rows.isEmpty {
            let widths = (name: (rows.map { $0.kind.name.count } + [4]).max() ?? 4, rule: 15)
            let line = { (cells: [String]) in
                CheckReport.columns([
                    (cells[0], 8), (cells[1], widths.name), (cells[2], 7), (cells[3], 7), (cells[4], widths.rule),
                    (cells[5], 0),
                ])
            }
            lines.append(line(["", "kind", "files", "count", "rule", "what"]))
            for (kind, row) in rows {
                lines.append(
                    line([
                        kind.severity.rawValue, kind.name, String(row.files), String(row.count), kind.rule, kind.text,
                    ])
                )
            }
        }
        lines.append(
            "\(readable) objects readable, \(withoutFindings) of them without findings; \(unreadable) not readable; "
                + "\(noDICOM) files are no DICOM" + (skipped > 0 ? "; \(skipped) are no files" : "")
        )
        return lines
    }

    var json: String {
        let rows = sorted.map { kind, row in
            JSONText.object([
                ("kind", JSONText.string(kind.name)), ("severity", JSONText.string(kind.severity.rawValue)),
                ("rule", JSONText.string(kind.rule)), ("text", JSONText.string(kind.text)),
                ("files", String(row.files)), ("count", String(row.count)),
            ])
        }
        let summary = JSONText.object([
            ("readable", String(readable)), ("withoutFindings", String(withoutFindings)),
            ("unreadable", String(unreadable)), ("noDICOM", String(noDICOM)), ("skipped", String(skipped)),
            ("kinds", JSONText.array(rows)),
        ])
        return JSONText.object([("summary", summary)])
    }
}
