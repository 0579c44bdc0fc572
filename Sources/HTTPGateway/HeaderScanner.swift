/// Reads the lexical parts of header field values: tokens, quoted strings, white space (RFC 9110 5.6).
struct HeaderScanner {
    private let bytes: [UInt8]
    private var position = 0

    init(_ text: some StringProtocol) {
        bytes = Array(text.utf8)
    }

    var isAtEnd: Bool { position >= bytes.count }

    /// Whether the next byte is that one; takes it then.
    mutating func take(_ byte: UInt8) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    mutating func skipWhiteSpace() {
        while position < bytes.count, bytes[position] == 0x20 || bytes[position] == 0x09 { position += 1 }
    }

    /// One or more token characters; `nil` when there is none.
    mutating func token() -> String? {
        let start = position
        while position < bytes.count, Self.isTokenCharacter(bytes[position]) { position += 1 }
        guard position > start else { return nil }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    /// A quoted string without its quotes, or bare characters up to white space, comma or semicolon.
    ///
    /// Bare values may hold a slash: `type=application/dicom` without quotes is common in the field.
    mutating func parameterValue() -> String? {
        guard take(0x22) else { return bareValue() }
        var value: [UInt8] = []
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            switch byte {
            case 0x22: return String(decoding: value, as: UTF8.self)
            case 0x5C:
                guard position < bytes.count else { return nil }
                value.append(bytes[position])
                position += 1
            default: value.append(byte)
            }
        }
        return nil
    }

    /// Goes to the next comma that stands outside quotes, and behind it.
    mutating func skipBehindComma() {
        var isQuoted = false
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            switch byte {
            case 0x22: isQuoted.toggle()
            case 0x5C where isQuoted: position += 1
            case 0x2C where !isQuoted: return
            default: break
            }
        }
    }

    static func isTokenCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        case 0x21, 0x23...0x27, 0x2A, 0x2B, 0x2D, 0x2E, 0x5E, 0x5F, 0x60, 0x7C, 0x7E: true
        default: false
        }
    }

    private mutating func bareValue() -> String? {
        let start = position
        while position < bytes.count {
            let byte = bytes[position]
            guard byte > 0x20, byte < 0x7F, byte != 0x2C, byte != 0x3B, byte != 0x22 else { break }
            position += 1
        }
        guard position > start else { return nil }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }
}
