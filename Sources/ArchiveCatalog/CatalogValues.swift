public import DICOMCore

/// Values of columns by tag, as text.
///
/// Several values of one attribute are joined by a backslash.
public struct CatalogValues: Sendable, Hashable {
    private var byTag: [Tag: String]

    /// Makes an empty set of values.
    public init() {
        byTag = [:]
    }

    /// The value of the attribute with that tag; `nil` when absent.
    public subscript(tag: Tag) -> String? {
        get { byTag[tag] }
        set { byTag[tag] = newValue }
    }

    /// The value of that attribute; `nil` when absent.
    public subscript(attribute: CatalogAttribute) -> String? {
        get { byTag[attribute.tag] }
        set { byTag[attribute.tag] = newValue }
    }
}
