import AccessControl
public import ArchiveCatalog
public import DICOMCore

/// An object on its way in: what its sender said about it before the first byte.
public struct IncomingObject: Sendable, Hashable {
    /// What the bytes are.
    public enum Form: Sendable, Hashable {
        /// A Part 10 object with its own File Meta Information; also, leniently, one without.
        case part10
        /// A bare Data Set, as C-STORE brings it.
        case dataSet(TransferSyntax)
    }

    /// What the bytes are.
    public var form: Form
    /// Affected SOP Class UID of the request; must equal (0008,0016).
    public var sopClassUID: UID?
    /// Affected SOP Instance UID of the request; must equal (0008,0018).
    public var sopInstanceUID: UID?
    /// The study that a STOW-RS resource names; must equal (0020,000D).
    public var studyInstanceUID: UID?

    /// The Transfer Syntax that the request announces for a Part 10 object; must equal (0002,0010).
    public var transferSyntaxUID: UID?

    /// Says what comes.
    public init(
        form: Form,
        sopClassUID: UID? = nil,
        sopInstanceUID: UID? = nil,
        studyInstanceUID: UID? = nil,
        transferSyntaxUID: UID? = nil
    ) {
        self.form = form
        self.sopClassUID = sopClassUID
        self.sopInstanceUID = sopInstanceUID
        self.studyInstanceUID = studyInstanceUID
        self.transferSyntaxUID = transferSyntaxUID
    }
}

/// What became of an incoming object.
public enum IngestOutcome: Sendable, Hashable {
    /// It is on stable storage; every reader of this archive sees it.
    case stored(InstanceIdentification)
    /// The same bytes were there already; nothing was added.
    case alreadyStored(InstanceIdentification)
    /// It was not stored.
    case refused(IngestRefusal)
}

/// The UIDs of an object, as far as they are known.
public struct InstanceIdentification: Sendable, Hashable {
    /// SOP Class UID.
    public var sopClassUID: UID
    /// Study, series and instance.
    public var path: InstancePath

    /// Makes an identification.
    public init(sopClassUID: UID, path: InstancePath) {
        self.sopClassUID = sopClassUID
        self.path = path
    }
}

/// Why an object was not stored.
///
/// Holds no value of a Data Set but UIDs.
public struct IngestRefusal: Error, Sendable, Hashable, CustomStringConvertible {
    /// Why.
    public enum Reason: Sendable, Hashable {
        /// The policy does not allow this caller to store.
        case denied
        /// The bytes are no Data Set.
        case notReadable(DataSetError)
        /// A UID that every object needs is missing or malformed.
        case missingIdentity(Tag)
        /// The UIDs come later in the Data Set than is waited for.
        case identityTooLate
        /// The Data Set says another UID than the request.
        case mismatch(Tag)
        /// A different object with this SOP Instance UID is stored; it stays as it is.
        case differentObjectStored
        /// The SOP Instance UID is stored under another study or series, or the study under another patient.
        case belongsElsewhere
        /// The object is longer than the limit.
        case tooLong
        /// The volume is full.
        case noSpace
        /// Storage failed; nothing of the object was kept or, after a failed sync, it may come back at the next start.
        case storageFailed
        /// The object is stored here, but the store that its sender waits for did not take it in time.
        case notSecured
        /// The sender stopped in the middle.
        case interrupted
    }

    /// Why.
    public let reason: Reason
    /// SOP Class UID, if it was known by then.
    public let sopClassUID: UID?
    /// SOP Instance UID, if it was known by then.
    public let sopInstanceUID: UID?

    /// Makes a refusal.
    public init(_ reason: Reason, sopClassUID: UID? = nil, sopInstanceUID: UID? = nil) {
        self.reason = reason
        self.sopClassUID = sopClassUID
        self.sopInstanceUID = sopInstanceUID
    }

    /// What was wrong and what to do.
    public var description: String {
        switch reason {
        case .denied: "This caller may not store"
        case .notReadable(let error): error.description
        case .missingIdentity(let tag): "The object has no valid \(tag); an archive cannot file it"
        case .identityTooLate:
            "The object's UIDs come after more bytes than limits.data-set.identification-length, or not at all"
        case .mismatch(let tag): "The object's \(tag) differs from the one in the request"
        case .differentObjectStored:
            "A different object with this SOP Instance UID is stored already and stays unchanged"
        case .belongsElsewhere: "The archive knows this UID under another study or patient"
        case .tooLong: "The object is longer than an instance may be (limits.data-set.instance-length, limits.deflate)"
        case .noSpace:
            "The archive's volume has less free space than free-space-floor asks for: make room, then send again"
        case .storageFailed: "Storage failed: see the server's log, then send again"
        case .notSecured:
            "The object is stored, but not yet in the store that the sender waits for: see the server's log, then send again"
        case .interrupted: "The sender stopped before the end of the object"
        }
    }
}
