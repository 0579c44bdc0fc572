/// How names, labels and numbers are written.
enum MetricName {
    /// A name of letters, digits, `_` and `:`, not beginning with a digit.
    static func name(_ label: String) -> String {
        let name = String(
            decoding: label.utf8.map { byte in
                isLetter(byte) || isDigit(byte) || byte == UInt8(ascii: ":") ? byte : UInt8(ascii: "_")
            },
            as: UTF8.self
        )
        return name.utf8.first.map { isDigit($0) } ?? true ? "_" + name : name
    }

    /// `store="warm",operation="get"`.
    static func labels(_ dimensions: [(String, String)]) -> String {
        dimensions.map { labelName($0.0) + "=\"" + escaped($0.1, quotes: true) + "\"" }.joined(separator: ",")
    }

    /// A meaning on one line.
    static func help(_ text: String) -> String { escaped(text, quotes: false) }

    /// Whole numbers without a fraction.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return Int64(exactly: value).map { String($0) } ?? String(value)
    }

    private static func labelName(_ text: String) -> String {
        name(text.replacing(":", with: "_"))
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var result = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(character)
            }
        }
        return result
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
            || byte == UInt8(ascii: "_")
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
