public import NIOCore
public import Sealing

/// A pack as it stood at one moment.
///
/// What lies before `length` is durable and never changes: packs only grow.
public struct PackExtent: Sendable, Hashable {
    /// The pack.
    public let packID: PackID
    /// Bytes up to the end of its last durable record.
    public let length: UInt64
    /// Whether it takes no more records.
    public let isSealed: Bool

    /// Makes an extent.
    public init(packID: PackID, length: UInt64, isSealed: Bool) {
        self.packID = packID
        self.length = length
        self.isSealed = isSealed
    }
}

/// What the first bytes of a pack tell: its name, and which key opens it.
public struct PackIdentity: Sendable, Hashable {
    /// How many bytes it takes to know.
    public static let length = PackHeader.length

    /// The pack.
    public let packID: PackID
    /// Names the key of its records.
    public let studyKeyID: StudyKeyID
    /// Which key of the study.
    public let keyGeneration: UInt32

    /// Reads the beginning of a pack.
    ///
    /// - Throws: `.malformedPack`, `.unsupportedVersion`.
    public init(beginning: ByteBuffer) throws(PackError) {
        let header = try PackHeader(decoding: beginning)
        packID = header.packID
        studyKeyID = header.studyKeyID
        keyGeneration = header.keyGeneration
    }
}
