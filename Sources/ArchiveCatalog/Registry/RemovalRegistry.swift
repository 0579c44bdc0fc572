public import DICOMCore
public import Platform

/// What is kept about what may not be deleted, is to be confirmed, or is being shredded.
public protocol RemovalRegistry: Sendable {
    /// Writes a hold, a new one or in the place of the one of the same study and kind.
    func save(_ hold: Hold) async throws(RegistryError)
    /// Takes a hold away; whether there was one.
    func removeHold(of kind: Hold.Kind, on study: UID) async throws(RegistryError) -> Bool
    /// The holds of a study, ended ones too.
    func holds(on study: UID) async throws(RegistryError) -> [Hold]
    /// Holds in the order of study and kind, behind `last`.
    func holds(after last: Hold?, limit: Int) async throws(RegistryError) -> [Hold]

    /// Writes a request that waits for confirmation.
    func save(_ request: RemovalRequest) async throws(RegistryError)
    /// The request of that id; `nil` without one.
    func removalRequest(_ id: RandomID) async throws(RegistryError) -> RemovalRequest?
    /// All requests that wait, the oldest first.
    func removalRequests() async throws(RegistryError) -> [RemovalRequest]
    /// Takes a request out; whether it was there: who hears `true` may carry it out.
    func takeRemovalRequest(_ id: RandomID) async throws(RegistryError) -> Bool

    /// Writes a shredding as it is now; of one that names no study any more nothing older is left in the file.
    func save(_ shredding: Shredding) async throws(RegistryError)
    /// The shredding of that id; `nil` without one.
    func shredding(_ id: RandomID) async throws(RegistryError) -> Shredding?
    /// Shreddings, the oldest first; only those that have not ended when asked so.
    func shreddings(openOnly: Bool) async throws(RegistryError) -> [Shredding]
    /// Takes a shredding out that was given up before it destroyed anything.
    func removeShredding(_ id: RandomID) async throws(RegistryError)
    /// Wipes what is kept of a study (holds, requests, accesses, labels) in one step with writing its shredding.
    func forgetStudy(_ study: UID, saving shredding: Shredding) async throws(RegistryError)
}

/// Something that forbids to delete a study.
public struct Hold: Sendable, Hashable {
    /// Why it is there.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// Placed by a person, until it is released or its time is over.
        case legal
        /// A period for which the study must be kept.
        case retention
    }

    /// The study.
    public var studyInstanceUID: UID
    /// Why it is there.
    public var kind: Kind
    /// The reason, in the words of who placed it.
    public var reason: String
    /// Who placed it.
    public var owner: String
    /// When.
    public var placedAt: Timestamp
    /// When it ends by itself; `nil`: not before it is released.
    public var until: Timestamp?

    /// Makes a hold.
    public init(
        studyInstanceUID: UID,
        kind: Kind,
        reason: String,
        owner: String,
        placedAt: Timestamp,
        until: Timestamp?
    ) {
        self.studyInstanceUID = studyInstanceUID
        self.kind = kind
        self.reason = reason
        self.owner = owner
        self.placedAt = placedAt
        self.until = until
    }

    /// Whether it still forbids anything.
    public func isInForce(at time: Timestamp) -> Bool { until.map { time < $0 } ?? true }
}

/// A removal that waits for a second administrator.
public struct RemovalRequest: Sendable, Hashable {
    /// What is to be done.
    public enum Action: String, Sendable, Hashable, CaseIterable {
        /// Into the bin.
        case delete
        /// Destroyed with its key.
        case shred
    }

    /// Its name.
    public let id: RandomID
    /// What is to be done.
    public let action: Action
    /// To what.
    public let scope: ArchiveScope
    /// Why.
    public let reason: String
    /// Who asked; that one cannot confirm.
    public let requestedBy: String
    /// When.
    public let requestedAt: Timestamp
    /// When it is void.
    public let expiresAt: Timestamp
    /// Instances at that time.
    public let instanceCount: Int
    /// Bytes at that time.
    public let payloadBytes: UInt64

    /// Makes a request.
    public init(
        id: RandomID,
        action: Action,
        scope: ArchiveScope,
        reason: String,
        requestedBy: String,
        requestedAt: Timestamp,
        expiresAt: Timestamp,
        instanceCount: Int,
        payloadBytes: UInt64
    ) {
        self.id = id
        self.action = action
        self.scope = scope
        self.reason = reason
        self.requestedBy = requestedBy
        self.requestedAt = requestedAt
        self.expiresAt = expiresAt
        self.instanceCount = instanceCount
        self.payloadBytes = payloadBytes
    }
}

/// The destruction of a study with its key, step by step.
public struct Shredding: Sendable, Hashable {
    /// How far it is; each state says what is done already.
    public enum State: Int, Sendable, Hashable, CaseIterable, Comparable {
        /// Hidden; nothing is destroyed, and a stop here takes it back.
        case tombstoned = 1
        /// Nothing forbids it; a stop here takes it back, unless the keys are gone: then only forward.
        case holdChecked = 2
        /// The keys are out of the keyring.
        case keyless = 3
        /// No store has a pack of it any more.
        case packsDeleted = 4
        /// The key-encryption keys are destroyed under which old copies of the keyring hold the keys.
        case epochDestroyed = 5
        /// The certificate is written.
        case certified = 6

        /// Orders from the beginning to the end.
        public static func < (left: State, right: State) -> Bool { left.rawValue < right.rawValue }
    }

    /// What the key belonged to.
    public enum Subject: String, Sendable, Hashable, CaseIterable {
        /// A study.
        case study
        /// A research project; no packs go with it.
        case project
    }

    /// Its name.
    public let id: RandomID
    /// What the key belonged to.
    public var subject: Subject
    /// The study; `nil` once the study is forgotten, and for a project.
    public var studyInstanceUID: UID?
    /// Names the keys.
    public let studyKeyID: RandomID
    /// The newest key that goes; what is stored under a later one is no part of it.
    public var keyGeneration: UInt32
    /// How far it is.
    public var state: State
    /// Who asked.
    public let requestedBy: String
    /// Why.
    public let reason: String
    /// When.
    public let requestedAt: Timestamp
    /// When the state changed.
    public var changedAt: Timestamp
    /// How many instances go.
    public var instanceCount: Int
    /// The packs that go.
    public var packs: [RandomID]
    /// The newest key-encryption key under which the study's keys were.
    public var kekVersion: UInt32
    /// The certificate; empty before the end.
    public var certificate: [UInt8]

    /// Makes a shredding that has just begun.
    public init(
        id: RandomID,
        studyInstanceUID: UID,
        studyKeyID: RandomID,
        requestedBy: String,
        reason: String,
        requestedAt: Timestamp
    ) {
        self.id = id
        subject = .study
        self.studyInstanceUID = studyInstanceUID
        self.studyKeyID = studyKeyID
        self.requestedBy = requestedBy
        self.reason = reason
        self.requestedAt = requestedAt
        keyGeneration = 0
        state = .tombstoned
        changedAt = requestedAt
        instanceCount = 0
        packs = []
        kekVersion = 0
        certificate = []
    }

    /// Makes the destruction of a project's key, which is out of the keyring already.
    ///
    /// - Parameters:
    ///   - keyGeneration: The newest key that went.
    ///   - kekVersion: The newest key-encryption key under which it was.
    public init(
        id: RandomID,
        projectKeyID: RandomID,
        keyGeneration: UInt32,
        kekVersion: UInt32,
        requestedBy: String,
        reason: String,
        requestedAt: Timestamp
    ) {
        self.id = id
        subject = .project
        studyInstanceUID = nil
        studyKeyID = projectKeyID
        self.keyGeneration = keyGeneration
        state = .packsDeleted
        self.requestedBy = requestedBy
        self.reason = reason
        self.requestedAt = requestedAt
        changedAt = requestedAt
        instanceCount = 0
        packs = []
        self.kekVersion = kekVersion
        certificate = []
    }
}
