public import DICOMCore
public import Deidentification

/// A patient of a cohort, as it is known in the archive.
public struct CohortPatient: Sendable, Hashable {
    /// Who it is, for consent and pseudonyms.
    public let key: PatientKey
    /// Patient ID (0010,0020) as it is stored, or empty.
    public let patientID: String
    /// Issuer of Patient ID (0010,0021), or empty.
    public let issuer: String
    /// Patient's Name (0010,0010), or empty.
    public let name: String
    /// The study by which the patient is known that has no Patient ID.
    public let studyInstanceUID: String

    /// Names a patient.
    public init(patientID: String, issuer: String, name: String, studyInstanceUID: String) {
        key = PatientKey(patientID: patientID, issuer: issuer, studyInstanceUID: studyInstanceUID)
        self.patientID = patientID
        self.issuer = issuer
        self.name = name
        self.studyInstanceUID = studyInstanceUID
    }

    /// Names a patient of whom only the key is known.
    init(_ key: PatientKey) {
        self.key = key
        patientID = key.patientID
        issuer = key.issuer
        name = ""
        studyInstanceUID = ""
    }
}

/// A study of a cohort.
public struct CohortStudy: Sendable, Hashable {
    /// The study.
    public let studyInstanceUID: UID
    /// Whose it is, by the study's row in the catalog; an object may say less or more of its patient, so ask again with
    /// what the object says before it leaves.
    public let patient: CohortPatient
    /// Its series, all of them.
    public let seriesCount: Int
    /// Its instances, all of them.
    public let instanceCount: Int
    /// What makes a patient recognizable among others.
    let traits: PatientTraits
}

/// The studies of a cohort that may leave, in the order of (patient, Study Instance UID).
public struct CohortSurvey: Sendable, Hashable {
    /// The studies.
    public let studies: [CohortStudy]
    /// How many studies consent keeps back.
    public let leftOutByConsent: Int

    /// The patients, each once, in order.
    public var patients: [CohortPatient] {
        var patients: [CohortPatient] = []
        for study in studies where study.patient.key != patients.last?.key { patients.append(study.patient) }
        return patients
    }

    /// Instances of all studies.
    public var instanceCount: Int { studies.reduce(0) { $0 &+ $1.instanceCount } }

    /// Series of all studies.
    public var seriesCount: Int { studies.reduce(0) { $0 &+ $1.seriesCount } }
}
