extension TransferSyntax {
    /// RLE Lossless (PS3.5 G).
    public static let rleLossless = TransferSyntax(uid: UID(literal: "1.2.840.10008.1.2.5"))
    /// JPEG Baseline, process 1: lossy, 8 bits.
    public static let jpegBaseline = TransferSyntax(uid: UID(literal: "1.2.840.10008.1.2.4.50"))
    /// JPEG Extended, processes 2 and 4: lossy, 8 or 12 bits.
    public static let jpegExtended = TransferSyntax(uid: UID(literal: "1.2.840.10008.1.2.4.51"))
    /// JPEG Spectral Selection, processes 6 and 8 (retired).
    public static let jpegSpectralSelection = TransferSyntax(uid: UID(literal: "1.2.840.10008.1.2.4.53"))
    /// JPEG Full Progression, processes 10 and 12 (retired).
    public static let jpegFullProgression = TransferSyntax(uid: UID(literal: "1.2.840.10008.1.2.4.55"))
    /// JPEG Lossless, process 14, any predictor.
    public static let jpegLossless = TransferSyntax(uid: UID(literal: "1.2.840.10008.1.2.4.57"))
    /// JPEG Lossless, process 14, first-order prediction: the default for lossless JPEG.
    public static let jpegLosslessSV1 = TransferSyntax(uid: UID(literal: "1.2.840.10008.1.2.4.70"))
    /// JPEG-LS Lossless.
    public static let jpegLSLossless = TransferSyntax(uid: UID(literal: "1.2.840.10008.1.2.4.80"))
    /// JPEG-LS Lossy (Near-Lossless).
    public static let jpegLSNearLossless = TransferSyntax(uid: UID(literal: "1.2.840.10008.1.2.4.81"))
    /// JPEG 2000, lossless only.
    public static let jpeg2000Lossless = TransferSyntax(uid: UID(literal: "1.2.840.10008.1.2.4.90"))
    /// JPEG 2000, lossless or lossy.
    public static let jpeg2000 = TransferSyntax(uid: UID(literal: "1.2.840.10008.1.2.4.91"))
    /// JPEG 2000 Part 2 Multi-component, lossless only.
    public static let jpeg2000Part2Lossless = TransferSyntax(uid: UID(literal: "1.2.840.10008.1.2.4.92"))
    /// JPEG 2000 Part 2 Multi-component.
    public static let jpeg2000Part2 = TransferSyntax(uid: UID(literal: "1.2.840.10008.1.2.4.93"))
    /// High-Throughput JPEG 2000, lossless only.
    public static let htj2kLossless = TransferSyntax(uid: UID(literal: "1.2.840.10008.1.2.4.201"))
    /// High-Throughput JPEG 2000, lossless only, with resolutions in RPCL order.
    public static let htj2kLosslessRPCL = TransferSyntax(uid: UID(literal: "1.2.840.10008.1.2.4.202"))
    /// High-Throughput JPEG 2000, lossless or lossy.
    public static let htj2k = TransferSyntax(uid: UID(literal: "1.2.840.10008.1.2.4.203"))
    /// Deflated Image Frame: each frame a deflated stream of its own (PS3.5 A.4.13).
    public static let deflatedImageFrame = TransferSyntax(uid: UID(literal: "1.2.840.10008.1.2.8.1"))
}
