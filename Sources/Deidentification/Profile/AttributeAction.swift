/// What is done to one attribute: the action codes of PS3.15 Table E.1-1a, compound ones resolved.
public enum AttributeAction: Sendable, Hashable, CaseIterable {
    /// K: kept as it is; a Sequence is kept and its Items are cleaned.
    case keep

    /// X: removed.
    case remove

    /// Z: replaced with a value of length zero.
    case empty

    /// D: replaced with a value that is not empty, is valid for the VR, and says nothing.
    case dummy

    /// C: replaced with a value of similar meaning that identifies nobody.
    case clean

    /// U: replaced with a UID that is the same wherever the old one stood.
    case mapUID
}
