/// The identifiers that the standard defines (PS3.6 Annex A).
public enum UIDDictionary {
    /// What an identifier names.
    public enum Kind: String, Sendable, Hashable {
        /// A SOP Class.
        case sopClass = "SOPClass"
        /// A Meta SOP Class.
        case metaSOPClass = "MetaSOPClass"
        /// A Transfer Syntax.
        case transferSyntax = "TransferSyntax"
        /// Anything else: coding schemes, frames of reference, application contexts.
        case other = "Other"
    }

    /// One line of the table.
    public struct Entry: Sendable, Hashable {
        /// The identifier.
        public let uid: UID
        /// What it names.
        public let kind: Kind
        /// The name, for example `CT Image Storage`.
        public let name: String
        /// The keyword, for example `CTImageStorage`.
        public let keyword: String
        /// Whether the standard has retired it.
        public let isRetired: Bool
    }

    /// The entry of an identifier; `nil` for those of vendors.
    public static func entry(for uid: UID) -> Entry? { entries[uid] }

    /// The name of an identifier, for people.
    public static func name(of uid: UID) -> String? { entries[uid]?.name }

    /// The SOP Classes of composite objects that are stored, without the retired ones, ascending by identifier.
    public static let storageSOPClasses: [UID] = selectStorage(retired: false)

    /// The retired SOP Classes of composite objects that are stored, ascending by identifier.
    public static let retiredStorageSOPClasses: [UID] = selectStorage(retired: true)

    /// The Transfer Syntaxes of the standard, ascending by identifier, retired ones included.
    public static let transferSyntaxes: [TransferSyntax] = entries.values
        .filter { $0.kind == .transferSyntax }
        .map(\.uid)
        .sorted()
        .map { TransferSyntax(uid: $0) }

    private static func selectStorage(retired: Bool) -> [UID] {
        entries.values
            .filter { $0.kind == .sopClass && $0.isRetired == retired && isStorage($0) }
            .map(\.uid)
            .sorted()
    }

    // Most lie under the root of the Storage Service Class, together with queries; those beside it are known by name:
    // hanging protocols, templates, palettes, and the retired ones of printing.
    private static func isStorage(_ entry: Entry) -> Bool {
        let isUnderRoot = entry.uid.string.hasPrefix("1.2.840.10008.5.1.4.1.1.")
        if isUnderRoot { return entry.keyword.isEmpty || entry.keyword.contains("Storage") }
        return entry.keyword.hasSuffix("Storage") && entry.keyword != "MediaStorageDirectoryStorage"
    }

    private static let entries: [UID: Entry] = {
        var entries: [UID: Entry] = [:]
        for line in UIDTable.text.description.utf8.split(separator: 0x0A) {
            let fields = line.split(separator: 0x7C, omittingEmptySubsequences: false).map { String(Substring($0)) }
            guard fields.count == 5, let uid = UID(fields[0]) else { continue }
            entries[uid] = Entry(
                uid: uid,
                kind: Kind(rawValue: fields[1]) ?? .other,
                name: fields[2],
                keyword: fields[3],
                isRetired: fields[4] == "R"
            )
        }
        return entries
    }()
}

extension TransferSyntax {
    /// The name that the standard gives it, otherwise the identifier.
    public var name: String { UIDDictionary.name(of: uid) ?? uid.string }
}
