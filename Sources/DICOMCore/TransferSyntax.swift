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
    public var isImplicitVR: Bool { self == .implicitVRLittleEndian }

    /// Whether numbers have their most significant byte first.
    public var isBigEndian: Bool { self == .explicitVRBigEndian }

    /// Whether the Data Set is compressed as a whole (PS3.5 A.5).
    public var isDeflated: Bool { self == .deflatedExplicitVRLittleEndian || uid == Self.jpipReferencedDeflate }

    /// Whether Pixel Data of undefined length holds fragments (PS3.5 A.4).
    public var isEncapsulated: Bool {
        switch self {
        case .implicitVRLittleEndian, .explicitVRLittleEndian, .explicitVRBigEndian, .deflatedExplicitVRLittleEndian:
            false
        default:
            uid != Self.jpipReferenced && uid != Self.jpipReferencedDeflate
        }
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

    private static let jpipReferenced = UID(literal: "1.2.840.10008.1.2.4.94")
    private static let jpipReferencedDeflate = UID(literal: "1.2.840.10008.1.2.4.95")
}

extension TransferSyntax: CustomStringConvertible {
    /// The identifier.
    public var description: String { uid.string }
}
