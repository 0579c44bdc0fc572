/// The Data Elements that the standard defines (PS3.6, PS3.7): a tag's Value Representation, multiplicity and names.
///
/// The table is text and is scanned once, at the first use; a lookup is a binary search.
public enum DataElementDictionary {
    /// One line of the dictionary.
    public struct Entry: Sendable, Hashable {
        /// The tag that was looked up.
        public let tag: Tag
        /// The Value Representation; of several that the standard allows, the one that fits any value.
        public let vr: VR
        /// Value Multiplicity as the standard prints it, for example `1-n`.
        public let vm: String
        /// The keyword, for example `PatientName`; empty for elements without one.
        public let keyword: String
        /// The name, for example `Patient's Name`.
        public let name: String
        /// Whether the standard has retired the element.
        public let isRetired: Bool
    }

    /// The entry of a tag; `nil` when neither the standard nor its rules for private elements and groups know it.
    public static func entry(for tag: Tag) -> Entry? {
        if let line = index.line(of: tag) {
            return entry(for: tag, line: line)
        }
        if tag.isGroupLength {
            return Entry(tag: tag, vr: .ul, vm: "1", keyword: "", name: "Group Length", isRetired: true)
        }
        if tag.isPrivateCreator {
            return Entry(tag: tag, vr: .lo, vm: "1", keyword: "", name: "Private Creator", isRetired: false)
        }
        return nil
    }

    /// The Value Representation of a tag, without the cost of its names.
    public static func vr(of tag: Tag) -> VR? {
        if let line = index.line(of: tag) { return index.representations[line] }
        if tag.isGroupLength { return .ul }
        return tag.isPrivateCreator ? .lo : nil
    }

    /// Whether the standard allows US and SS, and Pixel Representation (0028,0103) decides (PS3.5 A.1).
    public static func dependsOnPixelRepresentation(_ tag: Tag) -> Bool {
        guard let line = index.line(of: tag) else { return false }
        return index.isSignDependent[line]
    }

    /// The tag of a keyword, for example `PatientID`; `nil` for unknown ones and for repeating groups.
    public static func tag(forKeyword keyword: some StringProtocol) -> Tag? {
        tagsByKeyword[String(keyword)]
    }

    /// All keywords, in the order of their tags; those of repeating groups are not among them.
    public static var keywords: [String] {
        index.tags.indices.map { index.field(3, line: $0) }.filter { !$0.isEmpty }
    }

    private static let index = DictionaryIndex(DictionaryTable.text)

    private static let tagsByKeyword: [String: Tag] = {
        var tags: [String: Tag] = [:]
        tags.reserveCapacity(index.tags.count)
        for (line, tag) in index.tags.enumerated() {
            let keyword = index.field(3, line: line)
            if !keyword.isEmpty, tags[keyword] == nil { tags[keyword] = Tag(rawValue: tag) }
        }
        return tags
    }()

    private static func entry(for tag: Tag, line: Int) -> Entry {
        Entry(
            tag: tag,
            vr: index.representations[line],
            vm: index.field(2, line: line),
            keyword: index.field(3, line: line),
            name: index.field(4, line: line),
            isRetired: index.field(5, line: line) == "R"
        )
    }
}
