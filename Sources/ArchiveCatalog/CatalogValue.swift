import DICOMCore

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
        case .date: DICOMDate(text)?.string
        case .time: DICOMTime(text)?.string
        // The range of IS (PS3.5 table 6.2-1); the other numbers of columns are 16 bits wide.
        case .number: Int32(text).map { String($0) }
        }
    }

    /// The form in which Person Names are compared as wholes: each of several folded by itself, its groups joined again.
    ///
    /// See ``FoldedPersonName`` for what makes no difference.
    public static func foldedPersonName(_ name: String) -> String {
        limited(name).utf8.split(separator: 0x5C, omittingEmptySubsequences: false)
            .map { FoldedPersonName(String(decoding: $0, as: UTF8.self)).string }.joined(separator: "\\")
    }

    /// The text without spaces and NULs at both ends, every other NUL being U+FFFD: a database may end a text there.
    static func trimmed(_ text: some StringProtocol) -> String {
        func isPadding(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0 }
        var bytes = Array(text.utf8)[...]
        while let last = bytes.last, isPadding(last) { bytes.removeLast() }
        bytes = bytes.drop(while: isPadding)
        guard bytes.contains(0) else { return String(decoding: bytes, as: UTF8.self) }
        var shown: [UInt8] = []
        shown.reserveCapacity(3 * bytes.count)
        for byte in bytes {
            if byte == 0 { shown += [0xEF, 0xBF, 0xBD] } else { shown.append(byte) }
        }
        return String(decoding: shown, as: UTF8.self)
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
}
