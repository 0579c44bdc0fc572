import DICOMCore

/// Values that stand where there is no image (PS3.3 C.7.5.1.1.2).
///
/// They are black, whatever window and shape say, and no window is ever derived from them.
struct PixelPadding: Sendable, Hashable {
    let range: ClosedRange<Int>

    /// Reads Pixel Padding Value and Range Limit; `nil` without them.
    init?(_ dataSet: DataSet, _ format: PixelFormat) {
        guard format.kind != .float, let value = Self.value(dataSet, .pixelPaddingValue, format) else { return nil }
        let limit = Self.value(dataSet, .pixelPaddingRangeLimit, format) ?? value
        range = min(value, limit)...max(value, limit)
    }

    func contains(_ value: Int) -> Bool { range.contains(value) }

    // Writers confuse US and SS: the bits count, read as pixels are.
    private static func value(_ dataSet: DataSet, _ tag: Tag, _ format: PixelFormat) -> Int? {
        guard let value = dataSet.integer(tag) else { return nil }
        guard dataSet[tag]?.vr == .us || dataSet[tag]?.vr == .ss else { return value }
        let word = UInt16(truncatingIfNeeded: value)
        guard format.kind == .signed else { return Int(word) }
        // Of 12 stored bits a writer may have filled the others with the sign or not.
        guard format.bitsStored < 16, Int16(bitPattern: word) >= 0 else { return Int(Int16(bitPattern: word)) }
        let bits = Int(word)
        return bits < 1 << format.bitsStored && bits >> (format.bitsStored - 1) == 1
            ? bits - 1 << format.bitsStored : bits
    }
}
