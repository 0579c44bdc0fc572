/// One step through an XML text.
enum XMLToken: Sendable, Hashable {
    /// A start tag, or an empty-element tag, whose `end` follows at once; the name is without its prefix.
    case begin(String, [XMLAttribute])
    case end(String)
    /// Characters between tags, references and CDATA sections resolved; in one token up to the next tag.
    case text(String)
}

/// An attribute of a tag, its references resolved.
struct XMLAttribute: Sendable, Hashable {
    let name: String
    let value: String
}
