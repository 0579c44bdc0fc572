public import NIOCore

/// One frame without compression.
///
/// Samples are little-endian, pixel by pixel unless the format is planar, and as wide as Bits Allocated.
public struct PixelFrame: Sendable, Hashable {
    /// What the bytes are.
    public let format: PixelFormat
    /// Exactly `format.frameLength` bytes.
    public let bytes: ByteBuffer

    /// Takes the bytes of a frame.
    ///
    /// - Throws: `.mismatch` when they are fewer or more than the format says.
    public init(_ format: PixelFormat, _ bytes: ByteBuffer) throws(PixelError) {
        guard bytes.readableBytes == format.frameLength else {
            throw PixelError(.mismatch, "\(bytes.readableBytes) bytes, a frame has \(format.frameLength)")
        }
        self.format = format
        self.bytes = bytes
    }
}
