import DICOMCore

/// PS3.15 Table E.1-1: what the basic profile and its options do to each attribute.
///
/// The table is text and is read once, at the first use.
enum AttributeActions {
    /// The option columns in the order of the table.
    static let columns: [DeidentificationOption] = [
        .retainSafePrivate, .retainUIDs, .retainDeviceIdentity, .retainInstitutionIdentity,
        .retainPatientCharacteristics, .retainLongitudinalFullDates, .retainLongitudinalModifiedDates,
        .cleanDescriptors, .cleanStructuredContent, .cleanGraphics,
    ]

    /// Every row by its key: eight digits, or those of a mask with `x`, or `private`.
    static let rows: [String: ActionRow] = {
        var rows: [String: ActionRow] = [:]
        for line in Substring(AttributeActionTable.text.description).utf8.split(separator: 0x0A) {
            let fields = line.split(separator: 0x7C, omittingEmptySubsequences: false)
            guard fields.count == 3, let row = ActionRow(basic: fields[1], letters: fields[2], columns: columns) else {
                continue
            }
            rows[String(Substring(fields[0]))] = row
        }
        return rows
    }()

    private static let rowsByTag: [Tag: ActionRow] = {
        var rowsByTag: [Tag: ActionRow] = [:]
        for (key, row) in rows {
            if let tag = Tag(hexadecimal: key) { rowsByTag[tag] = row }
        }
        return rowsByTag
    }()

    private static let curveRow = rows["50xxxxxx"]
    private static let overlayDataRow = rows["60xx3000"]
    private static let overlayCommentsRow = rows["60xx4000"]

    /// The row of a tag of the standard; `nil` when the table does not list it.
    static func row(for tag: Tag) -> ActionRow? {
        if let row = rowsByTag[tag] { return row }
        guard !tag.isPrivate else { return nil }
        switch (tag.group & 0xFF00, tag.element) {
        case (0x5000, _): return curveRow
        case (0x6000, 0x3000): return overlayDataRow
        case (0x6000, 0x4000): return overlayCommentsRow
        default: return nil
        }
    }
}
