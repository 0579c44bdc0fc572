/// How pixels are searched for text.
public struct PixelCleaningSettings: Sendable, Hashable {
    /// Modalities whose pictures are searched whatever else they say of themselves.
    ///
    /// Secondary captures, derived pictures (Image Type DERIVED), objects that say YES in Burned In Annotation, and
    /// modalities that are in neither list are searched, too.
    public var searchedModalities: Set<String> = Self.standardModalities
    /// Modalities whose original pictures are slices that a device computes, without text in them.
    public var unsearchedModalities: Set<String> = ["CT", "MR", "PT", "NM", "RTDOSE", "SEG", "M3D", "OAM", "OPM", "SM"]
    /// What a word must reach, of 100, to be taken for text; what resembles an identifier of the patient counts anyway.
    public var confidence: Double = 60
    /// In so many frames of an object text is looked for at first; those that look different are added.
    public var frameCount = 8
    /// An object with more frames than that which look different from all others is not given away.
    public var differentFrameLimit = 64
    /// How often text is looked for again after it was blacked out; what is still found then is the end of the object.
    public var rounds = 4

    /// The standard settings.
    public init() {}

    private static let standardModalities: Set<String> = [
        "US", "IVUS", "BDUS", "CR", "DX", "DR", "XA", "RF", "MG", "IO", "PX", "RG", "XC", "ES", "GM", "OT", "OP", "OCT",
        "OPT", "OPTBSV", "OPTENF", "BI", "DG", "ECG", "EPS", "HC", "LS", "TG", "BMD", "RTIMAGE", "AR", "KER", "LEN",
        "SRF", "IVOCT", "DMS", "STAIN",
    ]
}
