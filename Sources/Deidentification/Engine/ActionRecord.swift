public import DICOMCore

/// What was done to an attribute, and why.
///
/// Tells places and reasons; holds no value of any element.
public struct ActionRecord: Sendable, Hashable {
    /// Why something was done.
    public enum Reason: String, Sendable, Hashable, CaseIterable {
        /// Table E.1-1 and the options.
        case profile
        /// The concept of a content item: Table E.3.4-1 and the options.
        case concept
        /// The attribute is none of the standard's, and no list knows it.
        case unknown
        /// The private element is not on the list of safe ones (Table E.3.10-1).
        case privateElement = "private"
        /// The private element is on the list of safe ones.
        case safePrivate = "safe-private"
        /// The value does not follow its Value Representation: it may be anything.
        case malformed
        /// The bytes are no text in the character set that the object names.
        case undecodable
        /// The value is too long to be looked through.
        case tooLong = "too-long"
        /// Curves and overlays, which may show text, go as a whole.
        case graphics
        /// The project's pseudonym stands in its place.
        case pseudonym
        /// The value held something that identifies the patient.
        case identifier
        /// It describes something that was replaced.
        case stale
        /// The profile demands the attribute.
        case required
    }

    /// The tag with the sequences around it, outermost first.
    public let path: [Tag]
    /// What was done.
    public let action: AttributeAction
    /// Why.
    public let reason: Reason

    /// Makes a record.
    public init(path: [Tag], action: AttributeAction, reason: Reason) {
        self.path = path
        self.action = action
        self.reason = reason
    }
}

extension AttributeAction {
    /// The letter of Table E.1-1a.
    public var letter: String {
        switch self {
        case .keep: "K"
        case .remove: "X"
        case .empty: "Z"
        case .dummy: "D"
        case .clean: "C"
        case .mapUID: "U"
        }
    }
}
