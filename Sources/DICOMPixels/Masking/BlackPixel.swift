import DICOMCore
import NIOCore

/// The samples that show as black, or as the darkest that there is.
///
/// What is grey takes the padding value where the object has one, otherwise the darkest value of the frame itself: no
/// value comes in that would move a window or a measured range.
struct BlackPixel: Sendable, Hashable {
    /// The stored bits of each sample of a pixel, Bits Allocated wide: one, or one for each component.
    let samples: [UInt64]

    /// Finds them.
    ///
    /// - Throws: `.badAttribute` when the table of a palette is damaged; `.unsupported`.
    init(_ frame: PixelFrame, header: DataSet) throws(PixelError) {
        let format = frame.format
        switch format.photometricInterpretation {
        case .monochrome1, .monochrome2:
            let isInverse = format.photometricInterpretation == .monochrome1
            samples = [try Self.padding(header, format) ?? Self.extreme(frame, takesLargest: isInverse)]
        case .paletteColor:
            samples = [Self.encoded(try Self.darkestIndex(header, format), format)]
        case .rgb, .ybrICT, .ybrRCT: samples = Array(repeating: 0, count: format.samplesPerPixel)
        case .ybrFull, .ybrFull422:
            let middle = UInt64(1) << UInt64(format.bitsStored - 1)
            samples = [0, middle, middle].map { Self.placed($0, format) }
        case .ybrPartial422:
            let bits = UInt64(format.bitsStored)
            guard bits >= 8 else { throw PixelError(.unsupported, "video of fewer than 8 bits", tag: .bitsStored) }
            samples = [16 << (bits - 8), 1 << (bits - 1), 1 << (bits - 1)].map { Self.placed($0, format) }
        case .ybrPartial420:
            throw PixelError(.unsupported, "frames of video cannot be changed", tag: .photometricInterpretation)
        }
    }

    /// Pixel Padding Value, where it is one of these samples.
    private static func padding(_ header: DataSet, _ format: PixelFormat) throws(PixelError) -> UInt64? {
        guard format.kind != .float, let value = header.integer(.pixelPaddingValue) else { return nil }
        let mask = Self.mask(format)
        // Writers confuse US and SS: the bits count.
        let bits = UInt64(bitPattern: Int64(value)) & mask
        return Self.encoded(Self.value(bits, format), format)
    }

    private static func extreme(_ frame: PixelFrame, takesLargest: Bool) -> UInt64 {
        let values = StoredValues(frame: frame)
        let format = frame.format
        guard values.tableSize == nil else {
            var found: Int?
            for bits in values.bits() {
                let value = values.value(ofBits: Int(bits))
                guard let known = found else {
                    found = value
                    continue
                }
                if takesLargest ? value > known : value < known { found = value }
            }
            return encoded(found ?? 0, format)
        }
        guard format.kind == .float else { return wideExtreme(values, takesLargest) }
        let numbers = values.numbers().filter(\.isFinite)
        let found = (takesLargest ? numbers.max() : numbers.min()) ?? 0
        return format.bitsAllocated == 32 ? UInt64(Float(found).bitPattern) : found.bitPattern
    }

    // Doubles hold integers of 53 bits exactly; of wider ones the nearest is dark enough.
    private static func wideExtreme(_ values: StoredValues, _ takesLargest: Bool) -> UInt64 {
        let numbers = values.numbers()
        let found = (takesLargest ? numbers.max() : numbers.min()) ?? 0
        let format = values.frame.format
        if format.kind == .signed { return encoded(Int(exactly: found) ?? Int.max, format) }
        return placed(UInt64(exactly: found) ?? UInt64.max, format)
    }

    private static func darkestIndex(_ header: DataSet, _ format: PixelFormat) throws(PixelError) -> Int {
        guard format.bitsStored <= 16, format.kind != .float else {
            throw PixelError(.unsupported, "indices of more than 16 bits", tag: .bitsStored)
        }
        let palette = try PaletteColor(header, isSigned: format.kind == .signed)
        let isSigned = format.kind == .signed
        let lowest = isSigned ? -(1 << (format.bitsStored - 1)) : 0
        let highest = lowest + 1 << format.bitsStored - 1
        // Beyond the tables all indices have the first or the last entry.
        let first = max(lowest, min(palette.red.first, highest))
        let last = min(highest, first + palette.red.entries.count - 1)
        return (first...max(first, last)).min { left, right in
            level(palette, left) < level(palette, right)
        } ?? first
    }

    private static func level(_ palette: PaletteColor, _ index: Int) -> Int {
        Int(palette.red.entry(index)) * 3 + Int(palette.green.entry(index)) * 6 + Int(palette.blue.entry(index))
    }

    private static func mask(_ format: PixelFormat) -> UInt64 { UInt64.max >> UInt64(64 - format.bitsStored) }

    private static func value(_ bits: UInt64, _ format: PixelFormat) -> Int {
        let isNegative = format.kind == .signed && bits >> UInt64(format.bitsStored - 1) & 1 == 1
        return Int(bitPattern: UInt(isNegative ? bits | ~mask(format) : bits))
    }

    /// A value as the bits of a sample: at its place, with its sign up to Bits Allocated.
    private static func encoded(_ value: Int, _ format: PixelFormat) -> UInt64 {
        let allocated = UInt64.max >> UInt64(64 - format.bitsAllocated)
        let shift = UInt64(format.highBit + 1 - format.bitsStored)
        guard format.kind == .signed, value < 0 else {
            return (UInt64(UInt(bitPattern: value)) & mask(format)) << shift
        }
        return (UInt64(bitPattern: Int64(value)) << shift) & allocated
    }

    private static func placed(_ bits: UInt64, _ format: PixelFormat) -> UInt64 {
        (bits & mask(format)) << UInt64(format.highBit + 1 - format.bitsStored)
    }
}
