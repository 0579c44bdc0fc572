/// An age, the value of an AS: a number and its unit (PS3.5 6.2).
public struct AgeString: Sendable, Hashable {
    /// What is counted.
    public enum Unit: UInt8, Sendable, Hashable, CaseIterable {
        /// Days.
        case days = 0x44
        /// Weeks.
        case weeks = 0x57
        /// Months.
        case months = 0x4D
        /// Years.
        case years = 0x59
    }

    /// How many, 0 to 999.
    public let count: Int
    /// Of what.
    public let unit: Unit

    /// Makes an age; `nil` beyond three digits.
    public init?(_ count: Int, _ unit: Unit) {
        guard (0...999).contains(count) else { return nil }
        self.count = count
        self.unit = unit
    }

    /// Reads `nnnD`, `nnnW`, `nnnM` or `nnnY`, also with fewer digits and a small letter, as devices write them.
    public init?(_ text: some StringProtocol) {
        var cursor = DigitCursor(text)
        guard (1...3).contains(cursor.digitCount), let count = cursor.number(digits: cursor.digitCount),
            let letter = cursor.takeFirst(), cursor.isAtEnd,
            let unit = Unit(rawValue: (0x61...0x7A).contains(letter) ? letter - 0x20 : letter)
        else { return nil }
        self.init(count, unit)
    }

    /// The age as the standard writes it, with three digits.
    public var string: String {
        DigitCursor.padded(count, 3) + String(decoding: [unit.rawValue], as: UTF8.self)
    }
}
