import NIOCore

/// Puts native frames one behind the other, without a gap where they do not end with a byte (PS3.5 8.1.1).
struct FrameJoiner: Sendable {
    private let bitsPerFrame: UInt64
    /// Bits of the frame that is passing that are still to come.
    private var remaining: UInt64
    /// Bits of the byte that the last frame did not fill.
    private var carry: UInt8 = 0
    private var carriedBits: UInt8 = 0

    init(bitsPerFrame: UInt64) {
        self.bitsPerFrame = bitsPerFrame
        remaining = bitsPerFrame
    }

    /// The bytes that are known when a frame, which begins with a byte, is put behind those before it; a frame may come in
    /// pieces.
    mutating func join(_ frame: ByteBuffer) -> ByteBuffer {
        guard bitsPerFrame % 8 != 0 else { return frame }
        var result = ByteBuffer()
        result.reserveCapacity(frame.readableBytes + 1)
        for byte in frame.readableBytesView {
            let count = UInt8(min(8, remaining))
            remaining -= UInt64(count)
            if remaining == 0 { remaining = bitsPerFrame }
            let kept = count < 8 ? byte & (1 << count - 1) : byte
            let sum = UInt16(carry) | UInt16(kept) << UInt16(carriedBits)
            carriedBits += count
            if carriedBits >= 8 {
                result.writeInteger(UInt8(truncatingIfNeeded: sum))
                carry = UInt8(truncatingIfNeeded: sum >> 8)
                carriedBits -= 8
            } else {
                carry = UInt8(truncatingIfNeeded: sum)
            }
        }
        return result
    }

    /// The last byte, where frames do not end with one.
    mutating func finish() -> ByteBuffer {
        defer { carriedBits = 0 }
        return carriedBits > 0 ? ByteBuffer(bytes: [carry]) : ByteBuffer()
    }
}
