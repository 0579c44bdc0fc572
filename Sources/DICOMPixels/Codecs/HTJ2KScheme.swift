import COpenJPH
import DICOMCore
import NIOCore

/// High-Throughput JPEG 2000 (ISO/IEC 15444-15, PS3.5 10.18), by OpenJPH.
enum HTJ2KScheme: FrameScheme {
    static func decode(
        _ encoded: ByteBuffer,
        in transferSyntax: TransferSyntax,
        as format: PixelFormat,
        limits: PixelLimits
    ) throws(PixelError) -> PixelFrame {
        try JPEG2000Scheme.decode(encoded, in: transferSyntax, as: format, limits: limits)
    }

    /// Decodes a codestream that has been compared with what group 0028 says.
    static func decode(
        _ codestream: JPEG2000Codestream,
        _ samples: CodestreamSamples,
        as decoded: PixelFormat
    ) throws(PixelError) -> PixelFrame {
        var image = cassette_jph_image(samples)
        var widening = cassette_jph_widening(mask: samples.mask, sign: samples.sign)
        var output = ByteBuffer()
        var result = CASSETTE_JPH_REFUSED
        // The shim fills `frameLength` bytes, the product of what `image` says, and keeps no pointer.
        unsafe output.writeWithUnsafeMutableBytes(minimumWritableBytes: decoded.frameLength) { target in
            // As above; it reads no more than `source.count` bytes.
            unsafe codestream.bytes.withUnsafeReadableBytes { source in
                // As above.
                result = unsafe cassette_jph_decode(
                    source.bindMemory(to: UInt8.self).baseAddress,
                    source.count,
                    &image,
                    &widening,
                    target.bindMemory(to: UInt8.self).baseAddress
                )
            }
            return result == CASSETTE_JPH_OK ? decoded.frameLength : 0
        }
        switch result {
        case CASSETTE_JPH_OK: return try PixelFrame(decoded, output)
        case CASSETTE_JPH_MISMATCH: throw PixelError(.mismatch, "the codestream has another image")
        case CASSETTE_JPH_MEMORY: throw PixelError(.tooLarge, "no memory for HTJ2K")
        // Some of what Part 15 allows only OpenJPEG reads, such as markers that OpenJPH does not know.
        case CASSETTE_JPH_UNSUPPORTED: return try JPEG2000Scheme.decode(codestream, samples, as: decoded)
        default: throw PixelError(.malformed, "an HTJ2K codestream")
        }
    }

    static func encode(
        _ frame: PixelFrame,
        in transferSyntax: TransferSyntax,
        options: EncodingOptions
    ) throws(PixelError) -> ByteBuffer {
        let samples = try CodestreamSamples(frame)
        var image = cassette_jph_image(samples)
        var parameters = cassette_jph_options(
            is_reversible: transferSyntax.isLosslessOnly ? 1 : 0,
            has_color_transform: frame.format.photometricInterpretation == .rgb ? 1 : 0,
            decompositions: UInt32(Decompositions.count(columns: frame.format.columns, rows: frame.format.rows)),
            step: LossyQuality(options.quality).step(bits: Int(samples.precision))
        )
        var bytes: UnsafeMutablePointer<UInt8>?
        var length = 0
        // The frame has as many bytes as `image` says; what the shim gives is freed below, once.
        let result = try unsafe frame.withAlignedSamples { source in
            // As above.
            unsafe cassette_jph_encode(source, &image, &parameters, &bytes, &length)
        }
        // Nothing is given unless the result is OK; freeing nothing is allowed.
        defer { unsafe cassette_jph_free(bytes) }
        guard result == CASSETTE_JPH_OK else {
            throw PixelError(result == CASSETTE_JPH_MEMORY ? .tooLarge : .notEncodable, "HTJ2K")
        }
        // The shim says how many bytes there are.
        let codestream = unsafe ByteBuffer(bytes: UnsafeRawBufferPointer(start: bytes, count: length))
        var output = try TileLengthMarker.inserted(into: codestream)
        output.padToEven()
        return output
    }
}

extension cassette_jph_image {
    fileprivate init(_ samples: CodestreamSamples) {
        self.init(
            columns: samples.columns,
            rows: samples.rows,
            samples: samples.samples,
            precision: samples.precision,
            is_signed: samples.isSigned ? 1 : 0,
            sample_bytes: samples.sampleBytes
        )
    }
}
