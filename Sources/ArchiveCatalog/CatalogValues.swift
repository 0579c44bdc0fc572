public import DICOMCore

/// Values of columns by attribute, as text.
///
/// Several values of one attribute are joined by a backslash.
public struct CatalogValues: Sendable, Hashable {
    /// One place for each attribute, in the order of ``CatalogAttribute/all``: a place is found without hashing, and a
    /// copy with a few values more is one copy of an array.
    private var places: [String?]

    private static let nothing = [String?](repeating: nil, count: CatalogAttribute.all.count)

    /// Makes an empty set of values.
    public init() {
        places = Self.nothing
    }

    /// The value of the attribute with that tag; `nil` when absent, and for tags without a column, whose value is
    /// dropped.
    public subscript(tag: Tag) -> String? {
        get { CatalogAttribute.forTag(tag).flatMap { self[$0] } }
        set { if let attribute = CatalogAttribute.forTag(tag) { self[attribute] = newValue } }
    }

    /// The value of that attribute; `nil` when absent.
    public subscript(attribute: CatalogAttribute) -> String? {
        get { places[attribute.position] }
        set { places[attribute.position] = newValue }
    }
}
