import DICOMCore

/// A Person Name in the form in which names are compared, group by group.
///
/// Without case, accents and width (`MULLER` is `Müller`); empty components at the end of a group are cut off. Of several
/// names, each group has those of all, joined by backslashes.
public struct FoldedPersonName: Sendable, Hashable {
    /// The alphabetic group.
    public let alphabetic: String
    /// The ideographic group.
    public let ideographic: String
    /// The phonetic group.
    public let phonetic: String

    /// Folds a name, or several with backslashes between them.
    public init(_ name: String) {
        let names = CatalogValue.limited(name).utf8.split(separator: 0x5C, omittingEmptySubsequences: false)
            .map { PersonName(FoldedText.fold(String(decoding: $0, as: UTF8.self))) }
        alphabetic = Self.joined(names.map(\.alphabetic))
        ideographic = Self.joined(names.map(\.ideographic))
        phonetic = Self.joined(names.map(\.phonetic))
    }

    /// The groups, the alphabetic one first.
    public var groups: [String] { [alphabetic, ideographic, phonetic] }

    /// The groups of one name joined by `=`, without empty ones at the end.
    public var string: String {
        Self.withoutEmptyTail(groups.joined(separator: "="))
    }

    private static func joined(_ groups: [String]) -> String {
        groups.map { withoutEmptyTail($0) }.joined(separator: "\\").withoutTrailing { $0 == 0x5C }
    }

    private static func withoutEmptyTail(_ text: String) -> String {
        text.withoutTrailing { $0 == 0x5E || $0 == 0x3D || $0 == 0x20 || $0 == 0 }
    }
}

extension String {
    fileprivate func withoutTrailing(_ isCutOff: (UInt8) -> Bool) -> String {
        guard let last = utf8.last, isCutOff(last) else { return self }
        var kept = utf8[...]
        while let last = kept.last, isCutOff(last) { kept = kept.dropLast() }
        return String(Substring(kept))
    }
}
