import DICOMCore
import NIOCore

/// JSON text while it is written, for the usual values of the DICOM JSON model (PS3.18 F.2).
///
/// An array, not a `ByteBuffer`: appending a byte to it costs no call.
struct JSONBytes {
    private(set) var bytes: [UInt8] = []

    private static let digits = Array("0123456789ABCDEF".utf8)

    mutating func reserve(_ capacity: Int) {
        bytes.reserveCapacity(capacity)
    }

    @inline(__always)
    mutating func append(_ byte: UInt8) {
        bytes.append(byte)
    }

    mutating func append(_ text: StaticString) {
        // The buffer of a constant, valid inside the closure and longer.
        text.withUTF8Buffer { unsafe bytes.append(contentsOf: $0) }
    }

    mutating func append(_ text: [UInt8]) {
        bytes.append(contentsOf: text)
    }

    /// The bytes so far, which are then gone from here.
    mutating func take() -> [UInt8] {
        let taken = bytes
        bytes = []
        return taken
    }

    /// The members `Value` or `InlineBinary` of an element that is no sequence and no bulk, with the comma in front.
    mutating func appendValue(of element: DataElement, _ characterSet: SpecificCharacterSet) {
        guard let value = element.bytes, value.readableBytes > 0 else { return }
        if element.vr.isText, element.tag != .specificCharacterSet {
            if appendValue(Array(value.readableBytesView)[...], element.vr) { return }
        } else if Self.isNumber(element.vr) {
            appendNumbers(Array(value.readableBytesView)[...], element.vr)
            return
        }
        append(DICOMJSONWriter.value(of: element, characterSet))
    }

    /// Begins an element: its tag as the key, and its VR.
    mutating func appendKey(_ tag: UInt32, _ vr: VR) {
        append(0x22)
        for shift in stride(from: UInt32(28), through: 4, by: -8) {
            append(Self.digits[Int(tag >> shift & 0xF)])
            append(Self.digits[Int(tag >> (shift - 4) & 0xF)])
        }
        append("\":{\"vr\":\"")
        append(UInt8(truncatingIfNeeded: vr.rawValue >> 8))
        append(UInt8(truncatingIfNeeded: vr.rawValue))
        append(0x22)
    }

    /// A string with its quotes (RFC 8259 7); the text is valid UTF-8.
    mutating func appendString(_ text: some Collection<UInt8>) {
        append(0x22)
        for byte in text {
            if byte >= 0x20, byte != 0x22, byte != 0x5C {
                append(byte)
            } else {
                appendEscaped(byte)
            }
        }
        append(0x22)
    }

    private mutating func appendEscaped(_ byte: UInt8) {
        append(0x5C)
        switch byte {
        case 0x0A: append(0x6E)
        case 0x0D: append(0x72)
        case 0x09: append(0x74)
        case ..<0x20:
            append("u00")
            append(Self.digits[Int(byte >> 4)])
            append(Self.digits[Int(byte & 0xF)])
        default: append(byte)
        }
    }

    /// The member `Value` of an element with text; `false`, with nothing written, for what needs its character set.
    mutating func appendValue(_ text: ArraySlice<UInt8>, _ vr: VR) -> Bool {
        for byte in text where byte >= 0x80 || byte == 0x1B { return false }
        guard vr.separatesValuesByBackslash else {
            let trimmed = Self.trimmed(text, leading: false)
            guard !trimmed.isEmpty else { return true }
            append(",\"Value\":[")
            appendString(trimmed)
            append(0x5D)
            return true
        }
        var rest = text
        var isFirst = true
        while true {
            let end = rest.firstIndex(of: 0x5C) ?? rest.endIndex
            let value = Self.trimmed(rest[rest.startIndex..<end], leading: vr != .uc)
            if isFirst {
                if end == rest.endIndex, value.isEmpty || vr == .pn && Self.isEmptyName(value) { return true }
                append(",\"Value\":[")
                isFirst = false
            } else {
                append(0x2C)
            }
            appendSingle(value, vr)
            guard end < rest.endIndex else { break }
            rest = rest[(end + 1)...]
        }
        append(0x5D)
        return true
    }

    private mutating func appendSingle(_ value: ArraySlice<UInt8>, _ vr: VR) {
        switch vr {
        case .ds: appendDecimal(value)
        case .is: appendInteger(value)
        case .pn: appendPersonName(value)
        default: if value.isEmpty { append("null") } else { appendString(value) }
        }
    }

    private mutating func appendDecimal(_ value: ArraySlice<UInt8>) {
        if value.isEmpty {
            append("null")
        } else if Self.isPlainNumber(value, allowsFraction: true) {
            bytes.append(contentsOf: value)
        } else {
            append(Self.written { $0.writeDecimalString(String(decoding: value, as: UTF8.self)) })
        }
    }

    private mutating func appendInteger(_ value: ArraySlice<UInt8>) {
        if value.isEmpty {
            append("null")
        } else if Self.isPlainNumber(value, allowsFraction: false) {
            bytes.append(contentsOf: value)
        } else {
            append(Self.written { $0.writeIntegerString(String(decoding: value, as: UTF8.self)) })
        }
    }

    /// Whether the text is a number in the very form that JSON and Swift write: a sign other than minus, leading zeros,
    /// exponents and many digits take the long way.
    private static func isPlainNumber(_ text: ArraySlice<UInt8>, allowsFraction: Bool) -> Bool {
        var rest = text
        let isNegative = rest.first == 0x2D
        if isNegative { rest = rest.dropFirst() }
        guard let first = rest.first, rest.count <= 18 else { return false }
        let whole = rest.firstIndex { !(0x30...0x39).contains($0) } ?? rest.endIndex
        let wholeCount = whole - rest.startIndex
        guard wholeCount > 0, wholeCount == 1 || first != 0x30 else { return false }
        guard whole < rest.endIndex else {
            return allowsFraction || (wholeCount <= 15 && (first != 0x30 || !isNegative))
        }
        guard allowsFraction, rest[whole] == 0x2E, whole + 1 < rest.endIndex else { return false }
        return rest[(whole + 1)...].allSatisfy { (0x30...0x39).contains($0) }
    }

    /// A name with its component groups (PS3.18 F.2.2).
    private mutating func appendPersonName(_ name: ArraySlice<UInt8>) {
        var rest = name
        var isEmpty = true
        for key: StaticString in ["\"Alphabetic\":", "\"Ideographic\":", "\"Phonetic\":"] {
            let end = rest.firstIndex(of: 0x3D) ?? rest.endIndex
            let group = Self.trimmed(rest[rest.startIndex..<end], leading: true)
            if !group.isEmpty {
                append(isEmpty ? 0x7B : 0x2C)
                isEmpty = false
                append(key)
                appendString(group)
            }
            rest = end < rest.endIndex ? rest[(end + 1)...] : rest[rest.endIndex...]
        }
        if isEmpty { append("null") } else { append(0x7D) }
    }

    /// Whether a value has text in none of its component groups: what follows a third group is not part of the name.
    private static func isEmptyName(_ name: ArraySlice<UInt8>) -> Bool {
        guard name.first == 0x3D else { return name.isEmpty }
        let groups = name.split(separator: 0x3D, maxSplits: 3, omittingEmptySubsequences: false)
        return groups.prefix(3).allSatisfy { trimmed($0, leading: true).isEmpty }
    }

    /// Whether values of that VR are binary numbers that JSON has as numbers.
    static func isNumber(_ vr: VR) -> Bool {
        switch vr {
        case .us, .ss, .ul, .sl, .fd, .fl, .uv, .sv: true
        default: false
        }
    }

    /// The member `Value` of an element with binary numbers.
    mutating func appendNumbers(_ value: ArraySlice<UInt8>, _ vr: VR) {
        let length = vr.wordLength
        guard value.count >= length else { return }
        append(",\"Value\":[")
        var position = value.startIndex
        while value.endIndex - position >= length {
            if position > value.startIndex { append(0x2C) }
            var word: UInt64 = 0
            for byte in value[position..<position + length].reversed() { word = word << 8 | UInt64(byte) }
            appendNumber(word, vr)
            position += length
        }
        append(0x5D)
    }

    private mutating func appendNumber(_ word: UInt64, _ vr: VR) {
        switch vr {
        case .ss: appendSigned(Int64(Int16(truncatingIfNeeded: word)))
        case .sl: appendSigned(Int64(Int32(truncatingIfNeeded: word)))
        case .sv: appendLong(Int64(bitPattern: word).magnitude, isNegative: Int64(bitPattern: word) < 0)
        case .uv: appendLong(word, isNegative: false)
        case .fl: append(Self.written { $0.writeJSONNumber(Float(bitPattern: UInt32(truncatingIfNeeded: word))) })
        case .fd: append(Self.written { $0.writeJSONNumber(Double(bitPattern: word)) })
        default: appendUnsigned(word)
        }
    }

    /// A 64-bit number: as a string above what every reader of JSON numbers keeps exactly (PS3.18 F.2.3, RFC 8259 6).
    private mutating func appendLong(_ magnitude: UInt64, isNegative: Bool) {
        let isString = magnitude > JSONNumber.exactIntegerLimit
        if isString { append(0x22) }
        if isNegative { append(0x2D) }
        appendUnsigned(magnitude)
        if isString { append(0x22) }
    }

    private mutating func appendSigned(_ number: Int64) {
        if number < 0 { append(0x2D) }
        appendUnsigned(number.magnitude)
    }

    private mutating func appendUnsigned(_ number: UInt64) {
        var divisor: UInt64 = 1
        while number / divisor >= 10 { divisor *= 10 }
        while divisor > 0 {
            append(0x30 + UInt8(truncatingIfNeeded: number / divisor % 10))
            divisor /= 10
        }
    }

    /// What is written the long way.
    private static func written(_ write: (inout ByteBuffer) -> Void) -> [UInt8] {
        var buffer = ByteBuffer()
        write(&buffer)
        return Array(buffer.readableBytesView)
    }

    /// Without padding, as `PaddedText` takes it off.
    private static func trimmed(_ text: ArraySlice<UInt8>, leading: Bool) -> ArraySlice<UInt8> {
        var start = text.startIndex
        var end = text.endIndex
        while end > start, text[end - 1] == 0x20 || text[end - 1] == 0 { end -= 1 }
        if leading {
            while start < end, text[start] == 0x20 || text[start] == 0 { start += 1 }
        }
        return text[start..<end]
    }
}
