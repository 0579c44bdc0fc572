import CZlib
import NIOCore

/// Deflates bytes that are in memory as a whole.
enum Deflater {
    /// The compressed bytes; `nil` when zlib refuses, which it does without memory only.
    ///
    /// - Parameter isRaw: without the header and checksum of zlib's own format.
    static func deflate(_ bytes: ByteBuffer, level: Int32, isRaw: Bool) -> ByteBuffer? {
        // What is short needs no long window, and zlib clears all the memory that it is given: 256 KiB with the defaults.
        let isShort = bytes.readableBytes <= 4_096
        let windowBits: Int32 = isShort ? 12 : 15
        let memoryLevel: Int32 = isShort ? 5 : 8
        // Zeros are what zlib expects before deflateInit2_.
        var stream = unsafe z_stream()
        // The structure is a local that does not move while the closures below run, as zlib demands.
        let code = unsafe deflateInit2_(
            &stream,
            level,
            Z_DEFLATED,
            isRaw ? -windowBits : windowBits,
            memoryLevel,
            Z_DEFAULT_STRATEGY,
            ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size)
        )
        guard code == Z_OK else { return nil }
        // Frees what deflateInit2_ allocated, once.
        defer { unsafe _ = deflateEnd(&stream) }
        // The bound holds for one call with Z_FINISH.
        let bound = unsafe Int(deflateBound(&stream, UInt(bytes.readableBytes)))
        var output = ByteBuffer()
        var result = Z_OK
        // Both pointers are used inside the closures only.
        unsafe bytes.withUnsafeReadableBytes { source in
            // zlib's declaration lacks const; it does not write through next_in.
            unsafe stream.next_in = UnsafeMutablePointer(mutating: source.bindMemory(to: UInt8.self).baseAddress)
            // A ByteBuffer holds less than 4 GiB.
            unsafe stream.avail_in = UInt32(source.count)
            // The closure's buffer has at least `bound` bytes.
            unsafe output.writeWithUnsafeMutableBytes(minimumWritableBytes: bound) { target in
                // As above.
                unsafe stream.next_out = target.bindMemory(to: UInt8.self).baseAddress
                // As above.
                unsafe stream.avail_out = UInt32(clamping: target.count)
                // Input and output are set.
                result = unsafe CZlib.deflate(&stream, Z_FINISH)
                // zlib has counted down what it filled.
                return unsafe min(target.count, Int(UInt32(clamping: target.count))) - Int(stream.avail_out)
            }
        }
        return result == Z_STREAM_END ? output : nil
    }
}
