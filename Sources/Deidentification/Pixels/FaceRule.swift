import DICOMCore

/// Whether an object may show a face, and has to stay because of it (Clean Recognizable Visual Features).
///
/// Nothing is removed from faces: what could show one is excluded. That is coarse, and safe as far as the attributes
/// are right:
/// - photographs (modality XC, GM, ES of unknown parts) whose Body Part Examined is no part below the neck;
/// - slices of CT, MR and PET, from which a surface can be computed, when the body part is the head or neck, or is not
///   told, or a description names the head. Localizers (Image Type LOCALIZER) of the head show a profile, and are taken
///   for such slices.
/// What is taken for no face: other modalities, projections (a radiograph shows no skin), and parts named below.
enum FaceRule {
    private static let volumes: Set<String> = ["CT", "MR", "PT", "CBCT"]
    private static let photographs: Set<String> = ["XC", "GM", "DMS", "DSC"]
    /// Defined terms of PS3.16 Annex L whose pictures have no face in them.
    private static let partsWithoutFace: Set<String> = [
        "ABDOMEN", "ABDOMENPELVIS", "ANKLE", "AORTA", "ARM", "BREAST", "CALCANEUS", "CALF", "CHEST", "CHESTABDOMEN",
        "CHESTABDPELVIS", "COCCYX", "CSPINE", "ELBOW", "EXTREMITY", "FEMUR", "FINGER", "FOOT", "FOREARM", "HAND",
        "HEART",
        "HIP", "HUMERUS", "KIDNEY", "KNEE", "LEG", "LIVER", "LSPINE", "LUNG", "PANCREAS", "PELVIS", "PROSTATE", "RIB",
        "SACRUM", "SCAPULA", "SHOULDER", "SPINE", "SPLEEN", "SSPINE", "STERNUM", "THIGH", "THUMB", "TIBIA", "TOE",
        "TLSPINE",
        "TSPINE", "UTERUS", "WRIST", "PHANTOM",
    ]
    private static let words: [String] = [
        "HEAD", "BRAIN", "SKULL", "FACE", "FACIAL", "SINUS", "ORBIT", "NEURO", "CRANI", "NECK", "KOPF", "SCHAEDEL",
        "SCHÄDEL", "CEREBR", "PITUIT", "TEMPORAL BONE", "MAXILL", "MANDIB", "DENTAL", "WHOLE BODY", "WHOLEBODY",
    ]

    /// Why the object has to stay; `nil` when nothing says that it shows a face.
    static func reason(_ header: DataSet, rules: [PixelRule]) -> String? {
        guard !rules.contains(where: { $0.actions.contains(.allowFaces) }) else { return nil }
        let modality = header.string(.modality)?.uppercased() ?? ""
        let isVolume = volumes.contains(modality)
        guard isVolume || photographs.contains(modality) else { return nil }
        let descriptions = [Tag.seriesDescription, .studyDescription, .protocolName, .bodyPartExamined]
            .compactMap { header.string($0)?.uppercased() }
        if descriptions.contains(where: { text in words.contains { text.contains($0) } }) {
            return "a face may be seen: it is named as a picture of the head"
        }
        let part = header.string(.bodyPartExamined)?.uppercased().filter { $0.isLetter } ?? ""
        guard !partsWithoutFace.contains(part) else { return nil }
        return part.isEmpty
            ? "a face may be seen: the object does not tell what part of the body it shows"
            : "a face may be seen: the part of the body is none that is known to be without"
    }
}
