/// An instant of the wall clock, in whole microseconds since 1970-01-01T00:00:00Z.
///
/// Integer arithmetic and hand-written text: a Foundation formatter costs a thousand times more on Linux.
public struct Timestamp: Sendable, Hashable, Comparable {
    /// Microseconds since the Unix epoch.
    public let microseconds: Int64

    /// Makes an instant from microseconds since the Unix epoch.
    public init(microseconds: Int64) {
        self.microseconds = microseconds
    }

    /// Orders by time.
    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.microseconds < right.microseconds
    }

    /// The instant `duration` later; stays at the largest instant on overflow.
    public func advanced(by duration: Duration) -> Timestamp {
        let (seconds, attoseconds) = duration.components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
        let (sum, overflowsToo) = microseconds.addingReportingOverflow(scaled)
        guard !overflow, !overflowsToo else { return Timestamp(microseconds: .max) }
        let (whole, last) = sum.addingReportingOverflow(attoseconds / 1_000_000_000_000)
        return Timestamp(microseconds: last ? .max : whole)
    }
}

extension Timestamp: CustomStringConvertible {
    /// The instant as `2026-11-21T08:05:09.123456Z` (RFC 3339, UTC).
    public var description: String {
        let seconds = microseconds.quotientFloored(by: 1_000_000)
        let fraction = microseconds - seconds * 1_000_000
        let days = seconds.quotientFloored(by: 86_400)
        let secondOfDay = seconds - days * 86_400
        let date = CivilDate(daysSinceEpoch: days)
        return padded(date.year, 4) + "-" + padded(date.month, 2) + "-" + padded(date.day, 2) + "T"
            + padded(secondOfDay / 3_600, 2) + ":" + padded(secondOfDay / 60 % 60, 2) + ":"
            + padded(secondOfDay % 60, 2) + "." + padded(fraction, 6) + "Z"
    }
}

/// A day of the proleptic Gregorian calendar.
public struct CivilDate: Sendable, Hashable {
    /// Year, for example 2026.
    public let year: Int64
    /// Month, 1...12.
    public let month: Int64
    /// Day of the month, 1...31.
    public let day: Int64

    /// The day that many days after 1970-01-01 (before it when negative).
    ///
    /// Counts in eras of 400 years that begin on 1 March, so that the leap day comes last in its year.
    public init(daysSinceEpoch: Int64) {
        let shifted = daysSinceEpoch + 719_468
        let era = shifted.quotientFloored(by: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }
}

extension Int64 {
    fileprivate func quotientFloored(by divisor: Int64) -> Int64 {
        let quotient = self / divisor
        return self % divisor < 0 ? quotient - 1 : quotient
    }
}

private func padded(_ value: Int64, _ width: Int) -> String {
    let digits = String(value)
    return digits.utf8.count >= width ? digits : String(repeating: "0", count: width - digits.utf8.count) + digits
}
