/// A question to the catalog: which records of a level meet all conditions.
public struct CatalogQuery: Sendable, Hashable {
    /// The level of the answers.
    public var level: QueryLevel
    /// Conditions on attributes of any level; all must hold.
    ///
    /// Conditions on a level below `level` ask whether one such record exists.
    public var conditions: [MatchingCondition]
    /// Answers at most; `nil` for all.
    public var limit: Int?
    /// Answers left out at the beginning.
    public var offset: Int
    /// Answers begin behind this place, where another page ended; `nil`: at the first.
    ///
    /// Going on from a place costs the same however far it is, and what arrives in between shifts nothing.
    public var after: CatalogPosition?
    /// Whether each answer brings the sealed header of one instance (of the answer itself at instance level, of the
    /// record's defining instance above it).
    public var includesHeader: Bool

    /// Makes a question.
    public init(
        level: QueryLevel,
        conditions: [MatchingCondition] = [],
        limit: Int? = nil,
        offset: Int = 0,
        includesHeader: Bool = false
    ) {
        self.level = level
        self.conditions = conditions
        self.limit = limit
        self.offset = offset
        self.includesHeader = includesHeader
    }
}

/// Where an answer stands in the order of its query; opaque to all but the catalog that made it.
public struct CatalogPosition: Sendable, Hashable {
    /// What the order compares.
    public let keys: [String?]

    /// Makes a place.
    public init(keys: [String?]) {
        self.keys = keys
    }
}

/// One answer.
public struct CatalogRow: Sendable, Hashable {
    /// The column values of the answer's level and of the levels above it.
    ///
    /// Absent: empty or never given.
    public var values: CatalogValues
    /// The counts and gathered values of the answer's level and of the levels above it.
    public var derived: [DerivedAttribute: String]
    /// Where the header is, when the question asked for it.
    public var header: SealedHeader?
    /// Where it stands, for a query that goes on from there.
    public var position: CatalogPosition?

    /// Makes an answer.
    public init(values: CatalogValues, derived: [DerivedAttribute: String] = [:], header: SealedHeader? = nil) {
        self.values = values
        self.derived = derived
        self.header = header
    }
}
