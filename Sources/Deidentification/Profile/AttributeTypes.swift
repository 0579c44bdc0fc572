import DICOMCore

/// What a compound action code means for an attribute, by its type where it stands in the IOD of the object (PS3.15 E.2).
///
/// The table also has the attributes that are removed although an IOD requires them, and what becomes of them there.
///
/// Nearly every attribute has one meaning wherever it stands in one place; the few others have exceptions by SOP Class.
enum AttributeTypes {
    struct Place: Hashable, Sendable {
        let tag: Tag
        /// The sequences around it, outermost first.
        let path: [Tag]
    }

    struct Entry: Sendable {
        /// What holds in all other SOP Classes: the strongest action, or removal where only some IODs want more.
        let usual: AttributeAction
        let exceptions: [UID: AttributeAction]
    }

    /// The action; `nil` for a place that no IOD of the table has.
    static func action(for place: Place, sopClassUID: UID?) -> AttributeAction? {
        guard let entry = entries[place] else { return nil }
        return sopClassUID.flatMap { entry.exceptions[$0] } ?? entry.usual
    }

    /// How many places the table has.
    static var count: Int { entries.count }

    private static let entries: [Place: Entry] = {
        var classes: [UID] = []
        var entries: [Place: Entry] = [:]
        for line in AttributeTypeTable.text.description.split(separator: "\n") {
            if line.first == "@" {
                if let uid = UID(line.dropFirst()) { classes.append(uid) }
                continue
            }
            let fields = line.split(separator: "|", omittingEmptySubsequences: false)
            guard fields.count >= 3, let tag = Tag(hexadecimal: fields[0]), let usual = action(fields[2]) else {
                continue
            }
            var exceptions: [UID: AttributeAction] = [:]
            for field in fields.dropFirst(3) {
                let parts = field.split(separator: ":")
                guard parts.count == 2, let other = action(parts[0]) else { continue }
                for number in parts[1].split(separator: ",") {
                    guard let position = Int(number), classes.indices.contains(position) else { continue }
                    exceptions[classes[position]] = other
                }
            }
            let path = fields[1].split(separator: ".").compactMap { Tag(hexadecimal: $0) }
            entries[Place(tag: tag, path: path)] = Entry(usual: usual, exceptions: exceptions)
        }
        return entries
    }()

    private static func action(_ letter: Substring) -> AttributeAction? {
        ActionCode(rawValue: String(letter))?.plain
    }
}
