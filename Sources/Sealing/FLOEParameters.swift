public import NIOCore

/// The public parameters of a FLOE stream: AES-256-GCM, HKDF-Expand-SHA-384, 32 bytes of IV, and the segment length.
public struct FLOEParameters: Sendable, Hashable {
    /// What the archive writes: 65,536 bytes a segment.
    public static let standard = FLOEParameters(checkedSegmentLength: 65_536, rotationBits: 20)

    /// Bytes of the header: parameters, IV, tag.
    public static let headerLength = 74
    /// Bytes that a segment adds to its plaintext: length marker, nonce, tag.
    public static let segmentOverhead = 32
    /// The longest segment that is read: 16 MiB, which bounds the memory for one segment.
    public static let segmentLengthLimit = 16 * 1_024 * 1_024

    /// Bytes of a sealed segment that is not the last.
    public let segmentLength: Int

    /// The segment key changes every 2^rotationBits segments.
    let rotationBits: UInt64

    static let encodedLength = 10
    static let ivLength = 32
    static let tagLength = 32
    /// 2^40 segments, FLOE's own limit for AES-256-GCM.
    static let segmentCountLimit: UInt64 = 1 << 40

    private init(checkedSegmentLength: Int, rotationBits: UInt64) {
        segmentLength = checkedSegmentLength
        self.rotationBits = rotationBits
    }

    /// Parameters with another segment length, 33 bytes to 16 MiB.
    public init(segmentLength: Int) throws(SealingError) {
        try self.init(segmentLength: segmentLength, rotationBits: 20)
    }

    /// For test vectors, which rotate keys early so as to be short.
    init(segmentLength: Int, rotationBits: UInt64) throws(SealingError) {
        guard segmentLength > Self.segmentOverhead, segmentLength <= Self.segmentLengthLimit, rotationBits < 40 else {
            throw SealingError(.unsupportedParameters)
        }
        self.init(checkedSegmentLength: segmentLength, rotationBits: rotationBits)
    }

    /// Reads the parameters at the start of a header.
    public init(header: ByteBuffer) throws(SealingError) {
        try self.init(header: header, rotationBits: 20)
    }

    init(header: ByteBuffer, rotationBits: UInt64) throws(SealingError) {
        var header = header
        guard
            let algorithms = header.readInteger(as: UInt16.self),
            let segmentLength = header.readInteger(as: UInt32.self),
            let ivLength = header.readInteger(as: UInt32.self)
        else { throw SealingError(.malformedHeader) }
        guard algorithms == 0, ivLength == UInt32(Self.ivLength) else { throw SealingError(.unsupportedParameters) }
        try self.init(segmentLength: Int(segmentLength), rotationBits: rotationBits)
    }

    /// Bytes of plaintext in a segment that is not the last.
    public var plaintextLength: Int { segmentLength - Self.segmentOverhead }

    /// AEAD 0 (AES-256-GCM), hash 0 (SHA-384), segment length, IV length.
    var encoded: [UInt8] {
        var buffer = ByteBuffer()
        buffer.writeMultipleIntegers(UInt8(0), UInt8(0), UInt32(segmentLength), UInt32(Self.ivLength))
        return Array(buffer.readableBytesView)
    }
}
