public import ArchiveCatalog
public import Platform

/// How deletion works in this archive.
public struct RemovalConfiguration: Sendable, Hashable {
    /// How long what was deleted can be restored; setting `removal.bin-time`.
    public var binTime: Duration = .seconds(30 * 86_400)
    /// A deletion of more instances than this needs a second administrator; `nil` for none; `removal.confirm-above`.
    public var instancesWithoutConfirmation: Int?
    /// How long a request waits for its second administrator.
    public var confirmationTime: Duration = .seconds(7 * 86_400)
    /// How often packs are looked at that may be compacted; `nil` for only when somebody asks; `compact-every`.
    public var compactEvery: Duration? = .seconds(6 * 3_600)
    /// A pack is rewritten when more than this share of it is dead, in percent.
    public var deadPercent: UInt64 = 30
    /// A study with more packs than this whose packs are small is gathered into few.
    public var smallPackCount = 8
    /// What a small pack is at most.
    public var smallPackBytes: UInt64 = 4 << 20
    /// How long an old pack stays after its copy has taken its place.
    public var graceTime: Duration = .seconds(86_400)
    /// Records that one new pack takes, but for those of a single old pack: what bounds the memory of a compaction.
    public var compactedRecordLimit = 20_000
    /// Bytes that one new pack takes, but for those of a single old pack.
    public var compactedByteLimit: UInt64 = 1 << 30

    /// How long studies are kept whatever anybody wants; setting `removal.retention`.
    public var retention: [RetentionRule] = []

    /// The defaults.
    public init() {}
}

/// What a deletion would take.
public struct DeletionPreview: Sendable, Hashable {
    /// What was asked for.
    public let scope: ArchiveScope
    /// Instances.
    public let instanceCount: Int
    /// Series.
    public let seriesCount: Int
    /// Bytes of their payloads.
    public let payloadBytes: UInt64
    /// What forbids it; `nil` when nothing does.
    public let hold: Hold?
    /// Whether a second administrator must confirm it.
    public let needsConfirmation: Bool
    /// Until when it could be restored if it were deleted now.
    public let restorableUntil: Timestamp
}

/// A deletion in the bin.
public struct BinEntry: Sendable, Hashable {
    /// The deletion.
    public let deletion: Deletion
    /// Until when it can be restored.
    public let restorableUntil: Timestamp
}

/// What became of the wish to delete.
public enum DeletionOutcome: Sendable, Hashable {
    /// It is hidden, and can be restored for a time.
    case deleted(BinEntry)
    /// A second administrator must confirm it.
    case awaitsConfirmation(RemovalRequest)
}
