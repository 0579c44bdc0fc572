import DICOMCore
public import FuzzProperties
public import NIOCore

/// Frames in RLE (PS3.5 G).
public enum RLETarget: FuzzTarget {
    /// As the folder of its corpus.
    public static let name = "RLE"
    private static let checks = FrameChecks(transferSyntaxes: [.rleLossless])

    /// Decoding twice, encoding and decoding again take long.
    public static let sampleInterval: UInt64 = 256

    /// The first bytes describe the frame, the rest is the frame.
    public static func check(_ input: ByteBuffer) throws(PropertyViolation) { try checks.check(input) }

    /// The frame is decoded once.
    public static func parse(_ input: ByteBuffer) throws(PropertyViolation) { try checks.parse(input) }
}

/// Frames in JPEG: lossy with 8 and 12 bits, lossless with any predictor.
public enum JPEGTarget: FuzzTarget {
    /// As the folder of its corpus.
    public static let name = "JPEG"
    private static let checks = FrameChecks(
        transferSyntaxes: [.jpegBaseline, .jpegExtended, .jpegLossless, .jpegLosslessSV1]
    )

    /// Decoding twice, encoding and decoding again take long.
    public static let sampleInterval: UInt64 = 256

    /// The first bytes describe the frame, the rest is the frame.
    public static func check(_ input: ByteBuffer) throws(PropertyViolation) { try checks.check(input) }

    /// The frame is decoded once.
    public static func parse(_ input: ByteBuffer) throws(PropertyViolation) { try checks.parse(input) }
}

/// Frames in JPEG-LS.
public enum JPEGLSTarget: FuzzTarget {
    /// As the folder of its corpus.
    public static let name = "JPEGLS"
    private static let checks = FrameChecks(transferSyntaxes: [.jpegLSLossless, .jpegLSNearLossless])

    /// Decoding twice, encoding and decoding again take long.
    public static let sampleInterval: UInt64 = 256

    /// The first bytes describe the frame, the rest is the frame.
    public static func check(_ input: ByteBuffer) throws(PropertyViolation) { try checks.check(input) }

    /// The frame is decoded once.
    public static func parse(_ input: ByteBuffer) throws(PropertyViolation) { try checks.parse(input) }
}

/// Frames in JPEG 2000.
public enum JPEG2000Target: FuzzTarget {
    /// As the folder of its corpus.
    public static let name = "JPEG2000"
    private static let checks = FrameChecks(transferSyntaxes: [.jpeg2000Lossless, .jpeg2000])

    /// Decoding twice, encoding and decoding again take long.
    public static let sampleInterval: UInt64 = 256

    /// The first bytes describe the frame, the rest is the frame.
    public static func check(_ input: ByteBuffer) throws(PropertyViolation) { try checks.check(input) }

    /// The frame is decoded once.
    public static func parse(_ input: ByteBuffer) throws(PropertyViolation) { try checks.parse(input) }
}

/// Frames in High-Throughput JPEG 2000.
public enum HTJ2KTarget: FuzzTarget {
    /// As the folder of its corpus.
    public static let name = "HTJ2K"
    private static let checks = FrameChecks(transferSyntaxes: [.htj2kLossless, .htj2kLosslessRPCL, .htj2k])

    /// Decoding twice, encoding and decoding again take long.
    public static let sampleInterval: UInt64 = 256

    /// The first bytes describe the frame, the rest is the frame.
    public static func check(_ input: ByteBuffer) throws(PropertyViolation) { try checks.check(input) }

    /// The frame is decoded once.
    public static func parse(_ input: ByteBuffer) throws(PropertyViolation) { try checks.parse(input) }
}
