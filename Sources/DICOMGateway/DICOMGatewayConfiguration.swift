public import DICOMCore

/// What the DICOM door needs to know.
public struct DICOMGatewayConfiguration: Sendable {
    /// The address to listen on.
    public var host: String
    /// The port; 0 lets the system choose.
    public var port: Int
    /// Our own AE title: the Called AE Title of every association.
    public var aeTitle: AETitle
    /// Whether every calling AE title may associate, as on loopback.
    public var acceptsAnyCaller: Bool
    /// Whether authorization is off (`--open`).
    public var opensAccess: Bool
    /// How much is taken in.
    public var limits: DICOMGatewayLimits
    /// Asked at each association, while not every caller is accepted.
    public var isKnown: @Sendable (AETitle) async -> Bool

    /// Puts the settings together.
    public init(
        host: String,
        port: Int,
        aeTitle: AETitle,
        acceptsAnyCaller: Bool,
        opensAccess: Bool,
        limits: DICOMGatewayLimits = DICOMGatewayLimits(),
        isKnown: @escaping @Sendable (AETitle) async -> Bool
    ) {
        self.host = host
        self.port = port
        self.aeTitle = aeTitle
        self.acceptsAnyCaller = acceptsAnyCaller
        self.opensAccess = opensAccess
        self.limits = limits
        self.isKnown = isKnown
    }
}
