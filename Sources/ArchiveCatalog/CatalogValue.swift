/// How values of Data Elements become values of columns, and keys of queries with them.
public enum CatalogValue {
    /// Longest text of a column, in bytes of UTF-8; more is cut at a character.
    public static let lengthLimit = 1_024

    /// The value as its column holds it, or `nil` when it does not follow its Value Representation.
    ///
    /// Padding around the text is cut off, a NUL inside becomes U+FFFD. Dates become `YYYYMMDD` (also from the
    /// `YYYY.MM.DD` of ACR-NEMA), times lose their colons, numbers their padding.
    public static func normalized(_ text: String, _ kind: CatalogAttribute.Kind) -> String? {
        let text = trimmed(text)
        return switch kind {
        case .text, .personName, .code, .uid: limited(text)
        case .date: date(text)
        case .time: time(text)
        // The range of IS (PS3.5 table 6.2-1); the other numbers of columns are 16 bits wide.
        case .number: Int32(text).map { String($0) }
        }
    }

    /// The form in which Person Names are compared: lower case, empty trailing components and groups cut off.
    ///
    /// Several names are folded one by one.
    public static func foldedPersonName(_ name: String) -> String {
        var folded: [UInt8] = []
        for byte in limited(name).lowercased().utf8 {
            if byte == 0x5C { dropEmptyTail(&folded) }
            folded.append(byte)
        }
        dropEmptyTail(&folded)
        return String(decoding: folded, as: UTF8.self)
    }

    private static func dropEmptyTail(_ folded: inout [UInt8]) {
        while let last = folded.last, last == 0x5E || last == 0x3D || last == 0x20 {
            folded.removeLast()
        }
    }

    /// The text without spaces and NULs at both ends, every other NUL being U+FFFD: a database may end a text there.
    static func trimmed(_ text: some StringProtocol) -> String {
        func isPadding(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0 }
        var bytes = Array(text.utf8)
        while let last = bytes.last, isPadding(last) { bytes.removeLast() }
        bytes.removeFirst(bytes.prefix(while: isPadding).count)
        guard bytes.contains(0) else { return String(decoding: bytes, as: UTF8.self) }
        return String(decoding: bytes.flatMap { $0 == 0 ? [0xEF, 0xBF, 0xBD] : [$0] }, as: UTF8.self)
    }

    /// The last instant that a time of partial precision means, `1015` being all of that minute.
    static func upperBound(_ value: String, _ kind: CatalogAttribute.Kind) -> String {
        // "~" sorts behind every digit and the point.
        kind == .time ? value + "~" : value
    }

    /// The text cut at a character so that it fits a column.
    static func limited(_ text: String) -> String {
        guard text.utf8.count > lengthLimit else { return text }
        var result = ""
        var length = 0
        for character in text.unicodeScalars {
            length += UTF8.width(character)
            guard length <= lengthLimit else { break }
            result.unicodeScalars.append(character)
        }
        return result
    }

    private static func date(_ text: String) -> String? {
        let digits = text.utf8.filter { $0 != 0x2E }
        guard digits.count == 8, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        let month = number(digits[4..<6])
        let day = number(digits[6..<8])
        guard (1...12).contains(month), (1...lastDay(year: number(digits[0..<4]), month: month)).contains(day) else {
            return nil
        }
        return String(decoding: digits, as: UTF8.self)
    }

    private static func time(_ text: String) -> String? {
        let parts = text.utf8.filter { $0 != 0x3A }.split(
            separator: 0x2E,
            maxSplits: 1,
            omittingEmptySubsequences: false
        )
        guard let clock = parts.first, [2, 4, 6].contains(clock.count) else { return nil }
        guard parts.allSatisfy({ $0.allSatisfy { (0x30...0x39).contains($0) } }) else { return nil }
        let limits = [24, 60, 61]
        var rest = clock[...]
        for limit in limits where !rest.isEmpty {
            guard number(rest.prefix(2)) < limit else { return nil }
            rest = rest.dropFirst(2)
        }
        guard parts.count == 2 else { return String(decoding: clock, as: UTF8.self) }
        guard clock.count == 6, (1...6).contains(parts[1].count) else { return nil }
        return String(decoding: clock, as: UTF8.self) + "." + String(decoding: parts[1], as: UTF8.self)
    }

    private static func number(_ digits: some Sequence<UInt8>) -> Int {
        digits.reduce(0) { $0 * 10 + Int($1) - 0x30 }
    }

    private static func lastDay(year: Int, month: Int) -> Int {
        switch month {
        case 4, 6, 9, 11: 30
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        default: 31
        }
    }
}
