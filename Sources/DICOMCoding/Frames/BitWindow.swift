package import NIOCore

/// Takes the bits of one frame out of bytes that it shares with its neighbours (PS3.5 8.1.1).
///
/// The first pixel is the least significant bit. The frame comes out beginning at a byte; bits behind its end are 0.
package struct BitWindow: Sendable {
    private let shift: UInt8
    private var bitsLeft: UInt64
    private var carry: UInt8?

    /// Begins a frame.
    ///
    /// - Parameters:
    ///   - first: Bits of the first byte that belong to the frame before, 0...7.
    ///   - count: Bits of the frame.
    package init(first: Int, count: UInt64) {
        shift = UInt8(truncatingIfNeeded: first & 7)
        bitsLeft = count
    }

    /// The bytes of the frame that are known after these.
    package mutating func take(_ chunk: ByteBuffer) -> ByteBuffer {
        var result = ByteBuffer()
        result.reserveCapacity(chunk.readableBytes)
        for byte in chunk.readableBytesView {
            if shift == 0 {
                emit(byte, into: &result)
            } else {
                if let carry { emit(carry >> shift | byte << (8 - shift), into: &result) }
                carry = byte
            }
        }
        return result
    }

    /// The bits that were held back for the byte behind them.
    package mutating func finish() -> ByteBuffer {
        var result = ByteBuffer()
        if let carry { emit(carry >> shift, into: &result) }
        carry = nil
        return result
    }

    private mutating func emit(_ byte: UInt8, into result: inout ByteBuffer) {
        guard bitsLeft > 0 else { return }
        let kept = bitsLeft < 8 ? byte & (1 << UInt8(truncatingIfNeeded: bitsLeft) - 1) : byte
        bitsLeft -= min(8, bitsLeft)
        result.writeInteger(kept)
    }
}
