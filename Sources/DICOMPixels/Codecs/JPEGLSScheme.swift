import CCharLS
import DICOMCore
import NIOCore

/// JPEG-LS: lossless and near-lossless (1.2.840.10008.1.2.4.80, .81).
enum JPEGLSScheme: FrameScheme {
    static func decode(
        _ encoded: ByteBuffer,
        in transferSyntax: TransferSyntax,
        as format: PixelFormat,
        limits: PixelLimits
    ) throws(PixelError) -> PixelFrame {
        let header = try JPEGHeader(encoded)
        guard header.process == .jpegLS else {
            return try JPEGScheme.decode(encoded, in: transferSyntax, as: format, limits: limits)
        }
        let target = try format.decoded(from: transferSyntax)
        try header.demandMatch(format)
        try header.demandHonestParameters()
        try target.demandWithin(limits)
        guard target.photometricInterpretation != .rgb || format.photometricInterpretation == .rgb else {
            throw PixelError(.unsupported, "JPEG-LS colour that is not RGB in a Transfer Syntax of JPEG")
        }
        var stream = encoded
        stream.moveReaderIndex(forwardBy: header.start)
        var samples = try JPEGLSDecoder.decode(stream, header, bytesPerSample: format.bitsAllocated / 8)
        // Streams narrower than Bits Stored exist: their samples have their sign where they end.
        let bits = min(format.bitsStored, header.precision)
        SampleRange.extendSigns(of: &samples, as: format, from: bits, precision: header.precision)
        return try PixelFrame(target, samples)
    }

    static func encode(
        _ frame: PixelFrame,
        in transferSyntax: TransferSyntax,
        options: EncodingOptions
    ) throws(PixelError) -> ByteBuffer {
        let format = frame.format
        try format.demandJPEGSamples()
        let isLossy = transferSyntax == .jpegLSNearLossless
        guard !isLossy || format.photometricInterpretation != .paletteColor else {
            throw PixelError(.notEncodable, "indices of a palette cannot be nearly right")
        }
        // Two bits are the least that JPEG-LS has.
        let bits = max(2, SampleRange.bits(of: frame))
        let near = isLossy ? min(max(0, options.nearLossless), min(255, ((1 << bits) - 1) / 2)) : 0
        guard SampleRange.keepsSigns(of: frame, changedBy: near) else {
            throw PixelError(.notEncodable, "signed samples too near to the border of their range")
        }
        return try JPEGLSEncoder.encode(frame, bits: bits, near: near)
    }
}

extension JPEGHeader {
    /// NEAR of the first scan, and its interleave mode: 0 none, 1 line, 2 sample.
    var nearLossless: Int { Int(scanStart) }
    var interleaveMode: UInt8 { scanEnd }

    /// Throws for parameters outside the ranges of ISO/IEC 14495-1 C.2.3 and C.2.4.1.
    func demandHonestParameters() throws(PixelError) {
        let highest = (1 << precision) - 1
        let maximum = maximumSample ?? highest
        guard maximum <= highest, nearLossless <= min(255, maximum / 2), interleaveMode <= 2 else {
            throw PixelError(.malformed, "JPEG-LS parameters out of range")
        }
        // With another RESET than the default one, CharLS up to 2.4 takes colour by pixel for one component, reads
        // beyond its memory, and gives that as samples.
        guard interleaveMode != 2 || components.count == 1 || (resetInterval ?? 64) == 64 else {
            throw PixelError(.unsupported, "JPEG-LS colour by pixel with RESET \(resetInterval ?? 0)")
        }
    }
}
