import NIOCore

/// Frames of one bit in RLE Lossless.
///
/// A Composite Pixel Code of one bit is padded to a byte (PS3.5 G.2), so a segment has a byte for each pixel. Some writers
/// pack the eight pixels of a native byte instead; a segment that is long enough for the one cannot be the other.
enum RLEMask {
    /// Decodes a frame.
    ///
    /// - Throws: `.malformed` for a segment that is too short for either form.
    static func decode(_ encoded: ByteBuffer, as format: PixelFormat) throws(PixelError) -> ByteBuffer {
        let segment = try RLESegments(encoded, count: 1).ranges[0]
        if let pixels = unpacked(encoded, segment, length: format.pixelCount) {
            return packed(pixels)
        }
        guard let bits = unpacked(encoded, segment, length: format.frameLength) else {
            throw PixelError(.malformed, "an RLE segment ends before its plane is full")
        }
        return ByteBuffer(bytes: bits)
    }

    private static func unpacked(_ encoded: ByteBuffer, _ segment: Range<Int>, length: Int) -> [UInt8]? {
        var isComplete = false
        // The segment is inside the frame, and `unpack` fills the plane or says that it did not.
        let plane = unsafe [UInt8](unsafeUninitializedCapacity: length) { target, count in
            // As above.
            unsafe encoded.withUnsafeReadableBytes { source in
                // As above.
                isComplete = unsafe PackBits.unpack(
                    UnsafeRawBufferPointer(rebasing: source[segment]),
                    into: UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(target)[..<length])
                )
            }
            count = isComplete ? length : 0
        }
        return isComplete ? plane : nil
    }

    /// The first pixel in the lowest bit (PS3.5 8.1.1).
    private static func packed(_ pixels: [UInt8]) -> ByteBuffer {
        var bytes = [UInt8](repeating: 0, count: (pixels.count + 7) / 8)
        for (index, pixel) in pixels.enumerated() where pixel & 1 == 1 {
            bytes[index / 8] |= 1 << UInt8(index % 8)
        }
        return ByteBuffer(bytes: bytes)
    }
}
