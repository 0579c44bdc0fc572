public import DICOMCore

/// What a key asks of an attribute (PS3.4 C.2.2.2).
///
/// Universal matching asks nothing and is no condition at all.
public enum Matching: Sendable, Hashable {
    /// One of these values; a single value has one entry.
    case values([String])
    /// A text with `*` (any run of characters) and `?` (any one character); every other character is itself.
    case wildcard(String)
    /// One of several texts, some of them with wild cards.
    case wildcards([String])
    /// Dates, times or numbers from the first to the last, both included; an open end is `nil`.
    case range(from: String?, to: String?)
}

/// One condition of a query; all must hold.
public struct MatchingCondition: Sendable, Hashable {
    /// What is matched.
    public enum Subject: Sendable, Hashable {
        /// A column.
        case attribute(CatalogAttribute)
        /// Modalities in Study: true for a study that has a series of such a modality.
        case modalitiesInStudy
        /// SOP Classes in Study: true for a study that has an instance of such a class.
        case sopClassesInStudy
    }

    /// What is matched.
    public let subject: Subject
    /// How.
    public let matching: Matching

    /// Makes a condition.
    public init(_ subject: Subject, _ matching: Matching) {
        self.subject = subject
        self.matching = matching
    }
}

/// Why a key cannot be a condition.
///
/// Holds the tag, never the value.
public struct MatchingError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What was wrong.
    public enum Code: String, Sendable, Hashable {
        /// A date or time range that is none.
        case badRange
        /// A UID list with an entry that is no UID.
        case badUID
        /// More values than the limit.
        case tooManyValues
        /// More wild cards than the limit.
        case tooManyWildcards
        /// A wild card key longer than any column.
        case tooLong
    }

    /// What was wrong.
    public let code: Code
    /// The key.
    public let tag: Tag

    /// Makes an error.
    public init(_ code: Code, _ tag: Tag) {
        self.code = code
        self.tag = tag
    }

    /// Tag and code.
    public var description: String {
        switch code {
        case .badRange: "The key \(tag) is no date, time or range of them (for example 20260101-20261231)"
        case .badUID: "The key \(tag) holds a value that is no UID"
        case .tooManyValues: "The key \(tag) has more values than limits.query.list-values"
        case .tooManyWildcards: "The key \(tag) has more wild cards than limits.query.wildcards"
        case .tooLong: "The key \(tag) with wild cards is longer than \(CatalogValue.lengthLimit) bytes"
        }
    }
}
