import ArchiveCatalog

/// How a Person Name must look like to match a key (PS3.4 C.2.2.2.1 leaves this to the archive).
///
/// A key without `=` matches names by any one of their component groups: `山田*` finds `Yamada^Tarou=山田^太郎`. A key with
/// `=` matches group by group, an empty group being any: `=山田*` is about the ideographic one. A component that may be
/// anything may be missing: `Doe^*` finds `Doe`.
struct PersonNamePattern {
    /// The patterns for each group, folded as the columns are, of which one must match; none: the group may be anything.
    let groups: [[String]]
    /// Whether the first patterns are for any one of the groups, and there are no others.
    let isForAnyGroup: Bool

    /// Takes a key with or without wild cards.
    init(_ key: String) {
        let parts = key.utf8.split(separator: 0x3D, maxSplits: 3, omittingEmptySubsequences: false)
            .prefix(3).map { FoldedPersonName(String(decoding: $0, as: UTF8.self)).alphabetic }
        isForAnyGroup = parts.count == 1
        groups = parts.map { Self.alternatives($0) }
    }

    /// Patterns for a whole name, its groups joined by `=` without empty ones at the end.
    ///
    /// A `*` may reach over the end of a group here.
    var wholeNames: [String] {
        if isForAnyGroup {
            return (groups.first ?? []).flatMap { [$0, $0 + "=*", "*=" + $0, "*=" + $0 + "=*"] }
        }
        guard let last = groups.lastIndex(where: { !$0.isEmpty }) else { return ["*"] }
        var names = [""]
        for (place, group) in groups[...last].enumerated() {
            let parts = group.isEmpty ? ["*"] : group
            names = names.flatMap { name in parts.map { place == 0 ? $0 : name + "=" + $0 } }
        }
        return last < 2 ? names.flatMap { [$0, $0 + "=*"] } : names
    }

    private static func alternatives(_ group: String) -> [String] {
        guard !group.isEmpty, group != "*" else { return [] }
        var shortest = group
        var all = [shortest]
        while shortest.hasSuffix("^*") {
            shortest.removeLast(2)
            all.append(shortest)
        }
        return all
    }
}
