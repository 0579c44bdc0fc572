import COpenJPEG
import DICOMCore
import NIOCore

/// JPEG 2000 Part 1 (PS3.5 A.4.4), by OpenJPEG.
enum JPEG2000Scheme: FrameScheme {
    static func decode(
        _ encoded: ByteBuffer,
        in transferSyntax: TransferSyntax,
        as format: PixelFormat,
        limits: PixelLimits
    ) throws(PixelError) -> PixelFrame {
        let codestream = try JPEG2000Codestream(encoded)
        let samples = try CodestreamSamples(codestream, as: format)
        let decoded = try format.corrected(by: codestream).decoded(from: transferSyntax)
        // Which library it is tells the codestream, not the label: either kind is seen under the other's.
        return codestream.isForOpenJPH
            ? try HTJ2KScheme.decode(codestream, samples, as: decoded)
            : try decode(codestream, samples, as: decoded)
    }

    /// Decodes a codestream that has been compared with what group 0028 says.
    static func decode(
        _ codestream: JPEG2000Codestream,
        _ samples: CodestreamSamples,
        as decoded: PixelFormat
    ) throws(PixelError) -> PixelFrame {
        // Plain numbers; all are set.
        var image = cassette_j2k_image(samples)
        var widening = cassette_j2k_widening(mask: samples.mask, sign: samples.sign)
        var output = ByteBuffer()
        var result = CASSETTE_J2K_REFUSED
        // The shim fills `frameLength` bytes, the product of what `image` says, and keeps no pointer.
        unsafe output.writeWithUnsafeMutableBytes(minimumWritableBytes: decoded.frameLength) { target in
            // As above; it reads no more than `source.count` bytes.
            unsafe codestream.bytes.withUnsafeReadableBytes { source in
                // As above.
                result = unsafe cassette_j2k_decode(
                    source.bindMemory(to: UInt8.self).baseAddress,
                    source.count,
                    &image,
                    &widening,
                    target.bindMemory(to: UInt8.self).baseAddress
                )
            }
            return result == CASSETTE_J2K_OK ? decoded.frameLength : 0
        }
        switch result {
        case CASSETTE_J2K_OK: return try PixelFrame(decoded, output)
        case CASSETTE_J2K_MISMATCH: throw PixelError(.mismatch, "the codestream has another image")
        case CASSETTE_J2K_MEMORY: throw PixelError(.tooLarge, "no memory for JPEG 2000")
        default: throw PixelError(.malformed, "a JPEG 2000 codestream")
        }
    }

    static func encode(
        _ frame: PixelFrame,
        in transferSyntax: TransferSyntax,
        options: EncodingOptions
    ) throws(PixelError) -> ByteBuffer {
        let samples = try CodestreamSamples(frame)
        var image = cassette_j2k_image(samples)
        var parameters = cassette_j2k_options(
            is_reversible: transferSyntax.isLosslessOnly ? 1 : 0,
            has_color_transform: frame.format.photometricInterpretation == .rgb ? 1 : 0,
            decompositions: UInt32(Decompositions.count(columns: frame.format.columns, rows: frame.format.rows)),
            psnr: Float(LossyQuality(options.quality).psnr(bits: Int(samples.precision)))
        )
        var bytes: UnsafeMutablePointer<UInt8>?
        var length = 0
        // The frame has as many bytes as `image` says; what the shim gives is freed below, once.
        let result = try unsafe frame.withAlignedSamples { source in
            // As above.
            unsafe cassette_j2k_encode(source, &image, &parameters, &bytes, &length)
        }
        // Nothing is given unless the result is OK; freeing nothing is allowed.
        defer { unsafe cassette_j2k_free(bytes) }
        guard result == CASSETTE_J2K_OK else {
            throw PixelError(result == CASSETTE_J2K_MEMORY ? .tooLarge : .notEncodable, "JPEG 2000")
        }
        // The shim says how many bytes there are.
        var output = unsafe ByteBuffer(bytes: UnsafeRawBufferPointer(start: bytes, count: length))
        output.padToEven()
        return output
    }
}

extension cassette_j2k_image {
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
