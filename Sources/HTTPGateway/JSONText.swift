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
        raw("[")
        for (position, text) in texts.enumerated() {
            if position > 0 { raw(",") }
            string(text)
        }
        raw("]")
    }

    /// Writes structure: braces, colons, and keys and numbers of our own.
    mutating func raw(_ text: String) {
        buffer.writeString(text)
    }

    private static func digit(_ nibble: UInt8) -> UInt8 {
        nibble < 10 ? 0x30 + nibble : 0x57 + nibble
    }
}
