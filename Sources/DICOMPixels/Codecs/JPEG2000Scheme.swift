import COpenJPEG
import DICOMCore
import NIOCore

/// JPEG 2000 Part 1 (PS3.5 A.4.4).
enum JPEG2000Scheme: FrameScheme {
    static func decode(
        _ encoded: ByteBuffer,
        in transferSyntax: TransferSyntax,
        as format: PixelFormat,
        limits: PixelLimits
    ) throws(PixelError) -> PixelFrame {
        let codestream = try JPEG2000Codestream(encoded)
        let samples = try CodestreamSamples(codestream, as: format)
        // Code-blocks of Part 15 under the label of Part 1 are seen; their own library is faster.
        if codestream.isForOpenJPH,
            let frame = try? HTJ2KScheme.decode(codestream, samples, as: format.decoded(from: transferSyntax))
        {
            return try frame.withoutSubsampledLabel(format, codestream)
        }
        let frame = try decode(codestream, samples, as: format.decoded(from: transferSyntax))
        return try frame.withoutSubsampledLabel(format, codestream)
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

/// How often an image is halved.
enum Decompositions {
    /// Five times as is usual, more for the smallest to fit 64 by 64 (PS3.5 10.18), fewer where nothing is left to halve.
    static func count(columns: Int, rows: Int) -> Int {
        let shortest = min(columns, rows)
        var count = 0
        var (width, height) = (columns, rows)
        // 2^16 is more than any side; OpenJPEG refuses to halve a side beyond one pixel.
        while count < 16, count < 5 || max(width, height) > 64, 2 << count <= shortest {
            width = (width + 1) / 2
            height = (height + 1) / 2
            count += 1
        }
        return count
    }
}

/// What a quality from 1 to 100 means for wavelets.
struct LossyQuality {
    private let quality: Double

    init(_ quality: Int) {
        self.quality = Double(min(100, max(1, quality)))
    }

    /// The ratio of the largest sample to the error, in dB: 28 to 55 for 8 bits, half a bit more for each bit beyond.
    ///
    /// An error of one grey level of 8 is what eyes see; samples of more bits are there to be windowed.
    func psnr(bits: Int) -> Double { 28 + 0.27 * quality + 3 * Double(max(0, bits - 8)) }
}
