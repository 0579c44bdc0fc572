public import PackStorage

/// How far a backup or a restore is.
public struct BackupProgress: Sendable, Hashable {
    /// Packs that are there.
    public var packs = 0
    /// Packs in all.
    public var packCount = 0
    /// Bytes copied by this run.
    public var copiedBytes: UInt64 = 0
    /// Bytes that this run has to copy.
    public var bytesToCopy: UInt64 = 0

    /// Makes the beginning.
    public init() {}
}

/// What a backup did.
public struct BackupReport: Sendable, Hashable {
    /// The backup.
    public let header: BackupHeader
    /// What the archive held.
    public let content: ArchiveContent
    /// Packs in the backup.
    public let packCount: Int
    /// Bytes of all its packs.
    public let packBytes: UInt64
    /// Packs that this run copied.
    public let copiedPacks: Int
    /// Bytes that this run copied.
    public let copiedBytes: UInt64
    /// Packs that could not be read and are not in the backup, with the reason.
    public let problems: [Problem]

    /// A pack that could not be copied.
    public struct Problem: Sendable, Hashable {
        /// Which one.
        public let packID: PackID
        /// Why.
        public let cause: String
    }
}

/// A backup as a list shows it.
public struct BackupSummary: Sendable, Hashable {
    /// The backup.
    public let header: BackupHeader
    /// Its manifest; `nil` when it is damaged.
    public let manifest: BackupManifest?
    /// Whether it names the backup before it, when that is still there, by the right digest.
    public let isLinked: Bool
}

/// What a restore did.
public struct RestoreReport: Sendable, Hashable {
    /// The backup.
    public let header: BackupHeader
    /// What the archive held when the backup was taken.
    public let content: ArchiveContent
    /// Packs that are in the folder now.
    public var packs = 0
    /// Their bytes.
    public var bytes: UInt64 = 0
    /// Packs whose keys were removed, as the keyring says: what was shredded stays dead, and its packs are not brought back.
    public var keylessPacks = 0
    /// Instances that they held.
    public var keylessInstances: UInt64 = 0
    /// Packs whose keys the keyring lacks though nobody removed them: their objects are lost.
    public var lostPacks = 0
    /// Packs that could not be read when the backup was taken.
    public let missingPacks: Int

    init(_ manifest: BackupManifest) {
        header = manifest.header
        content = manifest.content
        missingPacks = manifest.missingPacks
    }
}

/// What pruning did.
public struct PruneReport: Sendable, Hashable {
    /// Backups that are left.
    public var kept = 0
    /// Backups that were removed.
    public var removedBackups = 0
    /// Packs and files that no backup needed any more.
    public var removedBlobs = 0
    /// Their bytes.
    public var removedBytes: UInt64 = 0
}
