import Platform

/// When jobs of a kind begin without anybody asking, and in which hours they work.
public struct JobSchedule: Sendable, Hashable {
    /// From one begin to the next; `nil`: only when somebody asks.
    public var interval: Duration?
    /// The hours in which they work; `nil`: always.
    ///
    /// What somebody asked for works at any hour.
    public var hours: TimeWindow?

    /// Makes a schedule.
    public init(every interval: Duration? = nil, hours: TimeWindow? = nil) {
        self.interval = interval
        self.hours = hours
    }

    /// Whether a job is to begin now.
    ///
    /// - Parameter last: When the last one began; `nil` when there was none.
    func isDue(_ now: Timestamp, last: Timestamp?) -> Bool {
        guard let interval, hours?.contains(now) ?? true else { return false }
        guard let last else { return true }
        // A clock that was set back must not stop the archive from working for years.
        return last.advanced(by: interval) <= now || now < last
    }
}
