import DICOMCore

/// What the profile demands in each object (PS3.15 E.1.1, PS3.3 C.12.1.1.3.1.1 and C.12.1.1.13).
enum RequiredAttributes {
    /// The attributes, whatever stood in them.
    static let tags: Set<Tag> = [
        .patientIdentityRemoved, .deidentificationMethod, .deidentificationMethodCodeSequence,
        .longitudinalTemporalInformationModified,
    ]

    static func elements(for options: Set<DeidentificationOption>) -> [DataElement] {
        let chosen = options.map(\.code).sorted { $0.value < $1.value }
        let codes = [("113100", "Basic Application Confidentiality Profile")] + chosen.map { ($0.value, $0.meaning) }
        let temporal =
            options.contains(.retainLongitudinalFullDates)
            ? "UNMODIFIED" : options.contains(.retainLongitudinalModifiedDates) ? "MODIFIED" : "REMOVED"
        return [
            .text(.patientIdentityRemoved, .cs, "YES"),
            .text(
                .deidentificationMethod,
                .lo,
                ["PS3.15 2026d Annex E Basic Profile with the options coded", Implementation.versionName]
            ),
            .sequence(.deidentificationMethodCodeSequence, codes.map { DummyValue.code($0.0, "DCM", $0.1) }),
            .text(.longitudinalTemporalInformationModified, .cs, temporal),
        ]
    }
}
