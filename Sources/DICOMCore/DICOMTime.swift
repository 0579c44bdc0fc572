/// A time of day, the value of a TM, to the precision with which it was written (PS3.5 6.2).
public struct DICOMTime: Sendable, Hashable {
    /// The hour, 0 to 23.
    public let hour: Int
    /// The minute; `nil` when it was not written.
    public let minute: Int?
    /// The second, 60 in a leap second; `nil` when it was not written.
    public let second: Int?
    /// The digits of the fraction of a second, one to six; `nil` when it was not written.
    public let fraction: String?

    /// Reads `HH`, `HHMM`, `HHMMSS`, `HHMMSS.F` with up to six digits, and the same with the colons of ACR-NEMA 300.
    ///
    /// `nil` for anything else.
    public init?(_ text: some StringProtocol) {
        var cursor = DigitCursor(text)
        self.init(&cursor, allowsColons: true)
        guard cursor.isAtEnd else { return nil }
    }

    /// Reads as far as a time goes.
    init?(_ cursor: inout DigitCursor, allowsColons: Bool) {
        guard let hour = cursor.number(digits: 2), hour < 24 else { return nil }
        self.hour = hour
        var parts: [Int] = []
        for limit in [60, 61] {
            var ahead = cursor
            let hasColon = allowsColons && ahead.take(0x3A)
            guard let number = ahead.number(digits: 2) else {
                if hasColon { return nil }
                break
            }
            guard number < limit else { return nil }
            parts.append(number)
            cursor = ahead
        }
        minute = parts.first
        second = parts.count > 1 ? parts[1] : nil
        guard second != nil, cursor.take(0x2E) else {
            fraction = nil
            return
        }
        let digits = cursor.digitCount
        guard (1...6).contains(digits) else { return nil }
        fraction = String(decoding: cursor.rest.prefix(digits), as: UTF8.self)
        _ = cursor.number(digits: digits)
    }

    /// The time as the standard writes it, no more precise than it was.
    public var string: String {
        DigitCursor.padded(hour, 2) + (minute.map { DigitCursor.padded($0, 2) } ?? "")
            + (second.map { DigitCursor.padded($0, 2) } ?? "") + (fraction.map { "." + $0 } ?? "")
    }

    /// The first microsecond of the day that it may mean.
    public var earliestMicrosecond: Int { microsecond(minute: 0, second: 0, digit: 0) }

    /// The last microsecond of the day that it may mean.
    public var latestMicrosecond: Int { microsecond(minute: 59, second: 59, digit: 9) }

    private func microsecond(minute lastMinute: Int, second lastSecond: Int, digit: Int) -> Int {
        let seconds = hour * 3_600 + (minute ?? lastMinute) * 60 + (second ?? lastSecond)
        var micros = (fraction ?? "").utf8.reduce(0) { $0 * 10 + Int($1) - 0x30 }
        for _ in (fraction ?? "").utf8.count..<6 { micros = micros * 10 + digit }
        return seconds * 1_000_000 + micros
    }
}
