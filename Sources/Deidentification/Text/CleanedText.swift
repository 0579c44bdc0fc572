/// Why a part of a text was taken out.
public enum TextRemovalReason: Sendable, Hashable {
    /// It is a value, or a part of one, that identifies the patient or somebody else in the object itself.
    case identifier(IdentifierKind)
    /// It is on the list of names.
    case listedName
    /// It has the form of something that identifies somebody.
    case pattern(TextPattern)

    /// A word for reports, for example `identifier patient-name`.
    public var name: String {
        switch self {
        case .identifier(let kind): "identifier " + kind.rawValue
        case .listedName: "listed-name"
        case .pattern(let pattern): "pattern " + pattern.rawValue
        }
    }
}

/// A text without what identifies somebody, and what was taken out.
public struct CleanedText: Sendable, Hashable {
    /// One part that was taken out; it does not say what it was.
    public struct Removal: Sendable, Hashable {
        /// The first reason of those that there are.
        public let reason: TextRemovalReason
        /// Bytes of UTF-8 of the original text.
        public let range: Range<Int>
    }

    /// The text, with `TextCleaner.replacement` for each part that was taken out.
    public let text: String
    /// What was taken out, in the order of the text.
    public let removals: [Removal]

    /// Whether nothing was taken out.
    public var isUnchanged: Bool { removals.isEmpty }
}
