/// Reads fixed numbers of digits from text.
struct DigitCursor {
    private(set) var rest: ArraySlice<UInt8>

    init(_ text: some StringProtocol) {
        rest = Array(text.utf8)[...]
    }

    init(_ rest: ArraySlice<UInt8>) {
        self.rest = rest
    }

    var isAtEnd: Bool { rest.isEmpty }

    /// The number of the next `count` digits; `nil`, and nothing is taken, when they are no digits.
    mutating func number(digits count: Int) -> Int? {
        let digits = rest.prefix(count)
        guard digits.count == count, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        rest = rest.dropFirst(count)
        return digits.reduce(0) { $0 * 10 + Int($1) - 0x30 }
    }

    /// How many digits come next.
    var digitCount: Int { rest.prefix { (0x30...0x39).contains($0) }.count }

    /// Takes the byte if it comes next.
    mutating func take(_ byte: UInt8) -> Bool {
        guard rest.first == byte else { return false }
        rest = rest.dropFirst()
        return true
    }

    mutating func takeFirst() -> UInt8? { rest.popFirst() }

    /// A number with zeros in front, so many digits long.
    static func padded(_ number: Int, _ digits: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
    }
}
