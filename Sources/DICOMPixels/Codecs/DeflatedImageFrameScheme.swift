import CZlib
import DICOMCore
import NIOCore

/// Deflated Image Frame Compression: each frame a raw deflate stream (RFC 1951, PS3.5 A.4.13).
enum DeflatedImageFrameScheme: FrameScheme {
    static func decode(
        _ encoded: ByteBuffer,
        in transferSyntax: TransferSyntax,
        as format: PixelFormat,
        limits: PixelLimits
    ) throws(PixelError) -> PixelFrame {
        let length = format.frameLength
        // Zeros are what zlib expects before inflateInit2_; the structure does not move while it is in use.
        var stream = unsafe z_stream()
        // -15: raw deflate without a zlib header, the largest window.
        let code = unsafe inflateInit2_(&stream, -15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard code == Z_OK else { throw PixelError(.tooLarge, "no memory to inflate") }
        // Frees what inflateInit2_ allocated, once.
        defer { unsafe _ = inflateEnd(&stream) }
        var output = ByteBuffer()
        var result = Z_OK
        // Room for one byte more, so that a longer stream shows; `length` is below 4 GiB, as is any ByteBuffer.
        unsafe output.writeWithUnsafeMutableBytes(minimumWritableBytes: length + 1) { target in
            // zlib is done with both pointers when the closures return.
            unsafe encoded.withUnsafeReadableBytes { source in
                // zlib's declaration lacks const; it does not write through next_in.
                unsafe stream.next_in = UnsafeMutablePointer(mutating: source.bindMemory(to: UInt8.self).baseAddress)
                // As above.
                unsafe stream.avail_in = UInt32(source.count)
                // As above.
                unsafe stream.next_out = target.bindMemory(to: UInt8.self).baseAddress
                // As above.
                unsafe stream.avail_out = UInt32(length + 1)
                // Input and output are set above.
                result = unsafe inflate(&stream, Z_FINISH)
            }
            // zlib has counted down what it filled.
            return unsafe length + 1 - Int(stream.avail_out)
        }
        guard result == Z_STREAM_END else {
            let isTooLong = output.readableBytes > length
            throw PixelError(isTooLong ? .mismatch : .malformed, "a deflated frame")
        }
        return try PixelFrame(format, output)
    }

    static func encode(
        _ frame: PixelFrame,
        in transferSyntax: TransferSyntax,
        options: EncodingOptions
    ) throws(PixelError) -> ByteBuffer {
        // As in `decode`.
        var stream = unsafe z_stream()
        // The default level, window and memory; raw.
        let code = unsafe deflateInit2_(
            &stream,
            Z_DEFAULT_COMPRESSION,
            Z_DEFLATED,
            -15,
            8,
            Z_DEFAULT_STRATEGY,
            ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size)
        )
        guard code == Z_OK else { throw PixelError(.tooLarge, "no memory to deflate") }
        // Frees what deflateInit2_ allocated, once.
        defer { unsafe _ = deflateEnd(&stream) }
        // The bound holds for one call with Z_FINISH.
        let bound = unsafe Int(deflateBound(&stream, UInt(frame.bytes.readableBytes)))
        guard bound < UInt32.max else { throw PixelError(.tooLarge, "a deflated frame of 4 GiB") }
        var output = ByteBuffer()
        var result = Z_OK
        // The buffer has at least `bound` bytes.
        unsafe output.writeWithUnsafeMutableBytes(minimumWritableBytes: bound) { target in
            // As in `decode`.
            unsafe frame.bytes.withUnsafeReadableBytes { source in
                // As in `decode`.
                unsafe stream.next_in = UnsafeMutablePointer(mutating: source.bindMemory(to: UInt8.self).baseAddress)
                // As in `decode`.
                unsafe stream.avail_in = UInt32(source.count)
                // As above.
                unsafe stream.next_out = target.bindMemory(to: UInt8.self).baseAddress
                // As above.
                unsafe stream.avail_out = UInt32(bound)
                // Input and output are set above.
                result = unsafe deflate(&stream, Z_FINISH)
            }
            // zlib has counted down what it filled.
            return unsafe bound - Int(stream.avail_out)
        }
        guard result == Z_STREAM_END else { throw PixelError(.notEncodable, "zlib refused the frame") }
        output.padToEven()
        return output
    }
}
