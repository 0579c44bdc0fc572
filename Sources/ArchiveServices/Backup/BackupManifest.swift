public import PackStorage
import Platform

/// All that a backup consists of; sealed, and authentic when it opens.
public struct BackupManifest: Sendable, Hashable {
    /// A pack, as far as it was written.
    public struct Pack: Sendable, Hashable {
        /// The pack and how much of it.
        public let extent: PackExtent
        /// SHA-256 of these bytes.
        public let sha256: [UInt8]
        /// Instances in it.
        let instances: UInt64

        /// Where the bytes lie in the store; they never change, so the name says all.
        var key: BlobKey { Self.key(of: extent) }

        static func key(of extent: PackExtent) -> BlobKey {
            let id = extent.packID.hex
            let name = extent.isSealed ? "packs/\(id.prefix(2))/\(id).pack" : "prefixes/\(id)-\(extent.length)"
            // Hexadecimal and decimal digits make a valid key.
            return BlobKey(name) ?? BlobKey.first
        }
    }

    /// A small file of the data folder, sealed.
    public struct File: Sendable, Hashable {
        /// Its name in the data folder.
        public let name: String
        /// Names the blob.
        let id: RandomID
        /// Bytes before sealing.
        let length: UInt64
        /// SHA-256 before sealing.
        let sha256: [UInt8]

        var key: BlobKey { BlobKey("files/" + id.hex) ?? BlobKey.first }
    }

    /// The plain part.
    public let header: BackupHeader
    /// The backup before this one in the same store, and the SHA-256 of its manifest.
    let previous: Previous?
    /// SHA-256 of the keyring that was stored with this backup.
    let keyringDigest: [UInt8]
    /// What the archive held.
    public let content: ArchiveContent
    /// Packs that could not be read when the backup was taken.
    public let missingPacks: Int
    /// All packs, by id.
    public let packs: [Pack]
    /// Small files.
    public let files: [File]

    /// A link of the chain.
    struct Previous: Sendable, Hashable {
        let backupID: RandomID
        let digest: [UInt8]
    }

    /// Bytes of all packs.
    public var packBytes: UInt64 { packs.reduce(0) { $0 &+ $1.extent.length } }
}

extension BlobKey {
    /// Stands where a key made of digits alone would be invalid, which cannot be.
    fileprivate static var first: BlobKey {
        guard let key = BlobKey("0") else { preconditionFailure("a digit is a valid key") }
        return key
    }
}
