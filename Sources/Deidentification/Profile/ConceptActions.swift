import DICOMCore

/// PS3.15 Table E.3.4-1: what is done to content items, by their concept.
enum ConceptActions {
    struct Key: Hashable, Sendable {
        let code: String
        let scheme: String
        let valueType: String
    }

    /// The option columns in the order of the table.
    static let columns: [DeidentificationOption] = [
        .retainUIDs, .retainDeviceIdentity, .retainInstitutionIdentity, .retainPatientCharacteristics,
        .retainLongitudinalFullDates, .retainLongitudinalModifiedDates, .cleanDescriptors,
    ]

    /// Every row of the table.
    static let rows: [Key: ActionRow] = {
        var rows: [Key: ActionRow] = [:]
        for line in Substring(ConceptActionTable.text.description).utf8.split(separator: 0x0A) {
            let fields = line.split(separator: 0x7C, omittingEmptySubsequences: false)
            guard fields.count == 6, let row = ActionRow(basic: fields[3], letters: fields[4], columns: columns) else {
                continue
            }
            let text = fields.map { String(Substring($0)) }
            rows[Key(code: text[0], scheme: text[1], valueType: text[2])] = row
        }
        return rows
    }()
}
