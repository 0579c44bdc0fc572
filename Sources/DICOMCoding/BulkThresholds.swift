import DICOMCore

/// From which length a value is bulk: it passes in pieces and is not kept in memory.
///
/// Pixel Data, Float and Double Float Pixel Data are bulk whatever their length.
public struct BulkThresholds: Sendable, Hashable {
    /// Bytes that OB, OD, OF, OL, OV, OW and UN may have in memory.
    public var binaryLength: Int
    /// Bytes that LT, UC and UT may have in memory.
    public var textLength: Int

    /// Makes thresholds; without arguments those of the archive.
    public init(binaryLength: Int = 1 << 10, textLength: Int = 64 << 10) {
        self.binaryLength = binaryLength
        self.textLength = textLength
    }

    /// Everything but pixel data stays in memory, as far as the limits allow.
    public static let none = BulkThresholds(binaryLength: .max, textLength: .max)

    func isBulk(_ tag: Tag, _ vr: VR, length: UInt32) -> Bool {
        switch tag.rawValue {
        case 0x7FE0_0008, 0x7FE0_0009, 0x7FE0_0010: return true
        default: break
        }
        switch vr {
        case .ob, .od, .of, .ol, .ov, .ow, .un: return Int(length) > binaryLength
        case .lt, .uc, .ut: return Int(length) > textLength
        default: return false
        }
    }
}
