import DICOMCore
import NIOCore

extension ByteBuffer {
    /// The eight digits of a tag.
    mutating func writeHexadecimal(_ tag: Tag) {
        var digits: UInt64 = 0
        for shift in stride(from: UInt32(28), through: 0, by: -4) {
            let nibble = UInt64(tag.rawValue >> shift & 0xF)
            digits = digits << 8 | (nibble < 10 ? 0x30 + nibble : 0x37 + nibble)
        }
        writeInteger(digits, endianness: .big)
    }

    /// A JSON string with its quotes (RFC 8259 7).
    mutating func writeJSONString(_ text: String) {
        writeInteger(UInt8(ascii: "\""))
        var rest = text.utf8[...]
        // Runs without a character that needs an escape are copied as they are.
        while let position = rest.firstIndex(where: { $0 < 0x20 || $0 == 0x22 || $0 == 0x5C }) {
            writeSubstring(Substring(rest[..<position]))
            writeJSONCharacter(rest[position])
            rest = rest[rest.index(after: position)...]
        }
        writeSubstring(Substring(rest))
        writeInteger(UInt8(ascii: "\""))
    }

    private mutating func writeJSONCharacter(_ byte: UInt8) {
        switch byte {
        case 0x22: writeStaticString("\\\"")
        case 0x5C: writeStaticString("\\\\")
        case 0x0A: writeStaticString("\\n")
        case 0x0D: writeStaticString("\\r")
        case 0x09: writeStaticString("\\t")
        case ..<0x20:
            writeStaticString("\\u00")
            let low = byte & 0xF
            writeInteger(0x30 + byte >> 4)
            writeInteger(low < 10 ? 0x30 + low : 0x37 + low)
        default: writeInteger(byte)
        }
    }

    /// A number as the shortest text that reads back equal; what is not finite as a string, which JSON numbers lack.
    mutating func writeJSONNumber(_ number: some BinaryFloatingPoint & LosslessStringConvertible) {
        if number.isNaN {
            writeStaticString("\"NaN\"")
        } else if number.isInfinite {
            writeString(number < 0 ? "\"-Infinity\"" : "\"Infinity\"")
        } else {
            writeString(number.description)
        }
    }

    /// A DS value: as it was written but for what JSON numbers may not have, digit by digit; what is no number as a string.
    mutating func writeDecimalString(_ text: String) {
        if text.isEmpty {
            writeStaticString("null")
        } else if let number = DataElement.decimal(text) {
            let plain = JSONNumber.plain(text)
            writeString(JSONNumber.isNumber(plain.utf8) ? plain : number.description)
        } else {
            writeJSONString(text)
        }
    }

    /// An IS value: the number, else, and beyond what readers keep exactly, a string.
    mutating func writeIntegerString(_ text: String) {
        if text.isEmpty {
            writeStaticString("null")
        } else if let number = DataElement.integer(text), number.magnitude <= JSONNumber.exactIntegerLimit {
            writeString(String(number))
        } else {
            writeJSONString(text)
        }
    }

    /// A PN value: its component groups (PS3.18 F.2.2).
    mutating func writePersonName(_ name: PersonName) {
        guard !name.isEmpty else {
            writeStaticString("null")
            return
        }
        var separator = "{"
        for (key, group) in [
            ("Alphabetic", name.alphabetic), ("Ideographic", name.ideographic), ("Phonetic", name.phonetic),
        ] where !group.isEmpty {
            writeString(separator)
            writeJSONString(key)
            writeInteger(UInt8(ascii: ":"))
            writeJSONString(group)
            separator = ","
        }
        writeInteger(UInt8(ascii: "}"))
    }
}

/// The grammar of a JSON number (RFC 8259 6).
enum JSONNumber {
    /// The longest number that any VR can need has some twenty digits; readers need not take what is far longer.
    static let lengthLimit = 64
    /// The integers up to here are numbers of their own in double precision, which most readers keep numbers in.
    static let exactIntegerLimit: UInt = 1 << 53

    /// A decimal number without plus sign and leading zeros, and with digits on both sides of a point, as JSON wants it.
    static func plain(_ text: String) -> String {
        guard !isNumber(text.utf8) else { return text }
        var rest = text.utf8[...]
        var plain = ""
        if rest.first == 0x2D { plain = "-" }
        if rest.first == 0x2B || rest.first == 0x2D { rest = rest.dropFirst() }
        let whole = rest.prefix { isDigit($0) }
        rest = rest[whole.endIndex...]
        let digits = whole.drop { $0 == 0x30 }
        plain += digits.isEmpty ? "0" : String(Substring(digits))
        if rest.first == 0x2E {
            let fraction = rest.dropFirst().prefix { isDigit($0) }
            if !fraction.isEmpty { plain += "." + String(Substring(fraction)) }
            rest = rest[fraction.endIndex...]
        }
        return plain + String(Substring(rest))
    }

    static func isNumber(_ text: some Collection<UInt8>) -> Bool {
        guard text.count <= lengthLimit else { return false }
        var rest = text[...]
        if rest.first == 0x2D { rest = rest.dropFirst() }
        let whole = rest.prefix { isDigit($0) }
        guard let first = whole.first, whole.count == 1 || first != 0x30 else { return false }
        rest = rest[whole.endIndex...]
        if rest.first == 0x2E {
            let fraction = rest.dropFirst().prefix { isDigit($0) }
            guard !fraction.isEmpty else { return false }
            rest = rest[fraction.endIndex...]
        }
        if rest.first == 0x65 || rest.first == 0x45 {
            rest = rest.dropFirst()
            if rest.first == 0x2B || rest.first == 0x2D { rest = rest.dropFirst() }
            let exponent = rest.prefix { isDigit($0) }
            guard !exponent.isEmpty else { return false }
            rest = rest[exponent.endIndex...]
        }
        return rest.isEmpty
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
