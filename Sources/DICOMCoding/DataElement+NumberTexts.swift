public import DICOMCore
import NIOCore

extension DataElement {
    /// The binary numbers of US, SS, UL, SL, UV, SV, FL and FD as text; empty for other VRs.
    ///
    /// Fractions have the shortest text that reads back equal; what is not finite is `NaN`, `INF` or `-INF`, as XML Schema
    /// writes it (part 2, 3.2.4). Bytes behind the last whole number are left out.
    public var numberTexts: [String] {
        guard var value = bytes else { return [] }
        var texts: [String] = []
        while let text = nextNumber(from: &value) { texts.append(text) }
        return texts
    }

    private func nextNumber(from value: inout ByteBuffer) -> String? {
        switch vr {
        case .us: value.readInteger(endianness: .little, as: UInt16.self).map { String($0) }
        case .ss: value.readInteger(endianness: .little, as: Int16.self).map { String($0) }
        case .ul: value.readInteger(endianness: .little, as: UInt32.self).map { String($0) }
        case .sl: value.readInteger(endianness: .little, as: Int32.self).map { String($0) }
        case .uv: value.readInteger(endianness: .little, as: UInt64.self).map { String($0) }
        case .sv: value.readInteger(endianness: .little, as: Int64.self).map { String($0) }
        case .fl: value.readInteger(endianness: .little, as: UInt32.self).map { Self.text(Float(bitPattern: $0)) }
        case .fd: value.readInteger(endianness: .little, as: UInt64.self).map { Self.text(Double(bitPattern: $0)) }
        default: nil
        }
    }

    private static func text(_ number: some BinaryFloatingPoint & LosslessStringConvertible) -> String {
        if number.isNaN { return "NaN" }
        guard number.isInfinite else { return number.description }
        return number < 0 ? "-INF" : "INF"
    }
}
