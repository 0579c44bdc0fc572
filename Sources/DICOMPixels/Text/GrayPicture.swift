public import NIOCore

/// A picture of 8 bits in grey, in which text is looked for.
public struct GrayPicture: Sendable, Hashable {
    /// Larger ones are refused: more than any detector has pixels.
    public static let pixelLimit = 1 << 27
    private static let sizes = 1...32_767

    /// Pixels of a row.
    public let width: Int
    /// Rows.
    public let height: Int
    /// `width × height` levels, row by row, 0 black.
    public let samples: [UInt8]

    /// Takes the levels of a picture.
    ///
    /// - Throws: `.tooLarge`; `.mismatch` when there are more or fewer than the sizes say.
    public init(width: Int, height: Int, samples: [UInt8]) throws(PixelError) {
        guard Self.sizes.contains(width), Self.sizes.contains(height), width * height <= Self.pixelLimit else {
            throw PixelError(.tooLarge, "text is not looked for in a picture of \(width) × \(height)")
        }
        guard samples.count == width * height else {
            throw PixelError(.mismatch, "\(samples.count) levels for a picture of \(width) × \(height)")
        }
        self.width = width
        self.height = height
        self.samples = samples
    }

    /// The levels as bytes.
    public var bytes: ByteBuffer { ByteBuffer(bytes: samples) }
}

extension RenderedImage {
    /// The picture in grey, of colours the brightest of the three: coloured text on black stays bright.
    ///
    /// - Parameter takesDarkest: the darkest of the three instead: coloured text on white stays dark.
    /// - Throws: `.tooLarge`; `.unsupported` for 16 bits.
    public func gray(takesDarkest: Bool = false) throws(PixelError) -> GrayPicture {
        guard bitsPerSample == 8 else { throw PixelError(.unsupported, "text is looked for in 8 bits") }
        guard channels == 3 else {
            return try GrayPicture(width: width, height: height, samples: Array(bytes.readableBytesView))
        }
        let source = bytes.readableBytesUInt8Span
        var samples: [UInt8] = []
        samples.reserveCapacity(width * height)
        for pixel in 0..<width * height {
            let red = source[3 * pixel]
            let green = source[3 * pixel + 1]
            let blue = source[3 * pixel + 2]
            samples.append(takesDarkest ? min(red, green, blue) : max(red, green, blue))
        }
        return try GrayPicture(width: width, height: height, samples: samples)
    }
}
