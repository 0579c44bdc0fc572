public import DICOMCore

/// Values of columns by attribute, as text.
///
/// Several values of one attribute are joined by a backslash.
public struct CatalogValues: Sendable, Hashable {
    // One place for each attribute, found without hashing. Those of an instance have an array of their own: what many
    // instances share is then shared memory.
    private var shared: [String?]
    private var own: [String?]

    private static let sharedCount = CatalogAttribute.all.count - CatalogAttribute.of(.instance).count
    private static let noneShared = [String?](repeating: nil, count: sharedCount)
    private static let noneOwn = [String?](repeating: nil, count: CatalogAttribute.of(.instance).count)

    /// Makes an empty set of values.
    public init() {
        shared = Self.noneShared
        own = Self.noneOwn
    }

    /// The value of the attribute with that tag; `nil` when absent, and for tags without a column, whose value is
    /// dropped.
    public subscript(tag: Tag) -> String? {
        get { CatalogAttribute.forTag(tag).flatMap { self[$0] } }
        set { if let attribute = CatalogAttribute.forTag(tag) { self[attribute] = newValue } }
    }

    /// The value of that attribute; `nil` when absent.
    public subscript(attribute: CatalogAttribute) -> String? {
        get {
            attribute.level == .instance ? own[attribute.position - Self.sharedCount] : shared[attribute.position]
        }
        set {
            if attribute.level == .instance {
                own[attribute.position - Self.sharedCount] = newValue
            } else {
                shared[attribute.position] = newValue
            }
        }
    }
}
