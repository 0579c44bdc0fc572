import ArchiveCatalog

/// The patterns of which a Person Name must match one to match a key (PS3.4 C.2.2.2.1 leaves this to the archive).
///
/// A key without `=` also matches names by one of their component groups: `Yamada^Tarou` finds
/// `Yamada^Tarou=山田^太郎`. A component that may be anything may be missing: `Doe^*` finds `Doe`.
struct PersonNamePattern {
    /// The patterns, folded as the column is.
    let alternatives: [String]
    /// A text with which every match begins, as far as it has no wild card; `nil` when a match may begin with another
    /// group.
    let commonPrefix: String?

    /// Takes a key with or without wild cards.
    init(_ key: String) {
        var shortest = CatalogValue.foldedPersonName(key)
        var whole = [shortest]
        while shortest.hasSuffix("^*") {
            shortest.removeLast(2)
            whole.append(shortest)
        }
        guard !shortest.utf8.contains(0x3D) else {
            alternatives = whole
            commonPrefix = shortest
            return
        }
        // The second and third group hold other scripts: Latin letters (below U+0250) need not be looked for there.
        let isInOtherScript = shortest.unicodeScalars.contains { $0.value >= 0x250 }
        alternatives = whole.flatMap { name in
            [name, name + "=*"] + (isInOtherScript ? ["*=" + name, "*=" + name + "=*"] : [])
        }
        commonPrefix = isInOtherScript ? nil : shortest
    }
}
