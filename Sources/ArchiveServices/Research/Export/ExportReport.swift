import ArchiveCatalog
import DICOMCore
import Deidentification
import Platform
import Sealing

/// What an export says of itself: a signed certificate, and a page that says the same.
///
/// Names no original identifier: not the query, which may hold some, and objects that stay by what they would have been
/// called.
struct ExportReport: Sendable {
    /// The kind of its certificate.
    static let kind = "research-export"
    private static let profileName = "PS3.15 E.2 Basic Application Level Confidentiality Profile, 2026d"
    /// Objects that stay and patients that left which are listed; `quarantine.csv` has all of the former.
    static let listLimit = 1_000

    let project: Project
    let profile: DeidentificationProfile
    let exportID: RandomID
    let program: String
    /// SHA-256 of the files that decided besides the project.
    let digests: [String: String]
    let tally: ExportTally
    /// The kind of place that it went to.
    let destination: String
    let manifest: ExportDocument
    let quarantine: ExportDocument
    /// The files of the table of headers.
    let headers: [ExportDocument]
    /// The first of the objects that stay.
    let quarantined: [ExportRow.Quarantined]
    /// Pseudonyms of the last export to the same place that are not in this one because consent is withdrawn.
    let withdrawn: [String]
    /// Pseudonyms of the last export to the same place that are not in this one for another reason.
    let gone: [String]

    /// What is signed.
    var fields: [String: CertificateValue] {
        var fields = mainFields
        if !digests.isEmpty { fields["files"] = .object(digests.mapValues { .string($0) }) }
        if !headers.isEmpty { fields["headers"] = .array(headers.map(Self.file)) }
        return fields
    }

    private var mainFields: [String: CertificateValue] {
        [
            "export": .string(exportID.hex),
            "project": .string(project.name),
            "protocol": .string(project.protocolID),
            "program": .string(program),
            "profile": .string(Self.profileName),
            "options": .array(profile.options.map(\.rawValue).sorted().map { .string($0) }),
            "dates": .string(project.dates.rawValue),
            "pseudonyms": .string(project.patients.rawValue),
            "consent": .string(project.consent.rawValue),
            "destination": .string(destination),
            "patients": Self.number(tally.patients),
            "studies": Self.number(tally.studies),
            "objects": Self.number(tally.objects),
            "bytes": .integer(Int64(clamping: tally.bytes)),
            "framesCleaned": Self.number(tally.frames),
            "objectsPresent": Self.number(tally.present),
            "objectsChanged": Self.number(tally.changed),
            "studiesLeftOutByConsent": Self.number(tally.leftOut),
            "manifest": Self.file(manifest),
            "quarantine": Self.file(quarantine),
            "quarantinedCount": Self.number(tally.quarantinedCount),
            "quarantinedByReason": .object(tally.quarantined.mapValues { Self.number($0) }),
            "quarantined": .array(
                quarantined.map { row in
                    .object([
                        "subject": .string(row.subject), "sopInstanceUID": .string(row.sopInstanceUID),
                        "code": .string(row.code), "reason": .string(row.reason),
                    ])
                }
            ),
            "withdrawn": .array(withdrawn.prefix(Self.listLimit).map { .string($0) }),
            "withdrawnCount": Self.number(withdrawn.count),
            "noLongerInCohort": .array(gone.prefix(Self.listLimit).map { .string($0) }),
            "noLongerInCohortCount": Self.number(gone.count),
            "actions": .array(
                tally.actions.sorted { $0.key < $1.key }.map { action, count in
                    .object([
                        "path": .string(action.path), "name": .string(Self.keyword(action.path)),
                        "action": .string(action.action), "reason": .string(action.reason),
                        "count": Self.number(count),
                    ])
                }
            ),
            "residual": .string(
                "Pseudonymised data stays personal data (GDPR recital 26) as long as the project key exists"
            ),
        ]
    }

    private static func number(_ number: Int) -> CertificateValue { .integer(Int64(clamping: number)) }

    private static func file(_ document: ExportDocument) -> CertificateValue {
        .object([
            "name": .string(document.name.text), "sha256": .string(Hex.encode(document.content.sha256)),
            "bytes": .integer(Int64(clamping: document.content.length)),
        ])
    }

    /// The keyword of the last tag of a path as ``ExportTally/Action`` has it.
    private static func keyword(_ path: String) -> String {
        guard let number = path.split(separator: " ").last.flatMap({ UInt32($0, radix: 16) }) else { return "" }
        return DataElementDictionary.entry(for: Tag(rawValue: number))?.keyword ?? ""
    }
}

/// The page of a report: made of the signed statement alone, so that anybody can make it again and compare.
enum ExportPage {
    /// Text in the place of a value that a statement lacks.
    private static let none = "-"

    /// The names of single values, in the order of the page.
    private static let facts: [(name: String, title: String)] = [
        ("project", "Project"), ("protocol", "Protocol"), ("export", "Export"), ("made", "Made"),
        ("archive", "Archive"), ("program", "Program"), ("profile", "Profile"), ("options", "Options"),
        ("dates", "Dates"), ("pseudonyms", "Pseudonyms"), ("consent", "Consent"), ("destination", "Destination"),
        ("patients", "Patients"), ("studies", "Studies"), ("objects", "Objects"), ("bytes", "Bytes"),
        ("framesCleaned", "Frames cleaned"), ("objectsPresent", "Objects that were there already"),
        ("objectsChanged", "Objects that changed since the last export"),
        ("studiesLeftOutByConsent", "Studies left out by consent"), ("withdrawnCount", "Patients withdrawn"),
        ("noLongerInCohortCount", "Patients no longer in the cohort"),
        ("quarantinedCount", "Objects in quarantine"), ("residual", "Note"),
    ]

    /// The page.
    static func html(_ certificate: SignedCertificate) -> String {
        let statement = certificate.statement
        var html = """
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8"><title>Export report</title><style>
            body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a}
            table{border-collapse:collapse;margin:.5rem 0 2rem}td,th{border-bottom:1px solid #ddd;padding:.2rem .8rem .2rem 0;
            text-align:left;vertical-align:top}code{overflow-wrap:anywhere}</style></head><body>
            <h1>Export report</h1>

            """
        html += table([], facts.map { [$0.title, text(statement[$0.name])] })
        html += "<h2>Documents</h2>\n"
        html += table(
            ["File", "Bytes", "SHA-256"],
            ["manifest", "quarantine"].compactMap { statement[$0] }.map { file in
                ["name", "bytes", "sha256"].map { text(file[$0]) }
            } + rows(statement["headers"], ["name", "bytes", "sha256"])
        )
        html += "<h2>Quarantine</h2>\n"
        html += table(
            ["Patient", "SOP Instance UID", "Code", "Reason"],
            rows(
                statement["quarantined"],
                [
                    "subject", "sopInstanceUID", "code", "reason",
                ]
            )
        )
        for (name, title) in [("withdrawn", "Consent withdrawn"), ("noLongerInCohort", "No longer in the cohort")] {
            guard case .array(let pseudonyms) = statement[name], !pseudonyms.isEmpty else { continue }
            html += "<h2>\(title)</h2>\n" + table([], pseudonyms.map { [text($0)] })
        }
        html += "<h2>What was done to attributes</h2>\n"
        html += table(
            ["Attribute", "Name", "Action", "Reason", "Count"],
            rows(
                statement["actions"],
                [
                    "path", "name", "action", "reason", "count",
                ]
            )
        )
        html += "<h2>Signature</h2>\n"
        html += table(
            [],
            [
                ["Public key (Ed25519)", Hex.encode(certificate.publicKey)],
                ["Signature", Hex.encode(certificate.signature)],
            ]
        )
        return html + "</body></html>\n"
    }

    private static func rows(_ value: CertificateValue?, _ names: [String]) -> [[String]] {
        guard case .array(let values) = value else { return [] }
        return values.map { row in names.map { text(row[$0]) } }
    }

    private static func text(_ value: CertificateValue?) -> String {
        switch value {
        case .string(let text): text
        case .integer(let number): String(number)
        case .boolean(let flag): flag ? "yes" : "no"
        case .array(let values): values.map { text($0) }.joined(separator: ", ")
        case .object, nil: none
        }
    }

    private static func table(_ heads: [String], _ rows: [[String]]) -> String {
        guard !rows.isEmpty else { return "<p>None.</p>\n" }
        var html = "<table>"
        if !heads.isEmpty { html += "<tr>" + heads.map { "<th>\(escaped($0))</th>" }.joined() + "</tr>" }
        for row in rows { html += "<tr>" + row.map { "<td><code>\(escaped($0))</code></td>" }.joined() + "</tr>\n" }
        return html + "</table>\n"
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
