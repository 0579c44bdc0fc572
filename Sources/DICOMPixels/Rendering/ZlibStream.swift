import CZlib
import NIOCore

/// A zlib stream (RFC 1950) that is made piece by piece.
// Safe: the pointer never leaves the structure, which cannot be copied, and is valid until `deinit`.
@safe struct ZlibStream: ~Copyable {
    // zlib refers to the structure by address, so it has one of its own until the stream ends.
    private let stream: UnsafeMutablePointer<z_stream>

    /// - Throws: `.notEncodable` without memory.
    init(level: Int32) throws(PixelError) {
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        // Zeros are what zlib expects before deflateInit_.
        unsafe stream.initialize(to: z_stream())
        // The structure is initialised and stays where it is.
        let code = unsafe deflateInit_(stream, level, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard code == Z_OK else {
            // Allocated above, and nobody else has it.
            unsafe stream.deallocate()
            throw PixelError(.notEncodable, "zlib is out of memory")
        }
        // Kept until deinit.
        unsafe self.stream = stream
    }

    deinit {
        // Frees what deflateInit_ allocated, once.
        unsafe _ = deflateEnd(stream)
        // Allocated in init.
        unsafe stream.deallocate()
    }

    /// The compressed bytes that are ready; all that are left when `isLast`.
    mutating func deflate(_ bytes: [UInt8], isLast: Bool) throws(PixelError) -> ByteBuffer {
        var output = ByteBuffer()
        var code = Z_OK
        // All pointers are used inside the closures only; zlib stops at the counts that it is given.
        unsafe bytes.withUnsafeBufferPointer { source in
            // zlib's declaration lacks const; it does not write through next_in.
            unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
            // Pieces are far below 4 GiB.
            unsafe stream.pointee.avail_in = UInt32(clamping: source.count)
            var goesOn = true
            while goesOn {
                // As above.
                unsafe output.writeWithUnsafeMutableBytes(minimumWritableBytes: 64 << 10) { target in
                    // As above.
                    unsafe stream.pointee.next_out = target.bindMemory(to: UInt8.self).baseAddress
                    // As above.
                    unsafe stream.pointee.avail_out = UInt32(clamping: target.count)
                    // Input and output are set.
                    code = unsafe CZlib.deflate(stream, isLast ? Z_FINISH : Z_NO_FLUSH)
                    // zlib has counted down what it filled.
                    return unsafe min(target.count, Int(UInt32(clamping: target.count))) - Int(stream.pointee.avail_out)
                }
                // The counts are zlib's own, as it left them.
                let isFull = unsafe stream.pointee.avail_in > 0 || stream.pointee.avail_out == 0
                goesOn = code == Z_OK && (isLast || isFull)
            }
        }
        // Without input to take and output to make zlib says Z_BUF_ERROR, which is none.
        guard code == Z_STREAM_END || (!isLast && (code == Z_OK || code == Z_BUF_ERROR)) else {
            throw PixelError(.notEncodable, "zlib cannot compress (\(code))")
        }
        return output
    }
}

/// Checksums that zlib works out.
enum Checksum {
    /// CRC-32 of ISO/IEC 15948 Annex D.
    static func crc32(_ bytes: ByteBuffer) -> UInt32 {
        // zlib reads as many bytes as the count says, which is that of the buffer; a ByteBuffer holds less than 4 GiB.
        unsafe bytes.withUnsafeReadableBytes { source in
            let start = unsafe source.bindMemory(to: UInt8.self).baseAddress
            return unsafe UInt32(truncatingIfNeeded: CZlib.crc32(0, start, UInt32(clamping: source.count)))
        }
    }
}
