import DICOMCore
import NIOCore

extension ByteBuffer {
    /// The members `Value` or `InlineBinary` of an element, with the comma in front, for all but binary numbers.
    mutating func writeValue(
        of element: DataElement,
        _ value: ByteBuffer,
        _ characterSet: SpecificCharacterSet
    ) {
        switch element.vr {
        case .ob, .od, .of, .ol, .ov, .ow, .un, .sq:
            writeStaticString(",\"InlineBinary\":\"")
            Base64.write(value, into: &self)
            writeInteger(UInt8(ascii: "\""))
        case .at:
            writeValues(element.tags) { tag, bytes in
                bytes.writeInteger(UInt8(ascii: "\""))
                bytes.writeHexadecimal(tag)
                bytes.writeInteger(UInt8(ascii: "\""))
            }
        case .ds:
            writeValues(element.strings(.ascii)) { $1.writeDecimalString($0) }
        case .is:
            writeValues(element.strings(.ascii)) { $1.writeIntegerString($0) }
        case .pn:
            let names = element.strings(characterSet).map { PersonName($0) }
            // One name without text is no value; its text may have stood behind the third group.
            if names.count > 1 || names.first?.isEmpty == false { writeValues(names) { $1.writePersonName($0) } }
        default:
            if element.tag == .specificCharacterSet {
                writeStaticString(",\"Value\":[\"ISO_IR 192\"]")
                return
            }
            writeValues(element.strings(characterSet)) { text, bytes in
                if text.isEmpty { bytes.writeStaticString("null") } else { bytes.writeJSONString(text) }
            }
        }
    }

    private mutating func writeValues<Value>(_ values: [Value], write: (Value, inout ByteBuffer) -> Void) {
        guard !values.isEmpty else { return }
        writeStaticString(",\"Value\":[")
        for (position, value) in values.enumerated() {
            if position > 0 { writeInteger(UInt8(ascii: ",")) }
            write(value, &self)
        }
        writeInteger(UInt8(ascii: "]"))
    }
}
