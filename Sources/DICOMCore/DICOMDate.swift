/// A date, the value of a DA (PS3.5 6.2).
public struct DICOMDate: Sendable, Hashable, Comparable {
    /// The year, 0 to 9999.
    public let year: Int
    /// The month, 1 to 12.
    public let month: Int
    /// The day, 1 to the last of the month.
    public let day: Int

    /// Makes a date; `nil` when the calendar has no such day.
    public init?(year: Int, month: Int, day: Int) {
        guard (0...9_999).contains(year), (1...12).contains(month),
            (1...Self.lastDay(year: year, month: month)).contains(day)
        else { return nil }
        self.year = year
        self.month = month
        self.day = day
    }

    /// Reads `YYYYMMDD`, and `YYYY.MM.DD` of ACR-NEMA 300; `nil` for anything else.
    public init?(_ text: some StringProtocol) {
        var cursor = DigitCursor(text)
        guard let year = cursor.number(digits: 4) else { return nil }
        let hasPoints = cursor.take(0x2E)
        guard let month = cursor.number(digits: 2), !hasPoints || cursor.take(0x2E),
            let day = cursor.number(digits: 2), cursor.isAtEnd
        else { return nil }
        self.init(year: year, month: month, day: day)
    }

    /// The date as the standard writes it: `YYYYMMDD`.
    public var string: String {
        DigitCursor.padded(year, 4) + DigitCursor.padded(month, 2) + DigitCursor.padded(day, 2)
    }

    /// Days since 1 January 1970.
    public var daysSince1970: Int {
        // The year begins in March, so that the leap day is its last.
        let shifted = month > 2 ? year : year - 1
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// The number of days of a month.
    static func lastDay(year: Int, month: Int) -> Int {
        switch month {
        case 4, 6, 9, 11: 30
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        default: 31
        }
    }

    /// Orders by time.
    public static func < (left: DICOMDate, right: DICOMDate) -> Bool {
        (left.year, left.month, left.day) < (right.year, right.month, right.day)
    }
}
