public import DICOMCore
public import PackStorage

/// What a verification found.
public struct VerificationReport: Sendable, Hashable {
    /// Instances in the catalog when it began.
    public var total = 0
    /// Instances that were looked at.
    public var checked = 0
    /// Of these, instances that lie only in stores which do not give them back now, which is no damage.
    public var unread = 0
    /// Bytes read back.
    public var bytes: UInt64 = 0
    /// Instances that cannot be read, or are not what was received.
    public var damaged: [Damage] = []

    /// Whole records that the index does not know; `cassette index rebuild` brings them back.
    public var unindexed = 0
    /// Places in packs that cannot be read.
    public var packProblems = 0
    /// Packs that were put in order again from a good copy.
    public var repaired: [PackID] = []

    /// Packs with damage, each with the store whose copy is damaged.
    var damagedPacks: Set<DamagedPack> = []

    /// One damaged instance.
    public struct Damage: Sendable, Hashable {
        /// Which one.
        public let sopInstanceUID: UID
        /// What is wrong with it.
        public let cause: String
        /// The pack in which it lies, and the store whose copy of that is damaged.
        let place: DamagedPack
    }

    /// A copy of a pack that is damaged.
    struct DamagedPack: Sendable, Hashable {
        let packID: PackID
        let store: StoreName
    }
}

/// How much a verification reads.
public enum VerificationDepth: String, Sendable, Hashable, CaseIterable {
    /// Each row's record is there, with the right ids and lengths; two small reads each.
    case quick
    /// Every byte of every copy is opened and compared with what was received, and every pack walked to its end.
    case deep
}
