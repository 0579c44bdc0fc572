public import Platform
public import Sealing

/// Why a pack cannot be written or read.
///
/// Holds ids of ours, offsets, and codes; never bytes of a record.
public struct PackError: Error, Hashable, Sendable {
    /// The kind of failure.
    public enum Code: Hashable, Sendable {
        /// The volume is full, or nearly.
        case noSpace
        /// Two packs were given up within an hour after failed writes: the volume takes nothing more.
        case volumeSuspect
        /// The disk failed.
        case disk(DiskError.Code)
        /// A store of sealed packs failed.
        case store(BlobStoreError.Code)
        /// The list of the places of packs cannot be read or written.
        case placesUnknown
        /// The pack lies in stores that must thaw it before it can be read.
        case frozen
        /// No place of the pack can be relied on.
        case noVerifiedPlace
        /// The configuration names no store of that name.
        case unknownStore
        /// A writer may still append to the pack.
        case stillOpen
        /// There is no such pack.
        case packNotFound
        /// The header of a pack or record is not what the location says, or damaged.
        case malformedPack
        /// A later version wrote the pack.
        case unsupportedVersion
        /// The study key is gone: what was sealed under it stays closed for ever.
        case keyNotFound
        /// The study was shredded: its key was removed.
        case keyRemoved
        /// The keyring failed.
        case keyring(KeyringError.Code)
        /// A sealed stream did not open: damage, a wrong context, or a record that was moved.
        case sealBroken(SealingError.Code)
        /// The range reaches beyond the end of the payload.
        case rangeOutOfBounds
        /// The range is too long to be read at once.
        case rangeTooLong
        /// The payload or the manifest is longer than a record may hold.
        case recordTooLong
        /// The calls came in an order that makes no sense, for example `append` before `begin`.
        case wrongOrder
        /// The pack was given up after a failed write; its whole records stay readable.
        case abandoned
        /// The task was cancelled.
        case cancelled
    }

    /// The kind of failure.
    public let code: Code
    /// The pack, when the failure is about one.
    public let packID: PackID?
    /// Bytes from the start of the pack.
    public let offset: UInt64?
    /// Whether the record may be whole on the disk all the same, so that start-up recovery will hand it out.
    public internal(set) var mayBeStored = false

    /// Makes an error.
    public init(_ code: Code, packID: PackID? = nil, offset: UInt64? = nil) {
        self.code = code
        self.packID = packID
        self.offset = offset
    }

    /// The error for what a lower layer threw.
    init(_ error: any Error, packID: PackID? = nil, offset: UInt64? = nil) {
        switch error {
        case let error as PackError:
            self = error
        case let error as DiskError where error.code == .noSpace:
            self.init(.noSpace, packID: packID, offset: offset)
        case let error as DiskError where error.code == .notFound:
            self.init(.packNotFound, packID: packID, offset: offset)
        case let error as DiskError:
            self.init(.disk(error.code), packID: packID, offset: offset)
        case let error as BlobStoreError where error.code == .notFound:
            self.init(.packNotFound, packID: packID, offset: offset)
        case let error as BlobStoreError where error.code == .frozen:
            self.init(.frozen, packID: packID, offset: offset)
        case let error as BlobStoreError where error.code == .cancelled:
            self.init(.cancelled, packID: packID, offset: offset)
        case let error as BlobStoreError:
            self.init(.store(error.code), packID: packID, offset: offset)
        case let error as SealingError where error.code == .rangeOutOfBounds:
            self.init(.rangeOutOfBounds, packID: packID, offset: offset)
        case let error as SealingError:
            self.init(.sealBroken(error.code), packID: packID, offset: offset)
        case let error as KeyringError:
            self.init(.keyring(error.code), packID: packID, offset: offset)
        default:
            // Only the pool throws anything else: the task was cancelled, or the pool is shut down.
            self.init(.cancelled, packID: packID, offset: offset)
        }
    }
}

extension PackError: CustomStringConvertible {
    /// What failed, for an operator.
    public var description: String {
        var text = "\(code)"
        if let packID { text += " in pack " + packID.hex }
        if let offset { text += " at byte " + String(offset) }
        return text
    }
}
