/// What the samples of a pixel mean (PS3.3 C.7.6.3.1.2).
public enum PhotometricInterpretation: String, Sendable, Hashable, CaseIterable {
    /// Grey, the smallest value white.
    case monochrome1 = "MONOCHROME1"
    /// Grey, the smallest value black.
    case monochrome2 = "MONOCHROME2"
    /// Indices of a colour table.
    case paletteColor = "PALETTE COLOR"
    /// Red, green, blue.
    case rgb = "RGB"
    /// Luminance and two chrominances, full range.
    case ybrFull = "YBR_FULL"
    /// As `ybrFull`, chrominance for each second pixel of a row.
    case ybrFull422 = "YBR_FULL_422"
    /// As `ybrFull422` with the reduced range of video (retired).
    case ybrPartial422 = "YBR_PARTIAL_422"
    /// Video: chrominance for each second pixel of each second row.
    case ybrPartial420 = "YBR_PARTIAL_420"
    /// The irreversible transform of JPEG 2000.
    case ybrICT = "YBR_ICT"
    /// The reversible transform of JPEG 2000.
    case ybrRCT = "YBR_RCT"

    /// Whether each pixel is one grey value.
    public var isMonochrome: Bool { self == .monochrome1 || self == .monochrome2 }

    /// Whether a pixel has three samples.
    public var isColor: Bool { !isMonochrome && self != .paletteColor }

    /// Whether native bytes have two luminance samples for each pair of chrominance samples.
    public var isSubsampled: Bool { self == .ybrFull422 || self == .ybrPartial422 }
}
