import DICOMCore

/// Whether an object's pixels are searched for text.
///
/// | object | searched |
/// |---|---|
/// | a rule says `text: search` or `text: ignore` | as the first such rule says |
/// | Burned In Annotation YES | yes |
/// | Secondary Capture, also multi-frame; Conversion Type | yes |
/// | Modality in the list of those searched: US, CR, DX, XA, MG, ES, XC, OT ... | yes |
/// | Image Type DERIVED, or a third value that names a screen | yes |
/// | CT, MR, PT, NM, RTDOSE, SEG, SM: other than these | no |
/// | any other modality, or none | yes |
///
/// Burned In Annotation NO is never believed.
enum TextSearch: Sendable, Hashable {
    case due
    case notDue

    private static let secondaryCapture = "1.2.840.10008.5.1.4.1.1.7"

    init(_ header: DataSet, rules: [PixelRule], settings: PixelCleaningSettings) {
        let told = rules.lazy.flatMap(\.actions).compactMap { action in
            if case .searchText(let isDue) = action { isDue } else { nil }
        }.first
        if let told {
            self = told ? .due : .notDue
            return
        }
        let modality = header.string(.modality)?.uppercased() ?? ""
        let sopClass = header.uid(.sopClassUID)?.string ?? ""
        let isCapture = sopClass == Self.secondaryCapture || sopClass.hasPrefix(Self.secondaryCapture + ".")
        let imageType = header.strings(for: .imageType).map { $0.uppercased() }
        let isSlice = settings.unsearchedModalities.contains(modality)
        // Planes of a volume are called DERIVED in multi-frame objects of segmentation and dose: those have no text.
        let isComputed = ["RTDOSE", "SEG", "M3D", "OPM", "SM"].contains(modality)
        let isScreen = imageType.contains { $0.contains("SCREEN") || $0.contains("CAPTURE") }
        let isDue =
            Self.saysBurnedIn(header) || isCapture || header.string(.conversionType) != nil || isScreen
            || settings.searchedModalities.contains(modality) || !isSlice
            || (imageType.first == "DERIVED" && !isComputed)
        self = isDue ? .due : .notDue
    }

    /// Whether the object says that text is burned in; the opposite is said too easily.
    static func saysBurnedIn(_ header: DataSet) -> Bool {
        header.string(.burnedInAnnotation)?.uppercased() == "YES"
    }
}
