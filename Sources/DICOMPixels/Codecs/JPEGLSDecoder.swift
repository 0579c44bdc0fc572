import CCharLS
import NIOCore

/// Decodes JPEG-LS streams with CharLS.
///
/// CharLS catches its exceptions itself and gives codes; it writes within the buffer that it is given.
enum JPEGLSDecoder {
    /// The samples of a stream, by pixel.
    ///
    /// - Parameters:
    ///   - stream: from its start of image on.
    ///   - header: what it holds; agrees with the frame that is wanted.
    ///   - bytesPerSample: 1 or 2, and not less than the stream's samples need.
    static func decode(
        _ stream: ByteBuffer,
        _ header: JPEGHeader,
        bytesPerSample: Int
    ) throws(PixelError) -> ByteBuffer {
        let samples: ByteBuffer
        if hasEnd(stream, after: header.scanPlace) {
            samples = try decodeWhole(stream, header)
        } else {
            samples = try decodeWithoutEnd(stream, header)
        }
        let isPlanar = header.components.count > 1 && header.interleaveMode == 0
        let streamBytes = header.precision <= 8 ? 1 : 2
        guard isPlanar || streamBytes != bytesPerSample else { return samples }
        return arrange(samples, header, from: streamBytes, to: bytesPerSample, isPlanar: isPlanar)
    }

    /// The samples of a stream whose end (EOI) was left out, with or without the byte that pads it to even length.
    private static func decodeWithoutEnd(_ stream: ByteBuffer, _ header: JPEGHeader) throws(PixelError) -> ByteBuffer {
        let samples: ByteBuffer
        do throws(PixelError) {
            // CharLS 2.4.1 loops for ever in a scan that no marker ends.
            samples = try decodeWhole(appending([0xFF, 0xD9], to: stream), header)
        } catch {
            guard stream.readableBytesView.last == 0,
                let unpadded = stream.getSlice(at: stream.readerIndex, length: stream.readableBytes - 1)
            else { throw error }
            // With the byte it was too much: nothing is missing in front of it.
            return try decodeWhole(appending([0xFF, 0xD9], to: unpadded), header)
        }
        // It reads bits beyond the end as zeros, up to some of the last pixel's. Were they missing, a byte more is welcome;
        // otherwise it is too much.
        guard (try? decodeWhole(appending([0, 0xFF, 0xD9], to: stream), header)) == nil else {
            throw PixelError(.malformed, "the stream ends too early")
        }
        return samples
    }

    /// Whether the stream has its end (EOI): in a scan, no byte above 7FH follows FFH.
    private static func hasEnd(_ stream: ByteBuffer, after place: Int) -> Bool {
        // Reads within the bounds only.
        unsafe stream.withUnsafeReadableBytes { bytes in
            var index = bytes.count - 2
            while index >= place {
                // As above.
                if unsafe bytes[index] == 0xFF && bytes[index + 1] == 0xD9 { return true }
                index -= 1
            }
            return false
        }
    }

    private static func appending(_ bytes: [UInt8], to stream: ByteBuffer) -> ByteBuffer {
        var result = ByteBuffer()
        result.reserveCapacity(stream.readableBytes + bytes.count)
        result.writeImmutableBuffer(stream)
        result.writeBytes(bytes)
        return result
    }

    private static func decodeWhole(_ stream: ByteBuffer, _ header: JPEGHeader) throws(PixelError) -> ByteBuffer {
        // No memory of ours is involved.
        guard let decoder = unsafe charls_jpegls_decoder_create() else { throw PixelError(.tooLarge, "no memory") }
        // It is ours, and used here only.
        defer { unsafe charls_jpegls_decoder_destroy(decoder) }
        let length = header.rows * header.columns * header.components.count * (header.precision <= 8 ? 1 : 2)
        var samples = ByteBuffer()
        var code = CHARLS_JPEGLS_ERRC_SUCCESS
        // The decoder reads and writes within the buffers whose lengths it is told, while both live.
        unsafe samples.writeWithUnsafeMutableBytes(minimumWritableBytes: length) { target in
            // As above.
            unsafe stream.withUnsafeReadableBytes { source in
                // As above.
                code = unsafe read(decoder, source, header, UnsafeMutableRawBufferPointer(rebasing: target[..<length]))
            }
            return code == CHARLS_JPEGLS_ERRC_SUCCESS ? length : 0
        }
        guard code == CHARLS_JPEGLS_ERRC_SUCCESS else { throw PixelError(charLS: code) }
        return samples
    }

    // Both buffers live as long as the call.
    private static func read(
        _ decoder: OpaquePointer,
        _ source: UnsafeRawBufferPointer,
        _ header: JPEGHeader,
        _ target: UnsafeMutableRawBufferPointer
    ) -> charls_jpegls_errc {
        guard let from = source.baseAddress, let to = target.baseAddress else {
            return CHARLS_JPEGLS_ERRC_INVALID_ARGUMENT
        }
        // The decoder is told the length of each buffer.
        var code = unsafe charls_jpegls_decoder_set_source_buffer(decoder, from, source.count)
        guard code == CHARLS_JPEGLS_ERRC_SUCCESS else { return code }
        // As above.
        code = unsafe charls_jpegls_decoder_read_header(decoder)
        guard code == CHARLS_JPEGLS_ERRC_SUCCESS else { return code }
        var frame = charls_frame_info()
        // As above.
        code = unsafe charls_jpegls_decoder_get_frame_info(decoder, &frame)
        guard code == CHARLS_JPEGLS_ERRC_SUCCESS else { return code }
        guard frame.width == UInt32(header.columns), frame.height == UInt32(header.rows),
            frame.bits_per_sample == Int32(header.precision), frame.component_count == Int32(header.components.count)
        else { return CHARLS_JPEGLS_ERRC_INVALID_ARGUMENT }
        // As above.
        return unsafe charls_jpegls_decoder_decode_to_buffer(decoder, to, target.count, 0)
    }

    /// Samples by pixel, as wide as is wanted.
    private static func arrange(
        _ samples: ByteBuffer,
        _ header: JPEGHeader,
        from streamBytes: Int,
        to bytesPerSample: Int,
        isPlanar: Bool
    ) -> ByteBuffer {
        let pixels = header.rows * header.columns
        let components = header.components.count
        let length = pixels * components * bytesPerSample
        var result = ByteBuffer()
        // Each sample of the one has its place in the other: pixels * components of both.
        unsafe result.writeWithUnsafeMutableBytes(minimumWritableBytes: length) { target in
            // As above.
            unsafe samples.withUnsafeReadableBytes { source in
                for component in 0..<components {
                    for pixel in 0..<pixels {
                        let to = pixel * components + component
                        let from = isPlanar ? component * pixels + pixel : to
                        if bytesPerSample == 1 {
                            // As above.
                            unsafe target[to] = source[from]
                            continue
                        }
                        // As above.
                        let sample =
                            unsafe streamBytes == 1
                            ? UInt16(source[from])
                            : source.loadUnaligned(fromByteOffset: 2 * from, as: UInt16.self)
                        // As above.
                        unsafe target.storeBytes(of: sample, toByteOffset: 2 * to, as: UInt16.self)
                    }
                }
            }
            return length
        }
        return result
    }
}

extension PixelError {
    /// What a code of CharLS means, in its words.
    init(charLS code: charls_jpegls_errc) {
        // A text of the library that lives for ever.
        let text = unsafe charls_get_error_message(code).map { unsafe String(cString: $0) } ?? ""
        self.init(code == CHARLS_JPEGLS_ERRC_NOT_ENOUGH_MEMORY ? .tooLarge : .malformed, text)
    }
}
