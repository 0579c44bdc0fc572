import CCharLS
import NIOCore

/// Encodes frames as JPEG-LS streams with CharLS.
enum JPEGLSEncoder {
    /// Noise can take more than it had: what CharLS estimates, and a share more.
    private static func capacity(of frame: PixelFrame) -> Int { frame.bytes.readableBytes / 2 * 3 + 4096 }

    /// The stream of a frame, of even length.
    ///
    /// - Parameters:
    ///   - bits: 2 to 16, enough for each sample.
    ///   - near: the largest difference of a sample; 0 for lossless.
    static func encode(_ frame: PixelFrame, bits: Int, near: Int) throws(PixelError) -> ByteBuffer {
        // No memory of ours is involved.
        guard let encoder = unsafe charls_jpegls_encoder_create() else { throw PixelError(.tooLarge, "no memory") }
        // It is ours, and used here only.
        defer { unsafe charls_jpegls_encoder_destroy(encoder) }
        let format = frame.format
        var info = charls_frame_info(
            width: UInt32(format.columns),
            height: UInt32(format.rows),
            bits_per_sample: Int32(bits),
            component_count: Int32(format.samplesPerPixel)
        )
        let samples = narrowed(frame, bits: bits)
        let capacity = capacity(of: frame)
        var code = CHARLS_JPEGLS_ERRC_SUCCESS
        var stream = ByteBuffer()
        // The encoder reads and writes within the buffers whose lengths it is told, while both live.
        unsafe stream.writeWithUnsafeMutableBytes(minimumWritableBytes: capacity) { target in
            // As above.
            unsafe samples.withUnsafeReadableBytes { source in
                var length = 0
                // As above.
                code = unsafe write(encoder, &info, near, source, target, &length)
                return code == CHARLS_JPEGLS_ERRC_SUCCESS ? length : 0
            }
        }
        guard code == CHARLS_JPEGLS_ERRC_SUCCESS else { throw PixelError(charLS: code) }
        stream.padToEven()
        return stream
    }

    // Both buffers live as long as the call.
    private static func write(
        _ encoder: OpaquePointer,
        _ info: inout charls_frame_info,
        _ near: Int,
        _ source: UnsafeRawBufferPointer,
        _ target: UnsafeMutableRawBufferPointer,
        _ length: inout Int
    ) -> charls_jpegls_errc {
        guard let from = source.baseAddress, let to = target.baseAddress else {
            return CHARLS_JPEGLS_ERRC_INVALID_ARGUMENT
        }
        // Lines of colour, as most writers do; grey has nothing to interleave.
        let isColor = info.component_count > 1
        let mode = isColor ? CHARLS_INTERLEAVE_MODE_LINE : CHARLS_INTERLEAVE_MODE_NONE
        // The encoder is told the length of each buffer.
        let codes = unsafe [
            charls_jpegls_encoder_set_frame_info(encoder, &info),
            charls_jpegls_encoder_set_near_lossless(encoder, Int32(near)),
            charls_jpegls_encoder_set_interleave_mode(encoder, mode),
            charls_jpegls_encoder_set_destination_buffer(encoder, to, target.count),
            charls_jpegls_encoder_encode_from_buffer(encoder, from, source.count, 0),
            charls_jpegls_encoder_get_bytes_written(encoder, &length),
        ]
        return codes.first { $0 != CHARLS_JPEGLS_ERRC_SUCCESS } ?? CHARLS_JPEGLS_ERRC_SUCCESS
    }

    /// The samples as wide as CharLS expects them for so many bits.
    private static func narrowed(_ frame: PixelFrame, bits: Int) -> ByteBuffer {
        let source = frame.bytes.aligned()
        guard frame.format.bitsAllocated == 16, bits <= 8 else { return source }
        let count = frame.format.sampleCount
        var result = ByteBuffer()
        // The one has `count` samples of two bytes, the other of one.
        unsafe result.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { target in
            // As above.
            unsafe source.withUnsafeReadableBytes { source in
                for index in 0..<count {
                    // As above: the low byte, the high one is zero.
                    unsafe target[index] = source[2 * index]
                }
            }
            return count
        }
        return result
    }
}
