public import Platform

/// A research project: whose data may leave, as what, for whom, until when.
///
/// What identifies patients is no part of it; names of projects and researchers are those of work, not of patients.
public struct Project: Sendable, Hashable {
    /// What becomes of dates.
    public enum Dates: String, Sendable, Hashable, CaseIterable {
        /// They are taken out.
        case removed
        /// They stay.
        case kept
        /// They move by a number of days that is the patient's own.
        case shifted
        /// They move by whole weeks.
        case shiftedByWeeks = "shifted-weeks"
    }

    /// How patients are called.
    public enum PatientNaming: String, Sendable, Hashable, CaseIterable {
        /// By characters that follow from the project key.
        case keyed
        /// By numbers, in the order in which they are met.
        case numbered
    }

    /// What a patient must have said.
    public enum ConsentRule: String, Sendable, Hashable, CaseIterable {
        /// Nothing: consent was waived. Who has said no stays out all the same.
        case waiver
        /// Yes.
        case optIn = "opt-in"
        /// Not no.
        case optOut = "opt-out"
    }

    /// Whether there are ties between pseudonyms and patients.
    public enum State: String, Sendable, Hashable, CaseIterable {
        /// Pseudonyms can be made and looked up.
        case open
        /// All ties are cut: the key is destroyed, or is being destroyed.
        case closed
    }

    /// Its identity for good; the project key belongs to it.
    public let id: RandomID
    /// Short and unique, whatever the case; stands in front of pseudonyms.
    public let name: String
    /// What it is about, for people.
    public var title: String
    /// Clinical Trial Protocol ID (0012,0020).
    public var protocolID: String
    /// Clinical Trial Sponsor Name (0012,0010); empty when unknown.
    public var sponsor: String
    /// The options of the de-identification profile, as people type them.
    public var options: [String]
    /// What becomes of dates.
    public var dates: Dates
    /// How patients are called.
    public let patients: PatientNaming
    /// The cohort: parameters of a QIDO-RS search.
    public var query: String
    /// What patients must have said.
    public var consent: ConsentRule
    /// When nothing leaves any more; `nil`: not before it is closed.
    public var expiresAt: Timestamp?
    /// Patients below whose number researchers are told no figure.
    public var minimumCellSize: Int
    /// Whether there are ties between pseudonyms and patients.
    public var state: State
    /// When it was made.
    public let createdAt: Timestamp
    /// By whom.
    public let createdBy: String
    /// When it was closed.
    public var closedAt: Timestamp?

    /// Makes an open project.
    public init(
        id: RandomID,
        name: String,
        title: String = "",
        protocolID: String = "",
        sponsor: String = "",
        options: [String] = [],
        dates: Dates = .removed,
        patients: PatientNaming = .keyed,
        query: String = "",
        consent: ConsentRule = .optIn,
        expiresAt: Timestamp? = nil,
        minimumCellSize: Int = 10,
        createdAt: Timestamp,
        createdBy: String
    ) {
        self.id = id
        self.name = name
        self.title = title
        self.protocolID = protocolID
        self.sponsor = sponsor
        self.options = options
        self.dates = dates
        self.patients = patients
        self.query = query
        self.consent = consent
        self.expiresAt = expiresAt
        self.minimumCellSize = minimumCellSize
        state = .open
        self.createdAt = createdAt
        self.createdBy = createdBy
    }

    /// Whether its time is over.
    public func isExpired(at time: Timestamp) -> Bool { expiresAt.map { $0 <= time } ?? false }
}

/// What a patient has said to a project last; who it is, only the project key tells.
public struct ConsentEntry: Sendable, Hashable {
    /// What was said.
    public enum Answer: String, Sendable, Hashable, CaseIterable {
        /// Yes.
        case given
        /// No, or no more.
        case withdrawn
    }

    /// The patient under the project key.
    public let patient: RandomID
    /// What was said.
    public var answer: Answer
    /// When it was written down.
    public var changedAt: Timestamp
    /// By whom.
    public var changedBy: String

    /// Makes an entry.
    public init(patient: RandomID, answer: Answer, changedAt: Timestamp, changedBy: String) {
        self.patient = patient
        self.answer = answer
        self.changedAt = changedAt
        self.changedBy = changedBy
    }
}

/// The row of one patient in the mapping table of a project.
public struct MappingRow: Sendable, Hashable {
    /// The patient under the project key.
    public let patient: RandomID
    /// The number of the patient in the project, from 1; nobody else's, ever.
    public let number: Int
    /// The pseudonym under the project key; `nil` when the tie was cut.
    public let lookup: RandomID?
    /// Pseudonym and original, sealed under the project key; empty when the tie was cut.
    public let sealed: [UInt8]

    /// Makes a row.
    public init(patient: RandomID, number: Int, lookup: RandomID?, sealed: [UInt8]) {
        self.patient = patient
        self.number = number
        self.lookup = lookup
        self.sealed = sealed
    }
}

/// Somebody who may see the de-identified data of one project.
public struct Researcher: Sendable, Hashable {
    /// The id within the token.
    public let id: RandomID
    /// The project.
    public let projectID: RandomID
    /// The name; unique within the project.
    public let name: String
    /// SHA-256 of the token.
    public let tokenDigest: [UInt8]
    /// When the token was made.
    public let createdAt: Timestamp
    /// By whom.
    public let createdBy: String
    /// When the token opens nothing any more.
    public let expiresAt: Timestamp

    /// Makes a researcher.
    public init(
        id: RandomID,
        projectID: RandomID,
        name: String,
        tokenDigest: [UInt8],
        createdAt: Timestamp,
        createdBy: String,
        expiresAt: Timestamp
    ) {
        self.id = id
        self.projectID = projectID
        self.name = name
        self.tokenDigest = tokenDigest
        self.createdAt = createdAt
        self.createdBy = createdBy
        self.expiresAt = expiresAt
    }
}
