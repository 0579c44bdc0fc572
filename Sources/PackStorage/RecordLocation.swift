public import Platform
public import Sealing

/// Where a record lies and what it takes to open it, but for the keys.
public struct RecordLocation: Sendable, Hashable {
    /// The pack.
    public let packID: PackID
    /// Where the record begins, in bytes from the start of the pack.
    public let offset: UInt64
    /// The id of the record.
    public let recordID: RandomID
    /// Names the key of the pack.
    public let studyKeyID: StudyKeyID
    /// Which key of the study.
    public let keyGeneration: UInt32
    /// Bytes of the payload before sealing.
    public let payloadLength: UInt64
    /// Bytes of the manifest before sealing.
    public let manifestLength: UInt32
    /// Bytes that the whole record takes in the pack.
    public let recordLength: UInt64

    /// Makes a location.
    public init(
        packID: PackID,
        offset: UInt64,
        recordID: RandomID,
        studyKeyID: StudyKeyID,
        keyGeneration: UInt32,
        payloadLength: UInt64,
        manifestLength: UInt32,
        recordLength: UInt64
    ) {
        self.packID = packID
        self.offset = offset
        self.recordID = recordID
        self.studyKeyID = studyKeyID
        self.keyGeneration = keyGeneration
        self.payloadLength = payloadLength
        self.manifestLength = manifestLength
        self.recordLength = recordLength
    }
}
