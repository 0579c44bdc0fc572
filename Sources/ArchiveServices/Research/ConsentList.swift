public import ArchiveCatalog

/// What a patient says to a project.
public struct ConsentStatement: Sendable, Hashable {
    /// Patient ID (0010,0020).
    public let patientID: String
    /// Issuer of Patient ID (0010,0021); empty: whoever issued it.
    public let issuer: String
    /// What is said.
    public let answer: ConsentEntry.Answer

    /// Says something for a patient.
    public init(patientID: String, issuer: String = "", answer: ConsentEntry.Answer) {
        self.patientID = patientID
        self.issuer = issuer
        self.answer = answer
    }
}

/// A list of consents as people keep it: comma-separated values (RFC 4180) with a line of titles.
///
/// The columns are `PatientID`, `Issuer` (may be missing) and `Consent` (`given` or `withdrawn`), in any order and case;
/// other columns are refused, for they may hold what does not belong here.
public enum ConsentList {
    /// Lines at most.
    public static let countLimit = 1_000_000

    /// Reads a list.
    ///
    /// - Throws: `.badRequest` with the number of the line; nothing of it is repeated.
    public static func statements(in text: String) throws(ArchiveError) -> [ConsentStatement] {
        let rows = try rows(of: text)
        guard let titles = rows.first?.cells.map({ $0.lowercased() }) else {
            throw ArchiveError(.badRequest, "The list is empty: its first line is PatientID,Issuer,Consent")
        }
        guard let patient = titles.firstIndex(of: "patientid"), let consent = titles.firstIndex(of: "consent"),
            Set(titles).count == titles.count, Set(titles).isSubset(of: ["patientid", "issuer", "consent"])
        else {
            throw ArchiveError(
                .badRequest,
                "The first line of the list must be PatientID,Issuer,Consent (Issuer may be missing)"
            )
        }
        let issuer = titles.firstIndex(of: "issuer")
        var statements: [ConsentStatement] = []
        for row in rows.dropFirst() {
            guard row.cells.count == titles.count else {
                throw ArchiveError(
                    .badRequest,
                    "Line \(row.line) of the list has \(row.cells.count) columns, not \(titles.count)"
                )
            }
            guard !row.cells[patient].isEmpty else {
                throw ArchiveError(.badRequest, "Line \(row.line) of the list has no Patient ID")
            }
            guard let answer = ConsentEntry.Answer(rawValue: row.cells[consent].lowercased()) else {
                throw ArchiveError(.badRequest, "Line \(row.line) of the list says neither given nor withdrawn")
            }
            statements.append(
                ConsentStatement(
                    patientID: row.cells[patient],
                    issuer: issuer.map { row.cells[$0] } ?? "",
                    answer: answer
                )
            )
        }
        return statements
    }

    private struct Row {
        let line: Int
        var cells: [String]
    }

    private static func rows(of text: String) throws(ArchiveError) -> [Row] {
        var rows: [Row] = []
        var cells: [String] = []
        var cell = String.UnicodeScalarView()
        var isQuoted = false
        var wasQuoted = false
        var line = 1
        var start = 1
        func trimmed(_ cell: String.UnicodeScalarView) -> String {
            let isBlank: (Unicode.Scalar) -> Bool = { $0 == " " || $0 == "\t" }
            let front = cell.drop(while: isBlank)
            return String(String.UnicodeScalarView(front.reversed().drop(while: isBlank).reversed()))
        }
        func end(ofRow isRow: Bool) throws(ArchiveError) {
            cells.append(wasQuoted ? String(cell) : trimmed(cell))
            (cell, wasQuoted) = (String.UnicodeScalarView(), false)
            guard isRow else { return }
            if cells != [""] { rows.append(Row(line: start, cells: cells)) }
            guard rows.count <= countLimit + 1 else {
                throw ArchiveError(.badRequest, "The list has more than \(countLimit) lines: send it in parts")
            }
            cells = []
            start = line
        }
        // A mark of the byte order, as spreadsheets write it, is no text.
        var scalars = text.unicodeScalars.drop { $0 == "\u{FEFF}" }
        while let scalar = scalars.popFirst() {
            if scalar == "\n" { line += 1 }
            switch scalar {
            case "\"" where isQuoted && scalars.first == "\"": cell.append(scalars.removeFirst())
            case "\"" where isQuoted: isQuoted = false
            case "\"" where cell.isEmpty && !wasQuoted: (isQuoted, wasQuoted) = (true, true)
            case _ where isQuoted: cell.append(scalar)
            case ",": try end(ofRow: false)
            case "\r": continue
            case "\n": try end(ofRow: true)
            default:
                guard !wasQuoted else {
                    throw ArchiveError(
                        .badRequest,
                        "Line \(start) of the list has text behind a closing quotation mark"
                    )
                }
                cell.append(scalar)
            }
        }
        guard !isQuoted else {
            throw ArchiveError(.badRequest, "A quotation mark in line \(start) of the list is not closed")
        }
        try end(ofRow: true)
        return rows
    }
}
