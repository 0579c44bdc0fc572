/// Reads the JSON of a certificate: objects, arrays, strings, whole numbers, true and false; nothing else.
///
/// Keeps a list of what is open in the place of recursion.
struct CertificateReader {
    /// The text is no such JSON.
    struct Malformed: Error {}

    private enum Open {
        case array([CertificateValue])
        case object([String: CertificateValue], name: String)
    }

    private static let depthLimit = 32

    private let bytes: [UInt8]
    private var position = 0
    private var open: [Open] = []

    private init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The value that the whole text is.
    static func value(of text: [UInt8]) throws(Malformed) -> CertificateValue {
        var reader = CertificateReader(text)
        let value = try reader.read()
        reader.skipSpace()
        guard reader.next == nil else { throw Malformed() }
        return value
    }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func read() throws(Malformed) -> CertificateValue {
        while true {
            skipSpace()
            var value: CertificateValue
            switch next {
            case UInt8(ascii: "["):
                position += 1
                if try takeIf(UInt8(ascii: "]")) {
                    value = .array([])
                } else {
                    try push(.array([]))
                    continue
                }
            case UInt8(ascii: "{"):
                position += 1
                if try takeIf(UInt8(ascii: "}")) {
                    value = .object([:])
                } else {
                    try push(.object([:], name: try readName()))
                    continue
                }
            case UInt8(ascii: "\""): value = .string(try readString())
            case UInt8(ascii: "t"): value = try take("true", .boolean(true))
            case UInt8(ascii: "f"): value = try take("false", .boolean(false))
            default: value = .integer(try readInteger())
            }
            // A value that closes what is open is the next value of what that stands in.
            while true {
                guard let last = open.popLast() else { return value }
                guard let closed = try put(value, into: last) else { break }
                value = closed
            }
        }
    }

    /// Adds a value to what is open; returns the whole when that ends with it.
    private mutating func put(_ value: CertificateValue, into last: Open) throws(Malformed) -> CertificateValue? {
        let goesOn = try takeIf(UInt8(ascii: ","))
        switch last {
        case .array(let values):
            if goesOn {
                open.append(.array(values + [value]))
                return nil
            }
            try take(UInt8(ascii: "]"))
            return .array(values + [value])
        case .object(var members, let name):
            guard members.updateValue(value, forKey: name) == nil else { throw Malformed() }
            if goesOn {
                open.append(.object(members, name: try readName()))
                return nil
            }
            try take(UInt8(ascii: "}"))
            return .object(members)
        }
    }

    private mutating func push(_ new: Open) throws(Malformed) {
        guard open.count < Self.depthLimit else { throw Malformed() }
        open.append(new)
    }

    private mutating func readName() throws(Malformed) -> String {
        skipSpace()
        let name = try readString()
        skipSpace()
        try take(UInt8(ascii: ":"))
        return name
    }

    private mutating func readInteger() throws(Malformed) -> Int64 {
        let start = position
        if next == UInt8(ascii: "-") { position += 1 }
        while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
        guard let number = Int64(String(decoding: bytes[start..<position], as: UTF8.self)) else { throw Malformed() }
        return number
    }

    private mutating func readString() throws(Malformed) -> String {
        try take(UInt8(ascii: "\""))
        var units: [UInt8] = []
        while let byte = next {
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let text = String(validating: units, as: UTF8.self) else { throw Malformed() }
                return text
            case UInt8(ascii: "\\"): units += Array(String(try readEscape()).utf8)
            case 0..<0x20: throw Malformed()
            default: units.append(byte)
            }
        }
        throw Malformed()
    }

    private mutating func readEscape() throws(Malformed) -> Unicode.Scalar {
        guard let byte = next else { throw Malformed() }
        position += 1
        switch byte {
        case UInt8(ascii: "\""): return "\""
        case UInt8(ascii: "\\"): return "\\"
        case UInt8(ascii: "/"): return "/"
        case UInt8(ascii: "b"): return "\u{08}"
        case UInt8(ascii: "f"): return "\u{0C}"
        case UInt8(ascii: "n"): return "\u{0A}"
        case UInt8(ascii: "r"): return "\u{0D}"
        case UInt8(ascii: "t"): return "\u{09}"
        case UInt8(ascii: "u"):
            // What lies beyond the first plane stands in these texts as it is, not as a pair of escapes.
            guard
                bytes.count - position >= 4,
                let code = UInt32(String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16),
                let scalar = Unicode.Scalar(code)
            else { throw Malformed() }
            position += 4
            return scalar
        default: throw Malformed()
        }
    }

    private mutating func take(_ word: String, _ value: CertificateValue) throws(Malformed) -> CertificateValue {
        for byte in word.utf8 { try take(byte) }
        return value
    }

    private mutating func takeIf(_ byte: UInt8) throws(Malformed) -> Bool {
        skipSpace()
        guard next == byte else { return false }
        position += 1
        return true
    }

    private mutating func take(_ byte: UInt8) throws(Malformed) {
        guard next == byte else { throw Malformed() }
        position += 1
    }

    private mutating func skipSpace() {
        while let byte = next, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { position += 1 }
    }
}
