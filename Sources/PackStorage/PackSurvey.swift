/// What a walk through the packs has found.
public struct PackSurvey: Sendable, Hashable {
    /// Packs that were walked.
    public var packCount = 0
    /// Records that were handed out.
    public var recordCount = 0
    /// What was not as it should be.
    public var problems: [PackProblem] = []

    /// Nothing found yet.
    public init() {}
}

/// Something in a pack that is not as it should be.
public struct PackProblem: Sendable, Hashable {
    /// The kind of problem.
    public enum Kind: Sendable, Hashable {
        /// A record that was never finished. Recovery has cut it off.
        case tornTail
        /// A record that was written to its end, at the end of an open pack, but is not authentic. Recovery has put its bytes
        /// aside in the quarantine folder and cut it off.
        case quarantined
        /// Bytes that are no record, or a record that is not authentic. Nothing was changed.
        case damaged
        /// The study key is gone.
        case keyNotFound
        /// The study was shredded, and its pack is still there, or is back.
        case shredded
        /// The pack cannot be read.
        case unreadable(PackError.Code)
        /// Files in the folder of open packs that are none.
        case strangers
    }

    /// The kind of problem.
    public let kind: Kind
    /// The pack; `nil` for strangers.
    public let packID: PackID?
    /// Bytes from the start of the pack.
    public let offset: UInt64
    /// How many bytes are concerned, as far as known; for strangers, how many files.
    public let byteCount: UInt64
    /// The store that did not give the pack, or its list of packs; `nil` for what is in the pack, and for the data folder.
    public let store: StoreName?

    /// Makes a problem.
    public init(
        _ kind: Kind,
        packID: PackID?,
        offset: UInt64 = 0,
        byteCount: UInt64 = 0,
        store: StoreName? = nil
    ) {
        self.store = store
        self.kind = kind
        self.packID = packID
        self.offset = offset
        self.byteCount = byteCount
    }
}
