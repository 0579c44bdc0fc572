/// A date and time, the value of a DT, to the precision with which it was written (PS3.5 6.2).
public struct DICOMDateTime: Sendable, Hashable {
    /// The year.
    public let year: Int
    /// The month; `nil` when it was not written.
    public let month: Int?
    /// The day; `nil` when it was not written.
    public let day: Int?
    /// The time of day; `nil` when it was not written.
    public let time: DICOMTime?
    /// The offset from UTC in minutes, the suffix `&ZZXX`; `nil` when it was not written.
    public let offsetMinutes: Int?

    /// Reads `YYYY[MM[DD[HH[MM[SS[.F]]]]]][&ZZXX]`; `nil` for anything else.
    public init?(_ text: some StringProtocol) {
        self.init(bytes: Array(text.utf8)[...])
    }

    init?(bytes: ArraySlice<UInt8>) {
        var cursor = DigitCursor(bytes)
        guard let year = cursor.number(digits: 4) else { return nil }
        self.year = year
        month = cursor.number(digits: 2)
        day = month == nil ? nil : cursor.number(digits: 2)
        if let month, !(1...12).contains(month) { return nil }
        if let month, let day, DICOMDate(year: year, month: month, day: day) == nil { return nil }
        if day != nil, cursor.digitCount > 0 {
            guard let time = DICOMTime(&cursor, allowsColons: false) else { return nil }
            self.time = time
        } else {
            time = nil
        }
        guard !cursor.isAtEnd else {
            offsetMinutes = nil
            return
        }
        guard let offset = Self.offset(&cursor), cursor.isAtEnd else { return nil }
        offsetMinutes = offset
    }

    /// The value as the standard writes it, no more precise than it was.
    public var string: String {
        DigitCursor.padded(year, 4) + (month.map { DigitCursor.padded($0, 2) } ?? "")
            + (day.map { DigitCursor.padded($0, 2) } ?? "") + (time?.string ?? "")
            + (offsetMinutes.map { Self.suffix($0) } ?? "")
    }

    /// The first microsecond since 1970 in UTC that it may mean.
    ///
    /// - Parameter localOffset: Minutes from UTC of values that do not say it, Timezone Offset From UTC (0008,0201).
    public func earliestMicrosecond(localOffset: Int = 0) -> Int {
        microseconds(month ?? 1, day ?? 1, time?.earliestMicrosecond ?? 0, localOffset)
    }

    /// The last microsecond since 1970 in UTC that it may mean.
    public func latestMicrosecond(localOffset: Int = 0) -> Int {
        let lastMonth = month ?? 12
        let lastDay = day ?? DICOMDate.lastDay(year: year, month: lastMonth)
        return microseconds(lastMonth, lastDay, time?.latestMicrosecond ?? 86_399_999_999, localOffset)
    }

    private func microseconds(_ month: Int, _ day: Int, _ ofDay: Int, _ localOffset: Int) -> Int {
        let days = DICOMDate(year: year, month: month, day: day)?.daysSince1970 ?? 0
        return (days * 1_440 - (offsetMinutes ?? localOffset)) * 60_000_000 + ofDay
    }

    /// Reads `&ZZXX`: -1200 to +1400; `-0000` is not allowed.
    private static func offset(_ cursor: inout DigitCursor) -> Int? {
        guard let sign = cursor.takeFirst(), sign == 0x2B || sign == 0x2D,
            let hours = cursor.number(digits: 2), let minutes = cursor.number(digits: 2), minutes < 60
        else { return nil }
        let offset = (hours * 60 + minutes) * (sign == 0x2D ? -1 : 1)
        guard (-720...840).contains(offset), sign == 0x2B || offset != 0 else { return nil }
        return offset
    }

    private static func suffix(_ offset: Int) -> String {
        (offset < 0 ? "-" : "+") + DigitCursor.padded(abs(offset) / 60, 2) + DigitCursor.padded(abs(offset) % 60, 2)
    }
}
