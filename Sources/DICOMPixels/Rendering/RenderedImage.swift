public import NIOCore

/// A picture as it is to be seen: grey or RGB, 8 or 16 bits.
public struct RenderedImage: Sendable, Hashable {
    /// Pixels of a row.
    public let width: Int
    /// Rows.
    public let height: Int
    /// 1 (grey, 0 black) or 3 (red, green, blue).
    public let channels: Int
    /// 8 or 16.
    public let bitsPerSample: Int
    /// Samples by pixel, row by row without padding; 16 bits little-endian.
    public let bytes: ByteBuffer
    /// The ICC Profile (0028,2000) of the object, for pictures in colour.
    public let iccProfile: ByteBuffer?

    /// Takes the samples of a picture.
    ///
    /// - Throws: `.mismatch` when the bytes are not as many as the sizes say; `.badDescription` for sizes or depths that no
    ///   picture has.
    public init(
        width: Int,
        height: Int,
        channels: Int,
        bitsPerSample: Int,
        bytes: ByteBuffer,
        iccProfile: ByteBuffer? = nil
    ) throws(PixelError) {
        guard (1...65_535).contains(width), (1...65_535).contains(height), [1, 3].contains(channels),
            [8, 16].contains(bitsPerSample)
        else {
            throw PixelError(.badDescription, "a picture of \(width) × \(height), \(channels) × \(bitsPerSample) bits")
        }
        guard bytes.readableBytes == width * height * channels * bitsPerSample / 8 else {
            throw PixelError(.mismatch, "\(bytes.readableBytes) bytes for a picture of \(width) × \(height)")
        }
        self.width = width
        self.height = height
        self.channels = channels
        self.bitsPerSample = bitsPerSample
        self.bytes = bytes
        self.iccProfile = iccProfile
    }

    /// The picture as a frame, for the encoder of JPEG.
    public var pixelFrame: PixelFrame {
        get throws(PixelError) {
            let format = try PixelFormat(
                rows: height,
                columns: width,
                samplesPerPixel: channels,
                bitsAllocated: bitsPerSample,
                photometricInterpretation: channels == 1 ? .monochrome2 : .rgb
            )
            return try PixelFrame(format, bytes)
        }
    }
}
