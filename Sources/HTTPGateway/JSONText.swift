import NIOCore

/// Writes JSON that is not of the DICOM model: problems, capabilities, health.
struct JSONText {
    private(set) var buffer = ByteBuffer()

    /// Writes a string with its quotes (RFC 8259 7).
    mutating func string(_ text: String) {
        buffer.writeInteger(UInt8(0x22))
        for byte in text.utf8 {
            switch byte {
            case 0x22, 0x5C:
                buffer.writeInteger(UInt8(0x5C))
                buffer.writeInteger(byte)
            case 0..<0x20:
                buffer.writeStaticString("\\u00")
                buffer.writeInteger(Self.digit(byte >> 4))
                buffer.writeInteger(Self.digit(byte & 0xF))
            default: buffer.writeInteger(byte)
            }
        }
        buffer.writeInteger(UInt8(0x22))
    }

    /// Writes an array of strings.
    mutating func strings(_ texts: [String]) {
        list(texts) { text, json in json.string(text) }
    }

    /// Writes structure: braces, colons, and keys and numbers of our own.
    mutating func raw(_ text: String) {
        buffer.writeString(text)
    }

    private static func digit(_ nibble: UInt8) -> UInt8 {
        nibble < 10 ? 0x30 + nibble : 0x57 + nibble
    }
}

extension JSONText {
    /// An array as a text of its own.
    static func array<Value>(_ values: [Value], _ write: (Value, inout JSONText) -> Void) -> ByteBuffer {
        var text = JSONText()
        text.list(values, write)
        return text.buffer
    }

    /// Writes an array.
    mutating func list<Value>(_ values: [Value], _ write: (Value, inout JSONText) -> Void) {
        raw("[")
        for (position, value) in values.enumerated() {
            if position > 0 { raw(",") }
            write(value, &self)
        }
        raw("]")
    }
}
