import NIOCore

/// The samples of a frame as numbers: Bits Stored of them below High Bit, with their sign (PS3.5 8.1.1).
///
/// What lies above or below those bits, as overlays do, is no part of a value.
struct StoredValues: Sendable {
    let frame: PixelFrame

    private var format: PixelFormat { frame.format }

    /// How many values a sample can have, when a table of all of them is worth while; `nil` beyond 16 bits.
    var tableSize: Int? {
        format.bitsStored <= 16 && format.kind != .float ? 1 << format.bitsStored : nil
    }

    /// The value that the stored bits mean.
    func value(ofBits bits: Int) -> Int {
        guard format.kind == .signed, bits >> (format.bitsStored - 1) & 1 == 1 else { return bits }
        return bits - 1 << format.bitsStored
    }

    /// The stored bits of every sample in the order of the bytes; for formats with a `tableSize`.
    func bits() -> [UInt16] {
        let source = frame.bytes.readableBytesUInt8Span
        let mask = UInt32((1 << format.bitsStored) - 1)
        let shift = UInt32(format.highBit + 1 - format.bitsStored)
        let count = format.frameBits / format.bitsAllocated
        var samples: [UInt16] = []
        samples.reserveCapacity(count)
        switch format.bitsAllocated {
        case 1:
            for position in 0..<count { samples.append(UInt16(source[position >> 3] >> UInt8(position & 7) & 1)) }
        case 8:
            for position in 0..<count {
                samples.append(UInt16(truncatingIfNeeded: UInt32(source[position]) >> shift & mask))
            }
        case 12:
            // Two samples in three bytes, the first in the low bits.
            for position in 0..<count {
                let at = position / 2 * 3
                let sample =
                    position & 1 == 0
                    ? UInt32(source[at]) | UInt32(source[at + 1] & 0x0F) << 8
                    : UInt32(source[at + 1]) >> 4 | UInt32(source[at + 2]) << 4
                samples.append(UInt16(truncatingIfNeeded: sample >> shift & mask))
            }
        case 16:
            for position in 0..<count {
                let word = UInt32(source[position * 2]) | UInt32(source[position * 2 + 1]) << 8
                samples.append(UInt16(truncatingIfNeeded: word >> shift & mask))
            }
        default:
            let width = format.bitsAllocated / 8
            for position in 0..<count {
                var sample: UInt64 = 0
                for byte in 0..<width { sample |= UInt64(source[position * width + byte]) << UInt64(8 * byte) }
                samples.append(UInt16(truncatingIfNeeded: sample >> UInt64(shift)) & UInt16(truncatingIfNeeded: mask))
            }
        }
        return samples
    }

    /// The values of every sample: for formats without a `tableSize`.
    func numbers() -> [Double] {
        let source = frame.bytes.readableBytesUInt8Span
        let width = format.bitsAllocated / 8
        let count = format.frameBits / format.bitsAllocated
        let unused = UInt64(64 - format.bitsStored)
        let above = UInt64(63 - format.highBit)
        var numbers: [Double] = []
        numbers.reserveCapacity(count)
        for position in 0..<count {
            var sample: UInt64 = 0
            for byte in 0..<width { sample |= UInt64(source[position * width + byte]) << UInt64(8 * byte) }
            switch format.kind {
            case .float:
                numbers.append(
                    width == 4
                        ? Double(Float(bitPattern: UInt32(truncatingIfNeeded: sample))) : Double(bitPattern: sample)
                )
            case .signed: numbers.append(Double(Int64(bitPattern: sample << above) >> Int64(unused)))
            case .unsigned: numbers.append(Double((sample << above) >> unused))
            }
        }
        return numbers
    }
}
