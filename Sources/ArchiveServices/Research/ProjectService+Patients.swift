public import AccessControl
import ArchiveCatalog
import Deidentification
import Logging
import Platform

extension ProjectService {
    // MARK: Consent

    /// Writes down what patients say to a project.
    ///
    /// With a no, who is behind the pseudonym is forgotten: the patient's Patient ID still tells the pseudonym, so that
    /// receivers can be asked to delete, but not the other way round.
    ///
    /// - Returns: How many have said what, now.
    /// - Throws: `.denied`, `.notFound`; `.badRequest` for a statement without Patient ID; `.conflict` for a closed project.
    @discardableResult
    public func setConsents(
        _ statements: [ConsentStatement],
        of name: String,
        as principal: Principal
    ) async throws(ArchiveError) -> ConsentCounts {
        try authorize(.manageProjects, principal)
        await gate.enter(name.lowercased())
        defer { gate.leave(name.lowercased()) }
        let project = try await existing(name)
        try requireOpen(project)
        let open = try await opened(project)
        let now = clock.now()
        var entries: [RandomID: ConsentEntry] = [:]
        var everyIssuer: Set<String> = []
        for statement in statements {
            let patient = PatientKey(patientID: statement.patientID, issuer: statement.issuer)
            guard !patient.patientID.isEmpty else { throw ArchiveError(.badRequest, "A consent needs a Patient ID") }
            let token = open.keys.token(of: patient)
            // Of two answers in one list the no counts.
            guard entries[token]?.answer != .withdrawn else { continue }
            entries[token] = ConsentEntry(
                patient: token,
                answer: statement.answer,
                changedAt: now,
                changedBy: principal.name
            )
            if statement.answer == .withdrawn, patient.issuer.isEmpty { everyIssuer.insert(patient.patientID) }
        }
        var cut = entries.values.filter { $0.answer == .withdrawn }.map(\.patient)
        if !everyIssuer.isEmpty { cut += try await patients(in: open, named: everyIssuer) }
        let (written, ties) = (entries.values.sorted { $0.patient < $1.patient }, cut)
        try await answer { () async throws(RegistryError) in
            try await registry.setConsents(written, of: project.id, cutting: ties)
        }
        note("consents to a research project were written down", project)
        return try await consentCounts(of: project)
    }

    /// How many patients have said what.
    public func consentCounts(of name: String, as principal: Principal) async throws(ArchiveError) -> ConsentCounts {
        try authorize(.manageProjects, principal)
        return try await consentCounts(of: try await existing(name))
    }

    private func consentCounts(of project: Project) async throws(ArchiveError) -> ConsentCounts {
        let entries = try await answer { () async throws(RegistryError) in try await registry.consents(of: project.id) }
        return ConsentCounts(
            given: entries.count { $0.answer == .given },
            withdrawn: entries.count { $0.answer == .withdrawn }
        )
    }

    // MARK: Look-up

    /// Tells who stands behind a pseudonym.
    ///
    /// - Throws: `.denied`; `.notFound` for a pseudonym that the project has not given, or whose tie was cut; `.conflict`
    ///   for a closed project.
    public func lookUp(
        pseudonym: String,
        in name: String,
        as principal: Principal
    ) async throws(ArchiveError) -> MappedPatient {
        let open = try await openForLookUp(name, principal)
        let lookup = open.keys.lookupToken(of: pseudonym)
        let row = try await answer { () async throws(RegistryError) in
            try await registry.mappingRow(lookup: lookup, in: open.project.id)
        }
        guard let row, !row.sealed.isEmpty else {
            throw ArchiveError(.notFound, "The project has not given that pseudonym, or its tie was cut")
        }
        return try open.keys.open(row)
    }

    /// Tells what a patient is called in a project: one pseudonym, or several where the Patient ID is that of several issuers.
    ///
    /// - Parameter issuer: The issuer of the Patient ID; empty for any.
    /// - Throws: `.denied`; `.notFound` for a patient of whom nothing was called anything yet; `.conflict` for a closed
    ///   project.
    public func lookUp(
        patientID: String,
        issuer: String = "",
        in name: String,
        as principal: Principal
    ) async throws(ArchiveError) -> [MappedPatient] {
        let open = try await openForLookUp(name, principal)
        let patient = PatientKey(patientID: patientID, issuer: issuer)
        guard !patient.patientID.isEmpty else { throw ArchiveError(.badRequest, "A look-up needs a Patient ID") }
        var found: [MappedPatient] = []
        let token = open.keys.token(of: patient)
        if let row = try await answer({ () async throws(RegistryError) in
            try await registry.mappingRow(of: token, in: open.project.id)
        }) {
            if row.sealed.isEmpty, let pseudonym = open.pseudonym(of: patient, number: row.number) {
                // The tie was cut: who asks knows the patient, and the pseudonym follows from that.
                found.append(
                    MappedPatient(
                        pseudonym: pseudonym,
                        patientID: patientID,
                        issuer: issuer,
                        name: "",
                        studyInstanceUID: ""
                    )
                )
            } else {
                found.append(try open.keys.open(row))
            }
        }
        if patient.issuer.isEmpty {
            try await forEachRow(of: open) { row, mapped in
                if row.patient != token, PatientKey(patientID: mapped.patientID).patientID == patient.patientID {
                    found.append(mapped)
                }
            }
        }
        guard !found.isEmpty else {
            throw ArchiveError(
                .notFound,
                "The project has no pseudonym for that patient yet: one is given with the first export"
            )
        }
        return found
    }

    private func openForLookUp(_ name: String, _ principal: Principal) async throws(ArchiveError) -> OpenProject {
        try authorize(.lookUpPseudonym, principal)
        let project = try await existing(name)
        try requireOpen(project)
        note("a pseudonym of a research project is looked up", project)
        return try await opened(project)
    }

    /// The patients of the table whose Patient ID is one of these, whoever issued it.
    private func patients(
        in open: OpenProject,
        named patientIDs: Set<String>
    ) async throws(ArchiveError) -> [RandomID] {
        var found: [RandomID] = []
        try await forEachRow(of: open) { row, mapped in
            if patientIDs.contains(PatientKey(patientID: mapped.patientID).patientID) { found.append(row.patient) }
        }
        return found
    }

    private func forEachRow(
        of open: OpenProject,
        _ body: (MappingRow, MappedPatient) -> Void
    ) async throws(ArchiveError) {
        var last = 0
        while true {
            let after = last
            let rows = try await answer { () async throws(RegistryError) in
                try await registry.mappingRows(of: open.project.id, after: after, limit: 1_000)
            }
            guard let end = rows.last else { return }
            for row in rows where !row.sealed.isEmpty { body(row, try open.keys.open(row)) }
            last = end.number
        }
    }
}

/// How many patients have said what to a project.
public struct ConsentCounts: Sendable, Hashable {
    /// Patients who have said yes.
    public let given: Int
    /// Patients who have said no.
    public let withdrawn: Int
}
