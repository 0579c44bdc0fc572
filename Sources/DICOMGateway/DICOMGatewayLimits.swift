public import ArchiveCatalog
public import DICOMUpperLayer
public import DIMSE

/// How much the DICOM door takes in before it refuses.
public struct DICOMGatewayLimits: Sendable {
    /// Connections and associations at a time.
    public var admission = AdmissionLimits()
    /// What one association may take.
    public var upperLayer = UpperLayerLimits()
    /// What one message may take.
    public var dimse = DIMSELimits()
    /// What one key of a query may hold.
    public var matching = MatchingParser()

    /// The defaults.
    public init() {}
}
