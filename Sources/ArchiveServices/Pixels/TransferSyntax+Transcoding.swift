public import DICOMCore
import DICOMPixels

extension TransferSyntax {
    /// Those that objects can be put into, beside what the codecs lack: uncompressed ones first, then lossless ones, then
    /// those that lose.
    public static let transcodingTargets: [TransferSyntax] = [
        .explicitVRLittleEndian, .implicitVRLittleEndian, .deflatedExplicitVRLittleEndian, .explicitVRBigEndian,
        .jpegLosslessSV1, .jpegLossless, .jpegLSLossless, .jpeg2000Lossless, .htj2kLossless, .htj2kLosslessRPCL,
        .rleLossless, .deflatedImageFrame, .encapsulatedUncompressedExplicitVRLittleEndian,
        .jpegBaseline, .jpegExtended, .jpegLSNearLossless, .jpeg2000, .htj2k,
    ]

    /// The defined term of Lossy Image Compression Method (0028,2114) of what is made in this Transfer Syntax; `nil` when
    /// nothing is lost.
    public var lossyMethod: String? {
        switch self {
        case .jpegBaseline, .jpegExtended: "ISO_10918_1"
        case .jpegLSNearLossless: "ISO_14495_1"
        case .jpeg2000: "ISO_15444_1"
        case .htj2k: "ISO_15444_15"
        default: nil
        }
    }

    /// Whether whatever is stored in this Transfer Syntax has lost something: in JPEG 2000 and HTJ2K it need not have.
    public var isAlwaysLossy: Bool {
        switch self {
        case .jpegBaseline, .jpegExtended, .jpegLSNearLossless: true
        default: false
        }
    }
}

extension TransferSyntax {
    /// Those that can be made here: `transcodingTargets` with a codec.
    public static let makeable: [TransferSyntax] = transcodingTargets.filter {
        $0.isNative || CodecLibrary.canEncode($0)
    }
}
