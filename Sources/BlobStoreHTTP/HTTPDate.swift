public import Platform

/// Dates as HTTP writes them: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 5.6.7, the form that is sent today).
public enum HTTPDate {
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// The instant; `nil` for any other text.
    public static func timestamp(_ text: some StringProtocol) -> Timestamp? {
        let words = text.split(separator: " ")
        guard words.count == 6, words[0].hasSuffix(","), words[5] == "GMT", words[3].utf8.count == 4,
            let day = number(words[1]), (1...31).contains(day),
            let month = months.firstIndex(where: { $0 == words[2] }), let year = Int64(words[3]), year >= 1970
        else { return nil }
        let time = words[4].split(separator: ":", omittingEmptySubsequences: false)
        guard time.count == 3, let hour = number(time[0]), let minute = number(time[1]), let second = number(time[2]),
            hour < 24, minute < 60, second <= 60
        else { return nil }
        let days = days(year: year, month: Int64(month) + 1, day: day)
        return Timestamp(microseconds: (((days * 24 + hour) * 60 + minute) * 60 + second) * 1_000_000)
    }

    private static func number(_ text: some StringProtocol) -> Int64? {
        text.utf8.count == 2 ? Int64(text) : nil
    }

    /// Days since 1970-01-01: years begin on 1 March, so that the leap day comes last.
    private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
