import DICOMCoding

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
