/// An option of the Basic Application Level Confidentiality Profile (PS3.15 E.3).
///
/// The raw value is what people type after `--option`.
public enum DeidentificationOption: String, CaseIterable, Sendable, Hashable {
    /// Clean Pixel Data (E.3.1).
    case cleanPixelData = "clean-pixel-data"

    /// Clean Recognizable Visual Features (E.3.2).
    case cleanRecognizableVisualFeatures = "clean-recognizable-visual-features"

    /// Clean Graphics (E.3.3).
    case cleanGraphics = "clean-graphics"

    /// Clean Structured Content (E.3.4).
    case cleanStructuredContent = "clean-structured-content"

    /// Clean Descriptors (E.3.5).
    case cleanDescriptors = "clean-descriptors"

    /// Retain Longitudinal Temporal Information With Full Dates (E.3.6).
    case retainLongitudinalFullDates = "retain-long-full-dates"

    /// Retain Longitudinal Temporal Information With Modified Dates (E.3.6).
    case retainLongitudinalModifiedDates = "retain-long-modified-dates"

    /// Retain Patient Characteristics (E.3.7).
    case retainPatientCharacteristics = "retain-patient-characteristics"

    /// Retain Device Identity (E.3.8).
    case retainDeviceIdentity = "retain-device"

    /// Retain Institution Identity (E.3.11).
    case retainInstitutionIdentity = "retain-institution"

    /// Retain UIDs (E.3.9).
    case retainUIDs = "retain-uids"

    /// Retain Safe Private (E.3.10).
    case retainSafePrivate = "retain-safe-private"

    /// The code of CID 7050 that says in (0012,0064) that the option was applied; its scheme is DCM.
    public var code: (value: String, meaning: String) {
        switch self {
        case .cleanPixelData: ("113101", "Clean Pixel Data Option")
        case .cleanRecognizableVisualFeatures: ("113102", "Clean Recognizable Visual Features Option")
        case .cleanGraphics: ("113103", "Clean Graphics Option")
        case .cleanStructuredContent: ("113104", "Clean Structured Content Option")
        case .cleanDescriptors: ("113105", "Clean Descriptors Option")
        case .retainLongitudinalFullDates:
            ("113106", "Retain Longitudinal Temporal Information Full Dates Option")
        case .retainLongitudinalModifiedDates:
            ("113107", "Retain Longitudinal Temporal Information Modified Dates Option")
        case .retainPatientCharacteristics: ("113108", "Retain Patient Characteristics Option")
        case .retainDeviceIdentity: ("113109", "Retain Device Identity Option")
        case .retainUIDs: ("113110", "Retain UIDs Option")
        case .retainSafePrivate: ("113111", "Retain Safe Private Option")
        case .retainInstitutionIdentity: ("113112", "Retain Institution Identity Option")
        }
    }
}
