import Platform

/// A time as typed, in UTC: a day, or a day and a time of it.
struct TimeArgument: Sendable {
    let timestamp: Timestamp

    /// Reads `2026-11-21`, which means the end of that day, `2026-11-21T08:30`, or with seconds and parts of one.
    ///
    /// A `Z` may follow. Of a second without parts the end is meant.
    init?(_ text: String) {
        let halves = text.split(separator: "T", omittingEmptySubsequences: false)
        let days = halves[0].split(separator: "-", omittingEmptySubsequences: false).map { Int32($0) }
        guard halves.count <= 2, days.count == 3, let year = days[0], let month = days[1], let day = days[2] else {
            return nil
        }
        var time = [23, 59, 59] as [Int32]
        var microseconds: Int64 = 999_999
        if halves.count == 2 {
            let digits = halves[1].hasSuffix("Z") ? halves[1].dropLast() : halves[1]
            let whole = digits.prefix { $0 != "." }
            if whole.endIndex < digits.endIndex {
                // As a list of backups shows them: two may be of one second.
                let part = digits[whole.endIndex...].dropFirst().prefix(6)
                let padded = part + String(repeating: "9", count: 6 - part.count)
                guard !part.isEmpty, padded.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int64(padded)
                else {
                    return nil
                }
                microseconds = number
            }
            let parts = whole.split(separator: ":", omittingEmptySubsequences: false).map { Int32($0) }
            guard (2...3).contains(parts.count), let hour = parts[0], let minute = parts[1] else { return nil }
            guard let second = parts.count == 3 ? parts[2] : 0 else { return nil }
            time = [hour, minute, second]
        }
        guard
            (1970...9999).contains(year), (1...12).contains(month), (1...31).contains(day),
            (0...23).contains(time[0]), (0...59).contains(time[1]), (0...60).contains(time[2])
        else { return nil }
        let seconds =
            Self.daysSinceEpoch(year, month, day) * 86_400 + Int64(time[0]) * 3_600 + Int64(time[1]) * 60
            + Int64(time[2])
        timestamp = Timestamp(microseconds: seconds * 1_000_000 + microseconds)
    }

    /// Counts in eras of 400 years that begin on 1 March, so that the leap day comes last in its year.
    private static func daysSinceEpoch(_ year: Int32, _ month: Int32, _ day: Int32) -> Int64 {
        let shifted = Int64(month <= 2 ? year - 1 : year)
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * Int64(month > 2 ? month - 3 : month + 9) + 2) / 5 + Int64(day) - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
