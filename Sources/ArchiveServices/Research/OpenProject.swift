public import ArchiveCatalog
public import DICOMCore
public import Deidentification
import Platform

/// A project whose key is at hand: what makes pseudonyms, and knows who may leave.
///
/// Consent is as it was when the project was opened: open it again for what takes long.
public struct OpenProject: Sendable {
    /// The project.
    public let project: Project
    /// What is done to each attribute.
    public let profile: DeidentificationProfile
    let keys: ProjectKeys
    let consents: ConsentBook
    private let registry: any ProjectRegistry
    private let random: any RandomSource

    init(
        _ project: Project,
        profile: DeidentificationProfile,
        keys: ProjectKeys,
        consents: ConsentBook,
        registry: any ProjectRegistry,
        random: any RandomSource
    ) {
        self.project = project
        self.profile = profile
        self.keys = keys
        self.consents = consents
        self.registry = registry
        self.random = random
    }

    /// Whether what is of a patient may leave, by what it has said.
    public func mayLeave(_ patient: PatientKey) -> Bool { consents.mayLeave(patient, keys) }

    /// The pseudonyms of the project, for these patients.
    ///
    /// Numbers are drawn, and who is who is written, durably, before this returns; a patient that is not among these has no
    /// number and is called by a keyed pseudonym, so name all. Numbers follow no order of the originals: new patients get
    /// theirs in the order of their tokens.
    public func pseudonyms(for patients: [CohortPatient]) async throws(ArchiveError) -> Pseudonyms {
        let keys = keys
        var known: Set<RandomID> = []
        let tokened = patients.map { (token: keys.token(of: $0.key), patient: $0) }
            .filter { known.insert($0.token).inserted }
            .sorted { $0.token < $1.token }
        let (naming, random) = (Naming(project), random)
        let numbers: [Int]
        do throws(RegistryError) {
            numbers = try await registry.assignNumbers(to: tokened.map(\.token), of: project.id) { position, number in
                let (token, patient) = tokened[position]
                let pseudonym = naming.pseudonyms(keys.key, numbers: [patient.key: number]).patientID(patient.key)
                let mapped = MappedPatient(
                    pseudonym: pseudonym,
                    patientID: patient.patientID,
                    issuer: patient.issuer,
                    name: patient.name,
                    studyInstanceUID: patient.patientID.isEmpty ? patient.studyInstanceUID : ""
                )
                return MappingRow(
                    patient: token,
                    number: number,
                    lookup: keys.lookupToken(of: pseudonym),
                    sealed: try keys.seal(mapped, token: token, random: random)
                )
            }
        } catch {
            throw ArchiveError(error)
        }
        let drawn = Dictionary(
            zip(tokened.map(\.patient.key), numbers).map { ($0, $1) },
            uniquingKeysWith: { first, _ in first }
        )
        return naming.pseudonyms(keys.key, numbers: drawn)
    }

    /// Pseudonyms for patients of whom only the key is known; look-up tells the id as it is compared, and no name.
    public func pseudonyms(for patients: [PatientKey]) async throws(ArchiveError) -> Pseudonyms {
        try await pseudonyms(for: patients.map { CohortPatient($0) })
    }

    /// What a patient is called in the project; `nil` for one that has no number yet.
    func pseudonym(of patient: PatientKey, number: Int?) -> String? {
        let naming = Naming(project)
        guard project.patients == .numbered else { return naming.pseudonyms(keys.key, numbers: [:]).patientID(patient) }
        return number.map { naming.pseudonyms(keys.key, numbers: [patient: $0]).patientID(patient) }
    }

    /// What the objects of a subject say of the trial (PS3.3 C.7.1.3 and C.7.2.3): the Clinical Trial Subject Module.
    ///
    /// Text beyond ASCII is left out, for the character set is the object's.
    ///
    /// - Parameter subject: The pseudonym of the patient.
    public func trialElements(subject: String) -> DataSet {
        func plain(_ text: String) -> String { text.utf8.allSatisfy { $0 < 0x80 } ? text : "" }
        let sponsor = plain(project.sponsor)
        let protocolID = plain(project.protocolID)
        return DataSet([
            // Of type 1: a text says that nobody is known.
            .text(.clinicalTrialSponsorName, .lo, sponsor.isEmpty ? "UNKNOWN" : sponsor),
            .text(.clinicalTrialProtocolID, .lo, protocolID.isEmpty ? project.name : protocolID),
            .text(.clinicalTrialProtocolName, .lo, plain(project.title)),
            .text(.clinicalTrialSiteID, .lo, ""),
            .text(.clinicalTrialSiteName, .lo, ""),
            .text(.clinicalTrialSubjectID, .lo, subject),
        ])
    }

    /// What makes pseudonyms, but for the key.
    private struct Naming: Sendable {
        let prefix: PseudonymPrefix
        let dates: DatePolicy
        let patients: Project.PatientNaming

        init(_ project: Project) {
            prefix = PseudonymPrefix(project.name) ?? .standard
            dates = project.dates.policy
            patients = project.patients
        }

        func pseudonyms(_ key: ProjectKey, numbers: [PatientKey: Int]) -> Pseudonyms {
            let scheme: PatientScheme =
                switch patients {
                case .keyed: .keyed(prefix: prefix)
                case .numbered: .numbered(prefix: prefix) { numbers[$0] }
                }
            return Pseudonyms(key: key, scheme: scheme, dates: dates)
        }
    }
}

extension Project.Dates {
    /// What becomes of a date.
    var policy: DatePolicy {
        switch self {
        case .removed: .removed
        case .kept: .kept
        case .shifted: .shifted(keepsWeekday: false)
        case .shiftedByWeeks: .shifted(keepsWeekday: true)
        }
    }
}
