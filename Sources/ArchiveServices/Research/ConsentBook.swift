import ArchiveCatalog
import Deidentification
import Platform

/// What the patients of a project have said, as it stood at one moment.
struct ConsentBook: Sendable, Hashable {
    private let rule: Project.ConsentRule
    private let entries: [RandomID: ConsentEntry]

    init(_ rule: Project.ConsentRule, _ entries: [ConsentEntry]) {
        self.rule = rule
        self.entries = Dictionary(entries.map { ($0.patient, $0) }, uniquingKeysWith: { $1 })
    }

    /// Whether what is of a patient may leave.
    ///
    /// What was said of a Patient ID without issuer holds for that id whoever issued it. A no holds until a later yes for
    /// exactly the same patient.
    func mayLeave(_ patient: PatientKey, _ keys: ProjectKeys) -> Bool {
        let exact = entries[keys.token(of: patient)]
        var general: ConsentEntry?
        if !patient.issuer.isEmpty { general = entries[keys.token(of: PatientKey(patientID: patient.patientID))] }
        if let exact {
            guard exact.answer == .given else { return false }
            // Of two at the same moment the no counts.
            guard let general, general.answer == .withdrawn else { return true }
            return general.changedAt < exact.changedAt
        }
        if let general { return general.answer == .given }
        return rule != .optIn
    }
}
