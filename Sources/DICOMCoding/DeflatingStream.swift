import CZlib
import NIOCore

/// Deflates bytes piece by piece into a raw stream (RFC 1951, PS3.5 A.5).
// Safe: the pointer never leaves the class and is valid until `deinit`. Not Sendable: one owner at a time.
@safe final class DeflatingStream {
    // zlib keeps the address of the structure, so it must not move: hence memory of its own.
    private let state: UnsafeMutablePointer<z_stream>
    private let isUsable: Bool

    /// Begins a stream at a level from 1 (fast) to 9 (small).
    init(level: Int32) {
        // Freed in deinit, exactly once: the class owns it and never hands it out.
        unsafe state = .allocate(capacity: 1)
        // Fresh memory must be initialised before zlib reads it.
        unsafe state.initialize(to: z_stream())
        // -15: raw deflate without a zlib header, the largest window.
        let code = unsafe deflateInit2_(
            state,
            level,
            Z_DEFLATED,
            -15,
            8,
            Z_DEFAULT_STRATEGY,
            ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size)
        )
        isUsable = code == Z_OK
    }

    deinit {
        // Releases what zlib allocated; harmless when nothing was.
        _ = unsafe deflateEnd(state)
        // The only owner is gone.
        unsafe state.deallocate()
    }

    /// Deflates the next bytes, and what is left of all before them if they are the last.
    ///
    /// - Returns: `false` when zlib refuses, which it does without memory only.
    func deflate(_ input: ByteBuffer, isLast: Bool, into output: inout ByteBuffer) -> Bool {
        guard isUsable else { return false }
        var code = Z_OK
        // The pointer is valid inside the closure only, and zlib is done with it when the closure returns.
        unsafe input.withUnsafeReadableBytes { source in
            // zlib's declaration lacks const; it does not write through next_in.
            unsafe state.pointee.next_in = UnsafeMutablePointer(
                mutating: source.bindMemory(to: UInt8.self).baseAddress
            )
            // A ByteBuffer holds less than 4 GiB.
            unsafe state.pointee.avail_in = UInt32(source.count)
            repeat {
                code = step(isLast ? Z_FINISH : Z_NO_FLUSH, into: &output)
                // zlib has more to say as long as it fills what it is given.
            } while unsafe code == Z_OK && (state.pointee.avail_out == 0 || isLast)
        }
        return isLast ? code == Z_STREAM_END : code == Z_OK || code == Z_BUF_ERROR
    }

    private func step(_ flush: Int32, into output: inout ByteBuffer) -> Int32 {
        let pieceLength = 64 << 10
        var code = Z_OK
        // The closure's buffer has at least `pieceLength` bytes.
        unsafe output.writeWithUnsafeMutableBytes(minimumWritableBytes: pieceLength) { target in
            // As above.
            unsafe state.pointee.next_out = target.bindMemory(to: UInt8.self).baseAddress
            // At most `target.count` bytes are offered.
            unsafe state.pointee.avail_out = UInt32(pieceLength)
            // Input and output are set.
            code = unsafe CZlib.deflate(state, flush)
            // zlib has counted down what it filled.
            return unsafe pieceLength - Int(state.pointee.avail_out)
        }
        return code
    }
}
