import DICOMCore
import NIOCore

/// Frames without compression: native, or in fragments as they are (PS3.5 8.1, A.4.11).
///
/// Whatever the width of a sample: also 1 bit, and 12 bits packed as older objects have them. A frame begins with a byte.
enum NativeScheme: FrameScheme {
    static func decode(
        _ encoded: ByteBuffer,
        in transferSyntax: TransferSyntax,
        as format: PixelFormat,
        limits: PixelLimits
    ) throws(PixelError) -> PixelFrame {
        var bytes = encoded
        let padding = bytes.readableBytes - format.frameLength
        // A frame of odd length has a byte of padding in a fragment, or at the end of the last value.
        guard padding == 0 || padding == 1 && format.frameLength % 2 == 1,
            let frame = bytes.readSlice(length: format.frameLength)
        else {
            throw PixelError(.mismatch, "\(encoded.readableBytes) bytes, a frame has \(format.frameLength)")
        }
        guard transferSyntax.isBigEndian || transferSyntax.hasBigEndianPixelData else {
            return try PixelFrame(format, frame)
        }
        switch format.bitsAllocated {
        // Samples of up to 8 bits stay as they are: they are OB. Where they are OW, the words must have been swapped
        // before frames are cut out (``NativeWords``), since a frame may begin in the middle of one.
        case 1, 8: return try PixelFrame(format, frame)
        case 16: return try PixelFrame(format, swapped(frame, UInt16.self))
        // Packed in words, the first sample in the low bits (PS3.5 8.1.1).
        case 12 where format.frameLength % 2 == 0: return try PixelFrame(format, swapped(frame, UInt16.self))
        case 12: throw PixelError(.unsupported, "an odd number of bytes in words", tag: .bitsAllocated)
        case 32: return try PixelFrame(format, swapped(frame, UInt32.self))
        default: return try PixelFrame(format, swapped(frame, UInt64.self))
        }
    }

    static func encode(
        _ frame: PixelFrame,
        in transferSyntax: TransferSyntax,
        options: EncodingOptions
    ) throws(PixelError) -> ByteBuffer {
        var bytes = frame.bytes
        if transferSyntax.isEncapsulated { bytes.padToEven() }
        return bytes
    }

    /// The bytes with those of each word in the other order; what is no whole word at the end stays.
    static func swapped<Word: FixedWidthInteger & BitwiseCopyable>(
        _ frame: ByteBuffer,
        _ word: Word.Type
    ) -> ByteBuffer {
        let length = MemoryLayout<Word>.size
        var result = ByteBuffer()
        // Both buffers have at least the frame's length, and no word is beyond it; they do not overlap.
        unsafe result.writeWithUnsafeMutableBytes(minimumWritableBytes: frame.readableBytes) { target in
            // As above.
            unsafe frame.withUnsafeReadableBytes { source in
                let end = source.count - source.count % length
                for offset in end..<source.count {
                    // As above.
                    unsafe target[offset] = source[offset]
                }
                for offset in stride(from: 0, to: end, by: length) {
                    // Unaligned: a slice may begin anywhere.
                    let word = unsafe source.loadUnaligned(fromByteOffset: offset, as: Word.self)
                    // As above.
                    unsafe target.storeBytes(of: word.byteSwapped, toByteOffset: offset, as: Word.self)
                }
            }
            return frame.readableBytes
        }
        return result
    }
}
