public import ArchiveCatalog
public import DICOMCore

/// A question about what is stored, the same for C-FIND and QIDO-RS.
public struct ArchiveQuery: Sendable, Hashable {
    /// The level of the answers.
    public var level: QueryLevel
    /// What must hold.
    public var conditions: [MatchingCondition]
    /// The attributes wanted in each answer; those that the archive does not have are absent from it.
    public var attributes: Set<Tag>
    /// Whether every attribute of the header is wanted (`includefield=all`).
    public var wantsAllAttributes: Bool
    /// Answers at most; `nil` for all.
    public var limit: Int?
    /// Answers left out at the beginning.
    public var offset: Int
    /// Answers begin behind this place, where another page ended (``AnswerPage/end``); `nil`: at the first.
    public var after: CatalogPosition?

    /// Makes a question.
    public init(
        level: QueryLevel,
        conditions: [MatchingCondition] = [],
        attributes: Set<Tag> = [],
        wantsAllAttributes: Bool = false,
        limit: Int? = nil,
        offset: Int = 0
    ) {
        self.level = level
        self.conditions = conditions
        self.attributes = attributes
        self.wantsAllAttributes = wantsAllAttributes
        self.limit = limit
        self.offset = offset
    }
}

/// Answers, and where they end.
public struct AnswerPage: Sendable {
    /// The answers.
    public let answers: [DataSet]
    /// The place of the last one; `nil` without answers.
    public let end: CatalogPosition?
    /// Whether the page ended because its headers are large; there may be more behind it, whatever its length.
    public let isCut: Bool
}
