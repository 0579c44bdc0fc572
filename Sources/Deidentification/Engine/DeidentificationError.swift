public import DICOMCore

/// Why an object cannot be de-identified, and hence does not leave.
///
/// Holds no value of any element.
public enum DeidentificationError: Error, Sendable, Hashable {
    /// The object cannot be read, or not within the limits.
    case unreadable(DataSetError)
    /// An identifier of the object is absent or malformed.
    case missingIdentity(Tag)
    /// A directory of files (PS3.3 F): made anew for new files, not cleaned.
    case directory
    /// A recording of a voice, by which people are known.
    case voice
    /// The frames are not in the object but at the end of a URL.
    case referencedPixelData
    /// The object says that text is burned into its pixels, and the profile does not clean them.
    case burnedInAnnotation
    /// The object says that its pixels show a face, and the profile does not clean that.
    case recognizableVisualFeatures
}

extension DeidentificationError: CustomStringConvertible {
    /// What is wrong, and what to do.
    public var description: String {
        switch self {
        case .unreadable(let error): "\(error)"
        case .missingIdentity(let tag): "\(tag) is absent or no UID: the object has no identity"
        case .directory: "a DICOMDIR names files: make a new one for the new files"
        case .voice: "a recorded voice identifies who speaks: no option keeps it"
        case .referencedPixelData: "the frames are at a URL outside of the object: retrieve it with its frames"
        case .burnedInAnnotation:
            "Burned In Annotation (0028,0301) is YES: add the option \(DeidentificationOption.cleanPixelData.rawValue)"
        case .recognizableVisualFeatures:
            "Recognizable Visual Features (0028,0302) is YES: add the option "
                + DeidentificationOption.cleanRecognizableVisualFeatures.rawValue
        }
    }

    /// A word for tables and reports.
    public var code: String {
        switch self {
        case .unreadable(let error): "unreadable-" + error.code.rawValue
        case .missingIdentity: "missing-identity"
        case .directory: "directory"
        case .voice: "voice"
        case .referencedPixelData: "referenced-pixel-data"
        case .burnedInAnnotation: "burned-in-annotation"
        case .recognizableVisualFeatures: "recognizable-visual-features"
        }
    }
}
