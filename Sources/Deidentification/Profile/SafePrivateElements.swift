import DICOMCore

/// PS3.15 Table E.3.10-1: private elements that are known to identify nobody.
enum SafePrivateElements {
    private struct Key: Hashable, Sendable {
        let creator: String
        /// Group in the high half, the last byte of the element in the low one.
        let place: UInt32
    }

    /// Whether the table has an element of a creator, in whatever block that stands.
    static func contains(_ tag: Tag, creator: String) -> Bool {
        elements[Key(creator: creator, place: tag.rawValue & 0xFFFF_00FF)] != nil
    }

    /// The Value Representation that the table has for it; `nil` for several or none.
    static func vr(of tag: Tag, creator: String) -> VR? {
        elements[Key(creator: creator, place: tag.rawValue & 0xFFFF_00FF)] ?? nil
    }

    /// How many elements the table has.
    static var count: Int { elements.count }

    private static let elements: [Key: VR?] = {
        var elements: [Key: VR?] = [:]
        var creator = ""
        for line in SafePrivateTable.text.description.split(separator: "\n") {
            guard line.first != "=" else {
                creator = String(line.dropFirst())
                continue
            }
            let fields = line.split(separator: "|", omittingEmptySubsequences: false)
            guard fields.count == 2, fields[0].utf8.count == 8,
                let tag = Tag(hexadecimal: fields[0].prefix(4) + "00" + fields[0].suffix(2))
            else { continue }
            elements[Key(creator: creator, place: tag.rawValue)] = .some(VR(name: fields[1]))
        }
        return elements
    }()
}
