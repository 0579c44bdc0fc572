import CJPEG
import NIOCore

/// The libraries behind JPEG: each knows some processes and precisions.
enum JPEGLibrary: Sendable, Hashable {
    /// libjpeg-turbo: lossy, 8 bits.
    case turbo
    /// The IJG code as GDCM builds it for 8, 12 and 16 bits: lossless; lossy in 12 bits.
    case gdcm8
    case gdcm12
    case gdcm16

    /// The library for a stream.
    ///
    /// The stream decides, not the Transfer Syntax: lossless streams under the name of Baseline are common.
    ///
    /// - Throws: `.unsupported` for precisions that lossy JPEG has not (ISO/IEC 10918-1 B.2.2).
    init(_ header: JPEGHeader) throws(PixelError) {
        switch (header.process, header.precision) {
        case (.lossless, ...8): self = .gdcm8
        case (.lossless, ...12): self = .gdcm12
        case (.lossless, _): self = .gdcm16
        case (.sequential, 8), (.progressive, 8): self = .turbo
        case (.sequential, 12), (.progressive, 12): self = .gdcm12
        default: throw PixelError(.unsupported, "lossy JPEG of \(header.precision) bits")
        }
    }

    /// The library that makes lossless streams for samples of so many bits.
    init(losslessFor bits: Int) {
        self = bits <= 8 ? .gdcm8 : bits <= 12 ? .gdcm12 : .gdcm16
    }

    /// The precision of the streams that the library makes, and reads without help.
    var precision: Int {
        switch self {
        case .turbo, .gdcm8: 8
        case .gdcm12: 12
        case .gdcm16: 16
        }
    }

    private var number: cassette_jpeg_library {
        switch self {
        case .turbo: CASSETTE_JPEG_TURBO
        case .gdcm8: CASSETTE_JPEG_GDCM8
        case .gdcm12: CASSETTE_JPEG_GDCM12
        case .gdcm16: CASSETTE_JPEG_GDCM16
        }
    }

    /// Decodes a stream.
    ///
    /// - Parameters:
    ///   - stream: from its start of image on.
    ///   - length: bytes of all samples.
    func decode(_ stream: ByteBuffer, _ image: cassette_jpeg_image, length: Int) throws(PixelError) -> ByteBuffer {
        var image = image
        var message = cassette_jpeg_message()
        var code: Int32 = 0
        var samples = ByteBuffer()
        // The function writes `length` bytes at most, and all of them when it succeeds.
        unsafe samples.writeWithUnsafeMutableBytes(minimumWritableBytes: length) { target in
            // As above; it reads within the readable bytes.
            unsafe stream.withUnsafeReadableBytes { source in
                // As above.
                code = unsafe cassette_jpeg_decode(
                    number,
                    source.baseAddress?.assumingMemoryBound(to: UInt8.self),
                    source.count,
                    &image,
                    target.baseAddress,
                    length,
                    &message
                )
            }
            return code == 0 ? length : 0
        }
        guard code == 0 else { throw Self.error(code, message) }
        return samples
    }

    /// Encodes samples.
    ///
    /// - Returns: the stream, of even length.
    func encode(_ samples: ByteBuffer, _ image: cassette_jpeg_image) throws(PixelError) -> ByteBuffer {
        var image = image
        var message = cassette_jpeg_message()
        var stream: UnsafeMutablePointer<UInt8>?
        var length = 0
        // It reads within the readable bytes, whose number it compares with the image.
        let code = unsafe samples.aligned().withUnsafeReadableBytes { source in
            // As above.
            unsafe cassette_jpeg_encode(
                number,
                source.baseAddress,
                source.count,
                &image,
                &stream,
                &length,
                &message
            )
        }
        // What it made is ours, also when it is nothing.
        defer { unsafe cassette_jpeg_free(stream) }
        guard code == 0 else { throw Self.error(code, message) }
        // The stream has `length` bytes.
        var result = unsafe ByteBuffer(bytes: UnsafeRawBufferPointer(start: stream, count: length))
        result.padToEven()
        return result
    }

    private static func error(_ code: Int32, _ message: cassette_jpeg_message) -> PixelError {
        var text = message.text
        // An array of characters that always ends with a zero.
        let detail = unsafe withUnsafeBytes(of: &text) { bytes in
            // As above.
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        switch UInt32(bitPattern: code) {
        case CASSETTE_JPEG_MISMATCH.rawValue: return PixelError(.mismatch, detail)
        case CASSETTE_JPEG_MEMORY.rawValue: return PixelError(.tooLarge, detail)
        default: return PixelError(.malformed, detail)
        }
    }
}

extension ByteBuffer {
    /// The same bytes where words can be read from the first one on.
    func aligned() -> ByteBuffer {
        // Only the address is looked at.
        let isAligned = unsafe withUnsafeReadableBytes { bytes in Int(bitPattern: bytes.baseAddress) % 2 == 0 }
        return isAligned ? self : ByteBuffer(bytes: readableBytesView)
    }
}
