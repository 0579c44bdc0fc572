import DICOMCore
import NIOCore

/// An element of a model while its parts come, in any order: the members of the JSON model, or what they are in XML.
struct ModelElement: Sendable {
    enum Value: Sendable {
        case string(String)
        /// A number as it is written.
        case number(String)
        case null
        case name([String: String])
        case item(DataSet)
    }

    static let nameGroups = ["Alphabetic", "Ideographic", "Phonetic"]

    var vr: VR?
    var values: [Value] = []
    var inlineBinary: String?
    var bulkDataURI: String?
    /// Members that have come, and the one whose value comes next.
    var keys: Set<String> = []
    var key: String?

    /// The value field; `nil` when a member does not fit the VR.
    func value(_ vr: VR) -> DataElement.Value? {
        if let inlineBinary {
            guard values.isEmpty, vr != .sq, let bytes = Base64.decode(inlineBinary) else { return nil }
            return .bytes(bytes)
        }
        guard vr != .sq else { return items() }
        var bytes = ByteBuffer()
        for (position, value) in values.enumerated() {
            if vr.isText, position > 0 {
                guard vr.separatesValuesByBackslash else { return nil }
                bytes.writeInteger(UInt8(ascii: "\\"))
            }
            guard write(value, vr, into: &bytes) else { return nil }
        }
        if bytes.readableBytes % 2 == 1 { bytes.writeInteger(vr.padding) }
        return .bytes(bytes)
    }

    private func items() -> DataElement.Value? {
        var items: [DataSet] = []
        for value in values {
            switch value {
            case .item(let item): items.append(item)
            // An empty item may be written as null (PS3.18 F.2.5).
            case .null: items.append(DataSet())
            default: return nil
            }
        }
        return .items(items)
    }

    private func write(_ value: Value, _ vr: VR, into bytes: inout ByteBuffer) -> Bool {
        switch (value, vr) {
        case (.null, _): return vr.isText
        case (.name(let groups), .pn): return write(groups, into: &bytes)
        // An empty name is an object without members, which looks like an empty item.
        case (.item(let item), .pn): return item.isEmpty
        case (.string(let text), .at):
            guard let tag = Tag(hexadecimal: text) else { return false }
            bytes.writeInteger(tag.group, endianness: .little)
            bytes.writeInteger(tag.element, endianness: .little)
            return true
        case (.string(let text), _) where vr.isText:
            guard !vr.separatesValuesByBackslash || !text.utf8.contains(0x5C) else { return false }
            bytes.writeString(text)
            return true
        case (.number(let text), .ds):
            bytes.writeString(text)
            return true
        case (.number(let text), .is):
            return writeInteger(text, into: &bytes)
        case (.number(let text), _), (.string(let text), _):
            return writeNumber(text, vr, into: &bytes)
        default:
            return false
        }
    }

    private func write(_ groups: [String: String], into bytes: inout ByteBuffer) -> Bool {
        let texts = Self.nameGroups.map { groups[$0] ?? "" }
        guard texts.allSatisfy({ !$0.utf8.contains(0x5C) && !$0.utf8.contains(0x3D) }) else { return false }
        let used = texts.lastIndex { !$0.isEmpty } ?? 0
        bytes.writeString(texts[...used].joined(separator: "="))
        return true
    }

    /// An IS of a JSON number: digits without fraction or exponent, which a number need not have been written as.
    private func writeInteger(_ text: String, into bytes: inout ByteBuffer) -> Bool {
        if Int(text) == nil {
            guard let number = DataElement.decimal(text), let integer = Int(exactly: number) else { return false }
            bytes.writeString(String(integer))
        } else {
            bytes.writeString(text)
        }
        return true
    }

    private func writeNumber(_ text: String, _ vr: VR, into bytes: inout ByteBuffer) -> Bool {
        switch vr {
        case .us: return write(UInt16(text), into: &bytes)
        case .ss: return write(Int16(text), into: &bytes)
        case .ul: return write(UInt32(text), into: &bytes)
        case .sl: return write(Int32(text), into: &bytes)
        case .uv: return write(UInt64(text), into: &bytes)
        case .sv: return write(Int64(text), into: &bytes)
        case .fl: return write(Self.float(text).map { Float($0).bitPattern }, into: &bytes)
        case .fd: return write(Self.float(text).map(\.bitPattern), into: &bytes)
        default: return false
        }
    }

    private func write(_ word: (some FixedWidthInteger)?, into bytes: inout ByteBuffer) -> Bool {
        guard let word else { return false }
        bytes.writeInteger(word, endianness: .little)
        return true
    }

    private static func float(_ text: String) -> Double? {
        switch text {
        case "NaN", "nan": .nan
        case "Infinity", "INF", "inf": .infinity
        case "-Infinity", "-INF", "-inf": -.infinity
        default: DataElement.decimal(text)
        }
    }
}
