public import DICOMCore
public import Deidentification
public import NIOCore

/// What became of one object.
public enum DeidentificationOutcome: Sendable {
    /// It was written.
    case written(sopInstanceUID: UID, bytes: UInt64, frames: Int, actions: [ActionRecord: Int])
    /// The new object is there already.
    case present(sopInstanceUID: UID)
    /// It is no DICOM object.
    case noDICOM
    /// It stays; a word for tables, and why.
    case refused(code: String, text: String)
}

/// Where one de-identified object goes while it is made, and what becomes of it then.
public protocol ObjectDraft: Sendable {
    /// Takes the next bytes.
    mutating func write(_ bytes: ByteBuffer) async throws
    /// Gives the object its name: it is whole, and nothing that identifies the patient was found in it.
    mutating func finish() async throws
    /// Takes away what was written.
    mutating func discard() async
}

/// What is known of a patient from all objects that leave together.
public struct PatientSurvey: Sendable {
    /// Identifiers that are looked for in every object: beyond it, UIDs and dates of other objects are not.
    private static let identifierLimit = 4_000

    /// What identifies the patient in any of them.
    public private(set) var identifiers = SubjectIdentifiers()

    /// Nothing.
    public init() {}

    /// Takes what identifies the patient in one more object.
    public mutating func add(_ object: SurveyedObject) {
        add(SubjectIdentifiers(collecting: object.header, fileMeta: object.fileMetaInformation))
    }

    /// Takes what identifies the patient in one more header.
    mutating func add(_ header: DataSet) {
        add(SubjectIdentifiers(collecting: header, fileMeta: DataSet()))
    }

    private mutating func add(_ found: SubjectIdentifiers) {
        let isFull = identifiers.identifiers.count > Self.identifierLimit
        identifiers = identifiers.merged(with: isFull ? found.without([.uid, .date]) : found)
    }
}
