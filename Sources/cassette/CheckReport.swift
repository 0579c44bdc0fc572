import DICOMCoding
import DICOMCore
import NIOCore
import Platform

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
