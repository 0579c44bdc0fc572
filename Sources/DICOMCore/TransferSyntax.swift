/// A Transfer Syntax: how a Data Set becomes bytes (PS3.5 10).
///
/// Any identifier is a Transfer Syntax: one that is not in the table below is encapsulated with Explicit VR Little Endian,
/// as PS3.5 A.4 demands of all that have come since, so that objects compressed in ways yet unknown can be kept.
public struct TransferSyntax: Sendable, Hashable {
    /// The Transfer Syntax UID.
    public let uid: UID

    /// Takes the identifier.
    public init(uid: UID) {
        self.uid = uid
    }

    /// Whether Value Representations are left out of the encoding.
    public var isImplicitVR: Bool {
        self == .implicitVRLittleEndian || uid == Self.papyrus || uid == Self.geImplicitVRBigEndian
    }

    /// Whether numbers have their most significant byte first.
    public var isBigEndian: Bool { self == .explicitVRBigEndian }

    /// Whether the Data Set is compressed as a whole (PS3.5 A.5).
    public var isDeflated: Bool {
        self == .deflatedExplicitVRLittleEndian || uid == Self.jpipReferencedDeflate
            || uid == Self.jpipHTJ2KReferencedDeflate
    }

    /// Whether Pixel Data of undefined length holds fragments (PS3.5 A.4).
    ///
    /// Not where Pixel Data is at the end of a URL (PS3.5 A.6, A.7) or flows beside the Data Set (PS3.22).
    public var isEncapsulated: Bool { !isNative && !isReferenced }

    /// Whether Pixel Data stands in the Data Set as it is.
    public var isNative: Bool {
        switch self {
        case .implicitVRLittleEndian, .explicitVRLittleEndian, .explicitVRBigEndian, .deflatedExplicitVRLittleEndian:
            true
        default: uid == Self.papyrus || uid == Self.geImplicitVRBigEndian || uid == Self.philipsExplicitVRLittleEndian
        }
    }

    /// Whether the frames are not in the Data Set: JPIP, and streams of SMPTE ST 2110.
    public var isReferenced: Bool {
        Self.referenced.contains(uid) || uid.string.hasPrefix("1.2.840.10008.1.2.7.")
    }

    /// Whether Pixel Data is one video stream, whatever Number of Frames says (PS3.5 A.4.5 to A.4.9).
    public var isVideo: Bool {
        // MPEG-2, MPEG-4 AVC and HEVC are 100 to 108 of this branch, some with a further component.
        let prefix = "1.2.840.10008.1.2.4.10"
        guard uid.string.hasPrefix(prefix) else { return false }
        let rest = uid.string.utf8.dropFirst(prefix.utf8.count)
        return rest.first.map { (0x30...0x38).contains($0) } == true
            && (rest.count == 1 || rest.dropFirst().first == 0x2E)
    }

    /// Implicit VR Little Endian, the default (PS3.5 10.1).
    public static let implicitVRLittleEndian = TransferSyntax(uid: UID(literal: "1.2.840.10008.1.2"))
    /// Explicit VR Little Endian.
    public static let explicitVRLittleEndian = TransferSyntax(uid: UID(literal: "1.2.840.10008.1.2.1"))
    /// Deflated Explicit VR Little Endian.
    public static let deflatedExplicitVRLittleEndian = TransferSyntax(uid: UID(literal: "1.2.840.10008.1.2.1.99"))
    /// Explicit VR Big Endian (retired).
    public static let explicitVRBigEndian = TransferSyntax(uid: UID(literal: "1.2.840.10008.1.2.2"))

    /// Encapsulated Uncompressed Explicit VR Little Endian: frames as they are, in fragments (PS3.5 A.4.11).
    public static let encapsulatedUncompressedExplicitVRLittleEndian = TransferSyntax(
        uid: UID(literal: "1.2.840.10008.1.2.1.98")
    )

    private static let jpipReferencedDeflate = UID(literal: "1.2.840.10008.1.2.4.95")
    private static let jpipHTJ2KReferencedDeflate = UID(literal: "1.2.840.10008.1.2.4.205")
    private static let referenced: Set<UID> = [
        UID(literal: "1.2.840.10008.1.2.4.94"), jpipReferencedDeflate,
        UID(literal: "1.2.840.10008.1.2.4.204"), jpipHTJ2KReferencedDeflate,
    ]
    /// Papyrus 3, retired: as Implicit VR Little Endian.
    private static let papyrus = UID(literal: "1.2.840.10008.1.20")
    /// GE's own, seen from Advantage Windows: Implicit VR Little Endian, with Pixel Data in the other byte order.
    private static let geImplicitVRBigEndian = UID(literal: "1.2.840.113619.5.2")
    /// Philips' own, seen in private CT objects: Explicit VR Little Endian.
    private static let philipsExplicitVRLittleEndian = UID(literal: "1.3.46.670589.33.1.4.1")
}

extension TransferSyntax: CustomStringConvertible {
    /// The identifier.
    public var description: String { uid.string }
}
