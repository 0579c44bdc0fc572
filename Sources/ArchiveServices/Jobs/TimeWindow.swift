public import Platform

/// The hours of a day in which something may happen; they may go over midnight.
public struct TimeWindow: Sendable, Hashable {
    /// The first minute of the day that belongs to it, 0...1439.
    public let firstMinute: Int
    /// The first minute of the day that no longer belongs to it, 0...1439.
    public let endMinute: Int
    /// How far the clock on the wall is ahead of UTC at an instant, in seconds.
    private let offset: UTCOffset

    /// How far the clock on the wall is ahead of UTC.
    public struct UTCOffset: Sendable, Hashable {
        private let seconds: @Sendable (Timestamp) -> Int

        /// Takes a function that knows the time zone.
        public init(_ seconds: @escaping @Sendable (Timestamp) -> Int) {
            self.seconds = seconds
        }

        /// The clock shows UTC.
        public static let none = UTCOffset { _ in 0 }

        func callAsFunction(_ time: Timestamp) -> Int { seconds(time) }

        /// Any two are alike: windows are compared by their minutes.
        public static func == (left: UTCOffset, right: UTCOffset) -> Bool { true }

        /// Nothing: see `==`.
        public func hash(into hasher: inout Hasher) {}
    }

    /// Reads `20:00-06:00`; `nil` for any other text, and for hours without a minute in them.
    public init?(_ text: String, offset: UTCOffset = .none) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let first = Self.minute(parts[0]), let end = Self.minute(parts[1]), first != end else {
            return nil
        }
        firstMinute = first
        endMinute = end
        self.offset = offset
    }

    /// Whether an instant lies in it.
    public func contains(_ time: Timestamp) -> Bool {
        let seconds = time.microseconds / 1_000_000 + Int64(offset(time))
        let secondOfDay = seconds % 86_400
        let minute = Int((secondOfDay < 0 ? secondOfDay + 86_400 : secondOfDay) / 60)
        guard firstMinute < endMinute else { return minute >= firstMinute || minute < endMinute }
        return minute >= firstMinute && minute < endMinute
    }

    /// `20:00-06:00`.
    public var text: String { Self.text(firstMinute) + "-" + Self.text(endMinute) }

    private static func minute(_ text: Substring) -> Int? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2,
            parts.allSatisfy({ $0.utf8.count == 2 && $0.utf8.allSatisfy { (48...57).contains($0) } }),
            let hour = Int(parts[0]), let minute = Int(parts[1]), hour < 24, minute < 60
        else { return nil }
        return hour * 60 + minute
    }

    private static func text(_ minute: Int) -> String {
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return two(minute / 60) + ":" + two(minute % 60)
    }
}
