import DICOMCore
import NIOCore

/// One step through a JSON text.
enum JSONToken: Sendable, Hashable {
    case beginObject
    case endObject
    case beginArray
    case endArray
    /// The name of an object's member; its value follows.
    case key(String)
    case string(String)
    /// A number as it is written.
    case number(String)
    case bool(Bool)
    case null
}

/// Reads a JSON text (RFC 8259) without recursion, and refuses everything that is not in the grammar.
struct JSONTokenizer {
    private enum Expectation {
        case value
        case valueOrEnd
        case keyOrEnd
        case key
        case commaOrEnd
        case end
    }

    private let text: [UInt8]
    private(set) var position = 0
    private let depthLimit: Int
    /// Whether each open bracket is an object.
    private var isObject: [Bool] = []
    private var expectation = Expectation.value

    init(_ bytes: ByteBuffer, depthLimit: Int) {
        text = Array(bytes.readableBytesView)
        self.depthLimit = depthLimit
    }

    /// The next token; `nil` at the end of the text.
    mutating func next() throws(DataSetError) -> JSONToken? {
        skipSpace()
        guard position < text.count else {
            guard expectation == .end else { throw error(.truncated) }
            return nil
        }
        if expectation == .commaOrEnd, text[position] == UInt8(ascii: ",") {
            position += 1
            skipSpace()
            expectation = isObject.last == true ? .key : .value
        }
        guard position < text.count else { throw error(.truncated) }
        switch (expectation, text[position]) {
        case (.end, _): throw error(.badJSON)
        case (.keyOrEnd, UInt8(ascii: "}")), (.valueOrEnd, UInt8(ascii: "]")): return close()
        case (.commaOrEnd, UInt8(ascii: "}")) where isObject.last == true: return close()
        case (.commaOrEnd, UInt8(ascii: "]")) where isObject.last == false: return close()
        case (.key, UInt8(ascii: "\"")), (.keyOrEnd, UInt8(ascii: "\"")): return try readKey()
        case (.value, _), (.valueOrEnd, _): return try readValue()
        default: throw error(.badJSON)
        }
    }

    func error(_ code: DataSetError.Code) -> DataSetError { DataSetError(code, at: UInt64(position)) }

    private mutating func skipSpace() {
        while position < text.count {
            switch text[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return
            }
        }
    }

    private mutating func open(_ object: Bool) throws(DataSetError) -> JSONToken {
        guard isObject.count < depthLimit else { throw error(.nestedTooDeep) }
        position += 1
        isObject.append(object)
        expectation = object ? .keyOrEnd : .valueOrEnd
        return object ? .beginObject : .beginArray
    }

    private mutating func close() -> JSONToken {
        position += 1
        let wasObject = isObject.popLast() ?? false
        valueEnded()
        return wasObject ? .endObject : .endArray
    }

    private mutating func valueEnded() {
        expectation = isObject.isEmpty ? .end : .commaOrEnd
    }

    private mutating func readKey() throws(DataSetError) -> JSONToken {
        let key = try readString()
        skipSpace()
        guard position < text.count else { throw error(.truncated) }
        guard text[position] == UInt8(ascii: ":") else { throw error(.badJSON) }
        position += 1
        expectation = .value
        return .key(key)
    }

    private mutating func readValue() throws(DataSetError) -> JSONToken {
        switch text[position] {
        case UInt8(ascii: "{"): return try open(true)
        case UInt8(ascii: "["): return try open(false)
        case UInt8(ascii: "\""):
            let string = try readString()
            valueEnded()
            return .string(string)
        case UInt8(ascii: "t"): return try readWord("true", .bool(true))
        case UInt8(ascii: "f"): return try readWord("false", .bool(false))
        case UInt8(ascii: "n"): return try readWord("null", .null)
        default: return try readNumber()
        }
    }

    private mutating func readWord(_ word: String, _ token: JSONToken) throws(DataSetError) -> JSONToken {
        guard text[position...].prefix(word.utf8.count).elementsEqual(word.utf8) else { throw error(.badJSON) }
        position += word.utf8.count
        valueEnded()
        return token
    }

    private mutating func readNumber() throws(DataSetError) -> JSONToken {
        let number = text[position...].prefix(JSONNumber.lengthLimit + 1).prefix { byte in
            switch byte {
            case 0x30...0x39, 0x2B, 0x2D, 0x2E, 0x45, 0x65: true
            default: false
            }
        }
        guard JSONNumber.isNumber(number) else { throw error(.badJSON) }
        position += number.count
        valueEnded()
        return .number(String(decoding: number, as: UTF8.self))
    }

    private mutating func readString() throws(DataSetError) -> String {
        position += 1
        let start = position
        // Nearly all strings have no escapes and are taken in one piece.
        while position < text.count, text[position] >= 0x20, text[position] != 0x22, text[position] != 0x5C {
            position += 1
        }
        guard position < text.count else { throw error(.truncated) }
        var bytes = Array(text[start..<position])
        while text[position] != 0x22 {
            if text[position] == 0x5C {
                try readEscape(into: &bytes)
            } else {
                // Control characters must be escaped.
                guard text[position] >= 0x20 else { throw error(.badJSON) }
                bytes.append(text[position])
                position += 1
            }
            guard position < text.count else { throw error(.truncated) }
        }
        position += 1
        guard let string = String(validating: bytes, as: UTF8.self) else { throw error(.badJSON) }
        return string
    }

    private mutating func readEscape(into bytes: inout [UInt8]) throws(DataSetError) {
        guard position + 1 < text.count else { throw error(.truncated) }
        position += 2
        switch text[position - 1] {
        case UInt8(ascii: "\""): bytes.append(0x22)
        case UInt8(ascii: "\\"): bytes.append(0x5C)
        case UInt8(ascii: "/"): bytes.append(0x2F)
        case UInt8(ascii: "b"): bytes.append(0x08)
        case UInt8(ascii: "f"): bytes.append(0x0C)
        case UInt8(ascii: "n"): bytes.append(0x0A)
        case UInt8(ascii: "r"): bytes.append(0x0D)
        case UInt8(ascii: "t"): bytes.append(0x09)
        case UInt8(ascii: "u"): bytes.append(contentsOf: String(try readScalar()).utf8)
        default: throw error(.badJSON)
        }
    }

    /// The character of an escape with four digits, or of two that are a surrogate pair.
    private mutating func readScalar() throws(DataSetError) -> Unicode.Scalar {
        let first = try readHexadecimal()
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard (0xD800...0xDBFF).contains(first), text[position...].prefix(2).elementsEqual([0x5C, 0x75]) else {
            throw error(.badJSON)
        }
        position += 2
        let second = try readHexadecimal()
        guard (0xDC00...0xDFFF).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        else { throw error(.badJSON) }
        return scalar
    }

    private mutating func readHexadecimal() throws(DataSetError) -> UInt32 {
        guard position + 4 <= text.count else { throw error(.truncated) }
        var value: UInt32 = 0
        for digit in text[position..<position + 4] {
            switch digit {
            case 0x30...0x39: value = value << 4 | UInt32(digit - 0x30)
            case 0x41...0x46: value = value << 4 | UInt32(digit - 0x37)
            case 0x61...0x66: value = value << 4 | UInt32(digit - 0x57)
            default: throw error(.badJSON)
            }
        }
        position += 4
        return value
    }
}
