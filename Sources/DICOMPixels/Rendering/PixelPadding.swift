import DICOMCore

/// Values that stand where there is no image (PS3.3 C.7.5.1.1.2).
///
/// They are black, whatever window and shape say, and no window is ever derived from them.
struct PixelPadding: Sendable, Hashable {
    private let range: ClosedRange<Double>

    /// Reads Pixel Padding Value and Range Limit, or those of Float or Double Float Pixel Data; `nil` without them.
    init?(_ dataSet: DataSet, _ format: PixelFormat) {
        let value: Double?
        let limit: Double?
        switch (format.kind, format.bitsAllocated) {
        case (.float, 64):
            value = dataSet.decimals(.doubleFloatPixelPaddingValue).first
            limit = dataSet.decimals(.doubleFloatPixelPaddingRangeLimit).first
        case (.float, _):
            value = dataSet.decimals(.floatPixelPaddingValue).first
            limit = dataSet.decimals(.floatPixelPaddingRangeLimit).first
        default:
            value = Self.value(dataSet, .pixelPaddingValue, format).map(Double.init)
            limit = Self.value(dataSet, .pixelPaddingRangeLimit, format).map(Double.init)
        }
        // What is no number lies in no range; it is black anyway.
        guard let value, !value.isNaN else { return nil }
        let end = limit.flatMap { $0.isNaN ? nil : $0 } ?? value
        range = min(value, end)...max(value, end)
    }

    func contains(_ value: Double) -> Bool { range.contains(value) }

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
