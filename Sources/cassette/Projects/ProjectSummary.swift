import Foundation
import NIOCore

/// A project as it is told.
struct ProjectSummary: Decodable {
    let name: String
    let title: String
    let protocolID: String
    let sponsor: String
    let dates: String
    let patients: String
    let consent: String
    let state: String
    let createdAt: String
    let createdBy: String?
    let query: String?
    let expires: String?
    let closedAt: String?
    let minimumCellSize: Int
    let options: [String]

    /// What a list shows of it.
    var cells: [String] {
        [name, state, query ?? "", consent, expires.map { String($0.prefix(10)) } ?? "-", title]
    }

    static let titles = ["NAME", "STATE", "QUERY", "CONSENT", "EXPIRES", "TITLE"]

    /// Everything of it.
    var lines: [String] {
        var rows = [("name", name), ("title", title), ("protocol", protocolID), ("sponsor", sponsor)]
        rows += [("query", query ?? ""), ("options", options.joined(separator: ", ")), ("dates", dates)]
        rows += [("patients", patients), ("consent", consent), ("minimum cell size", String(minimumCellSize))]
        rows += [("expires", expires.map { String($0.prefix(10)) } ?? "never"), ("state", state)]
        rows += [("made", String(createdAt.prefix(19)) + "Z by " + (createdBy ?? ""))]
        if let closedAt { rows.append(("closed", String(closedAt.prefix(19)) + "Z: its key is destroyed")) }
        return rows.filter { !$0.1.isEmpty }.map { row in
            row.0 + String(repeating: " ", count: max(1, 19 - row.0.count)) + Console.shown(row.1)
        }
    }
}

/// How many patients have said what.
struct ConsentSummary: Decodable {
    let given: Int
    let withdrawn: Int

    var line: String { "\(given) patients have given their consent, \(withdrawn) have withdrawn it" }
}

/// Who may see a project.
struct ResearcherSummary: Decodable {
    let name: String
    let createdAt: String
    let expires: String
    let token: String?
}

/// Figures of a cohort.
struct CountsSummary: Decodable {
    let minimumCellSize: Int
    let isSuppressed: Bool
    let patients: Int?
    let studies: Int?
    let series: Int?
    let instances: Int?
    let leftOutByConsent: Int?

    var lines: [String] {
        guard !isSuppressed else { return ["Fewer than \(minimumCellSize) patients: figures are not told"] }
        var lines = [
            "\(patients ?? 0) patients, \(studies ?? 0) studies, \(series ?? 0) series, \(instances ?? 0) instances"
        ]
        if let left = leftOutByConsent, left > 0 { lines.append("\(left) studies are kept back by consent") }
        if let patients, patients < minimumCellSize {
            lines.append("Researchers are not told these figures: there are fewer than \(minimumCellSize) patients")
        }
        return lines
    }
}

/// How well patients hide among others.
struct AnonymityLines: Decodable {
    struct Class: Decodable {
        let ageBand: String
        let sex: String
        let year: String
        let site: String
        let patients: Int
        let studies: Int
    }

    let minimumCellSize: Int
    let patients: Int?
    let smallestClass: Int?
    let classesBelow: Int?
    let classes: [Class]

    var lines: [String] {
        guard !classes.isEmpty else { return ["No class of patients can be shown."] }
        var table = TextTable(["SITE", "YEAR", "SEX", "AGE", "PATIENTS", "STUDIES"])
        for one in classes {
            table.append([one.site, one.year, one.sex, one.ageBand, String(one.patients), String(one.studies)])
        }
        var lines = table.lines
        if let smallestClass, let classesBelow {
            lines.append(
                "The smallest of \(classes.count) classes has \(smallestClass) patients; "
                    + "\(classesBelow) have fewer than \(minimumCellSize)"
            )
        }
        return lines
    }
}

/// Who stands behind a pseudonym.
struct MappedSummary: Decodable {
    let pseudonym: String
    let patientID: String
    let issuer: String
    let name: String
    let studyInstanceUID: String

    var line: String {
        let who = patientID.isEmpty ? "a patient without id, study " + studyInstanceUID : patientID
        return [pseudonym, Console.shown(who), Console.shown(issuer), Console.shown(name)]
            .filter { !$0.isEmpty }.joined(separator: "  ")
    }
}

extension ByteBuffer {
    /// The text as it came.
    var text: String { String(buffer: self) }
}
