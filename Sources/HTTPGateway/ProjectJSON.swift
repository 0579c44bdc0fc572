import AccessControl
import ArchiveCatalog
import ArchiveServices
import NIOCore
import Platform

/// How research projects are told: the same over HTTP and on the command line.
enum ProjectJSON {
    /// One project; a researcher is not told the query, which may name patients.
    static func project(_ project: Project, for principal: Principal) -> ByteBuffer {
        var text = JSONText()
        write(project, for: principal, &text)
        return text.buffer
    }

    /// Several projects.
    static func projects(_ projects: [Project], for principal: Principal) -> ByteBuffer {
        JSONText.array(projects) { write($0, for: principal, &$1) }
    }

    static func consents(_ counts: ConsentCounts) -> ByteBuffer {
        ByteBuffer(string: "{\"given\":\(counts.given),\"withdrawn\":\(counts.withdrawn)}")
    }

    static func researchers(_ researchers: [Researcher]) -> ByteBuffer {
        JSONText.array(researchers) { write($0, token: nil, &$1) }
    }

    static func admitted(_ admitted: AdmittedResearcher) -> ByteBuffer {
        var text = JSONText()
        write(admitted.researcher, token: admitted.token, &text)
        return text.buffer
    }

    static func counts(_ counts: CohortCounts) -> ByteBuffer {
        var json = "{\"minimumCellSize\":\(counts.minimumCellSize),\"isSuppressed\":\(counts.figures == nil)"
        if let figures = counts.figures {
            json += ",\"patients\":\(figures.patients),\"studies\":\(figures.studies),\"series\":\(figures.series)"
            json += ",\"instances\":\(figures.instances)"
            if let leftOut = figures.leftOutByConsent { json += ",\"leftOutByConsent\":\(leftOut)" }
        }
        return ByteBuffer(string: json + "}")
    }

    static func summary(_ summary: AnonymitySummary) -> ByteBuffer {
        var text = JSONText()
        text.raw("{\"minimumCellSize\":\(summary.minimumCellSize)")
        if let patients = summary.patients { text.raw(",\"patients\":\(patients)") }
        if let smallest = summary.smallestClass { text.raw(",\"smallestClass\":\(smallest)") }
        if let below = summary.classesBelow { text.raw(",\"classesBelow\":\(below)") }
        text.raw(",\"classes\":")
        text.list(summary.classes) { one, text in
            text.raw("{\"ageBand\":")
            text.string(one.ageBand)
            text.raw(",\"sex\":")
            text.string(one.sex)
            text.raw(",\"year\":")
            text.string(one.year)
            text.raw(",\"site\":")
            text.string(one.site)
            text.raw(",\"patients\":\(one.patients),\"studies\":\(one.studies)}")
        }
        text.raw("}")
        return text.buffer
    }

    static func mapped(_ patients: [MappedPatient]) -> ByteBuffer {
        JSONText.array(patients) { patient, text in
            text.raw("{\"pseudonym\":")
            text.string(patient.pseudonym)
            for (name, value) in [
                ("patientID", patient.patientID), ("issuer", patient.issuer), ("name", patient.name),
                ("studyInstanceUID", patient.studyInstanceUID),
            ] {
                text.raw(",\"\(name)\":")
                text.string(value)
            }
            text.raw("}")
        }
    }

    private static func write(_ project: Project, for principal: Principal, _ text: inout JSONText) {
        text.raw("{\"name\":")
        text.string(project.name)
        var members = [
            ("title", project.title), ("protocolID", project.protocolID), ("sponsor", project.sponsor),
            ("dates", project.dates.rawValue), ("patients", project.patients.rawValue),
            ("consent", project.consent.rawValue), ("state", project.state.rawValue),
            ("createdAt", project.createdAt.description),
        ]
        if !principal.isResearcher { members += [("query", project.query), ("createdBy", project.createdBy)] }
        if let expires = project.expiresAt { members.append(("expires", expires.description)) }
        if let closed = project.closedAt { members.append(("closedAt", closed.description)) }
        for (name, value) in members {
            text.raw(",\"\(name)\":")
            text.string(value)
        }
        text.raw(",\"minimumCellSize\":\(project.minimumCellSize),\"options\":")
        text.strings(project.options)
        text.raw("}")
    }

    private static func write(_ researcher: Researcher, token: String?, _ text: inout JSONText) {
        text.raw("{\"name\":")
        text.string(researcher.name)
        text.raw(",\"createdAt\":")
        text.string(researcher.createdAt.description)
        text.raw(",\"createdBy\":")
        text.string(researcher.createdBy)
        text.raw(",\"expires\":")
        text.string(researcher.expiresAt.description)
        if let token {
            text.raw(",\"token\":")
            text.string(token)
        }
        text.raw("}")
    }
}
