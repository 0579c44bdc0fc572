public import DICOMCore
public import Platform

/// A study, a series, or an instance.
public struct ArchiveScope: Sendable, Hashable {
    /// Study Instance UID.
    public let studyInstanceUID: UID
    /// Series Instance UID; `nil` for the whole study.
    public let seriesInstanceUID: UID?
    /// SOP Instance UID; `nil` for the whole series or study.
    public let sopInstanceUID: UID?

    /// Makes a scope; an instance stands in a series.
    public init(studyInstanceUID: UID, seriesInstanceUID: UID? = nil, sopInstanceUID: UID? = nil) {
        self.studyInstanceUID = studyInstanceUID
        self.seriesInstanceUID = seriesInstanceUID
        self.sopInstanceUID = seriesInstanceUID == nil ? nil : sopInstanceUID
    }

    /// The level of what it names.
    public var level: QueryLevel {
        if sopInstanceUID != nil { return .instance }
        return seriesInstanceUID == nil ? .study : .series
    }
}

/// One removal of instances, from the bin to its end.
///
/// Its records in the packs are the truth; this is the row that the catalog makes of them.
public struct Deletion: Sendable, Hashable {
    /// How far a deletion has come; the number is part of the schema.
    public enum State: UInt8, Sendable, Hashable, CaseIterable {
        /// Hidden, and can be restored.
        case inBin = 1
        /// Taken back; its instances are there again.
        case restored = 2
        /// Cannot be taken back; its bytes go with the next compaction.
        case final = 3
    }

    /// Its name.
    public let id: RandomID
    /// What was deleted, as it was asked for.
    public let scope: ArchiveScope
    /// When.
    public let deletedAt: Timestamp
    /// By whom: the name of a principal.
    public let deletedBy: String
    /// Why, in the words of who deleted; may be empty.
    public let reason: String
    /// How many instances it took.
    public let instanceCount: Int
    /// Bytes of their payloads.
    public let payloadBytes: UInt64
    /// How far it has come.
    public var state: State

    /// Makes a deletion.
    public init(
        id: RandomID,
        scope: ArchiveScope,
        deletedAt: Timestamp,
        deletedBy: String,
        reason: String,
        instanceCount: Int,
        payloadBytes: UInt64,
        state: State = .inBin
    ) {
        self.id = id
        self.scope = scope
        self.deletedAt = deletedAt
        self.deletedBy = deletedBy
        self.reason = reason
        self.instanceCount = instanceCount
        self.payloadBytes = payloadBytes
        self.state = state
    }
}

/// An instance and the very record of it.
public struct RecordReference: Sendable, Hashable {
    /// SOP Instance UID.
    public let sopInstanceUID: UID
    /// The record.
    public let recordID: RandomID

    /// Makes a reference.
    public init(sopInstanceUID: UID, recordID: RandomID) {
        self.sopInstanceUID = sopInstanceUID
        self.recordID = recordID
    }
}

/// A record that a deletion took out of the catalog and that still lies in a pack.
public struct RemovedRecord: Sendable, Hashable {
    /// The deletion.
    public var deletionID: RandomID
    /// SOP Instance UID.
    public var sopInstanceUID: UID
    /// Where the record lies.
    public var location: StoredLocation

    /// Makes an entry.
    public init(deletionID: RandomID, sopInstanceUID: UID, location: StoredLocation) {
        self.deletionID = deletionID
        self.sopInstanceUID = sopInstanceUID
        self.location = location
    }
}

/// A pack whose living records have been copied into another one.
public struct SupersededPack: Sendable, Hashable {
    /// The old pack.
    public let packID: RandomID
    /// The pack that has the copies.
    public let successorID: RandomID
    /// Names the key of both.
    public let studyKeyID: RandomID
    /// Since when.
    public let since: Timestamp

    /// Makes an entry.
    public init(packID: RandomID, successorID: RandomID, studyKeyID: RandomID, since: Timestamp) {
        self.packID = packID
        self.successorID = successorID
        self.studyKeyID = studyKeyID
        self.since = since
    }
}

/// How much of a pack is dead: taken out by deletions that cannot be taken back.
public struct DeadPack: Sendable, Hashable {
    /// The pack.
    public let packID: RandomID
    /// Names its key.
    public let studyKeyID: RandomID
    /// The study.
    public let studyInstanceUID: UID
    /// Bytes of the dead records.
    public let deadBytes: UInt64

    /// Makes an entry.
    public init(packID: RandomID, studyKeyID: RandomID, studyInstanceUID: UID, deadBytes: UInt64) {
        self.packID = packID
        self.studyKeyID = studyKeyID
        self.studyInstanceUID = studyInstanceUID
        self.deadBytes = deadBytes
    }
}
