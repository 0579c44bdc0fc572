import DICOMCore

/// Identifiers that name no object of anybody, so that they stay as they are.
enum WellKnownUID {
    /// Roots below which each number is a register's: context groups and coding schemes of DICOM, coding systems of HL7.
    private static let registers = ["1.2.840.10008.6.1.", "1.2.840.10008.2.16.", "2.16.840.1.113883.6."]

    /// Whether the standard defines it, or a register that the standard names.
    static func contains(_ uid: UID) -> Bool {
        if UIDDictionary.entry(for: uid) != nil { return true }
        return registers.contains { root in
            guard uid.string.hasPrefix(root) else { return false }
            let rest = uid.string.utf8.dropFirst(root.utf8.count)
            return rest.count <= 5 && !rest.contains(0x2E)
        }
    }
}
