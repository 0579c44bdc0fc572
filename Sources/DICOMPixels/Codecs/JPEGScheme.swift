import CJPEG
import DICOMCore
import NIOCore

/// JPEG: Baseline, Extended, Lossless (1.2.840.10008.1.2.4.50, .51, .57, .70).
///
/// Which process a stream has, the stream says; the Transfer Syntax only says what comes out (``PixelFormat``).
enum JPEGScheme: FrameScheme {
    static func decode(
        _ encoded: ByteBuffer,
        in transferSyntax: TransferSyntax,
        as format: PixelFormat,
        limits: PixelLimits
    ) throws(PixelError) -> PixelFrame {
        let header = try JPEGHeader(encoded)
        guard header.process != .jpegLS else {
            return try JPEGLSScheme.decode(encoded, in: transferSyntax, as: format, limits: limits)
        }
        let target = try format.decoded(from: transferSyntax)
        try header.demandMatch(format)
        try target.demandWithin(limits)
        let library = try JPEGLibrary(header)
        let convertsColor = target.photometricInterpretation == .rgb && header.isYBR(labelled: format)
        let isForeign = header.precision != library.precision
        guard !isForeign || !convertsColor else {
            throw PixelError(.unsupported, "lossless colour of \(header.precision) bits that is not RGB")
        }
        var image = cassette_jpeg_image(format, precision: header.precision)
        image.converts_color = convertsColor ? 1 : 0
        image.precision_place = isForeign ? header.precisionPlace : 0
        var stream = encoded
        stream.moveReaderIndex(forwardBy: header.start)
        var samples = try library.decode(stream, image, length: target.frameLength)
        if header.process != .lossless { SampleRange.clamp(&samples, to: format, precision: header.precision) }
        SampleRange.extendSigns(of: &samples, as: format, from: format.bitsStored, precision: header.precision)
        return try PixelFrame(target, samples)
    }

    static func encode(
        _ frame: PixelFrame,
        in transferSyntax: TransferSyntax,
        options: EncodingOptions
    ) throws(PixelError) -> ByteBuffer {
        let format = frame.format
        try format.demandJPEGSamples()
        let bits = SampleRange.bits(of: frame)
        switch transferSyntax {
        case .jpegBaseline, .jpegExtended:
            let isExtended = transferSyntax == .jpegExtended
            try demandLossy(format, bits: bits, mostBits: isExtended ? 12 : 8)
            let library = bits <= 8 ? JPEGLibrary.turbo : .gdcm12
            var image = cassette_jpeg_image(format, precision: library.precision)
            image.quality = UInt32(min(100, max(1, options.quality)))
            return try library.encode(frame.bytes, image)
        default:
            // Streams have the precision of their library, 8, 12 or 16 bits: decoders built on the IJG code refuse others.
            let library = JPEGLibrary(losslessFor: bits)
            return try library.encode(frame.bytes, cassette_jpeg_image(format, precision: library.precision))
        }
    }

    /// Lossy JPEG takes grey and colour without a sign (PS3.5 8.2.1): indices of a palette and numbers that wrap around
    /// would become others.
    private static func demandLossy(_ format: PixelFormat, bits: Int, mostBits: Int) throws(PixelError) {
        guard format.kind == .unsigned else {
            throw PixelError(.notEncodable, "lossy JPEG has no signed samples", tag: .pixelRepresentation)
        }
        guard bits <= mostBits, format.highBit == format.bitsStored - 1 else {
            throw PixelError(.notEncodable, "lossy JPEG of \(bits) bits", tag: .bitsStored)
        }
        switch format.photometricInterpretation {
        case .monochrome1, .monochrome2, .rgb, .ybrFull: return
        default:
            throw PixelError(.notEncodable, "lossy JPEG of these colours", tag: .photometricInterpretation)
        }
    }
}

extension PixelFormat {
    /// Throws `.notEncodable` for samples that JPEG and JPEG-LS do not have.
    func demandJPEGSamples() throws(PixelError) {
        guard bitsAllocated == 8 || bitsAllocated == 16 else {
            throw PixelError(.notEncodable, "JPEG of \(bitsAllocated) bits", tag: .bitsAllocated)
        }
    }
}

extension JPEGHeader {
    /// Throws unless the stream holds the image that group 0028 describes, before anything is allocated for it.
    func demandMatch(_ format: PixelFormat) throws(PixelError) {
        guard format.bitsAllocated == 8 || format.bitsAllocated == 16 else {
            throw PixelError(.unsupported, "JPEG in \(format.bitsAllocated) bits", tag: .bitsAllocated)
        }
        guard rows == format.rows else { throw PixelError(.mismatch, "the stream has \(rows) rows", tag: .rows) }
        guard columns == format.columns else {
            throw PixelError(.mismatch, "the stream has \(columns) columns", tag: .columns)
        }
        guard components.count == format.samplesPerPixel else {
            throw PixelError(.mismatch, "the stream has \(components.count) components", tag: .samplesPerPixel)
        }
        guard precision <= format.bitsAllocated else {
            throw PixelError(.mismatch, "the stream has \(precision) bits", tag: .bitsAllocated)
        }
        guard process != .lossless || Int(pointTransform) < precision else {
            throw PixelError(.malformed, "a point transform of \(pointTransform) that leaves no bits")
        }
    }

    /// Whether the samples are luminance and chrominance.
    ///
    /// A lossless stream says nothing about colour: the label is right. A lossy one says it by a JFIF segment (always
    /// YCbCr), by Adobe's transform, or by the identifiers R, G and B. With none of these the label decides, as it does in
    /// DCMTK and GDCM; but RGB with subsampled components is no RGB: nobody subsamples green or blue.
    func isYBR(labelled format: PixelFormat) -> Bool {
        guard components.count == 3 else { return false }
        let isLabelledRGB = format.photometricInterpretation == .rgb
        guard process != .lossless else { return !isLabelledRGB }
        if hasJFIF { return true }
        if let adobeTransform { return adobeTransform != 0 }
        if components.map(\.identifier) == Array("RGB".utf8) { return false }
        let isSubsampled = components.contains { component in
            component.horizontalSampling != components[0].horizontalSampling
                || component.verticalSampling != components[0].verticalSampling
        }
        return !isLabelledRGB || isSubsampled
    }
}

extension cassette_jpeg_image {
    /// What the libraries need to know of a frame.
    init(_ format: PixelFormat, precision: Int) {
        self.init()
        columns = UInt32(format.columns)
        rows = UInt32(format.rows)
        components = UInt32(format.samplesPerPixel)
        sample_size = UInt32(format.bitsAllocated / 8)
        is_rgb = format.photometricInterpretation == .rgb ? 1 : 0
        self.precision = UInt32(precision)
    }
}
