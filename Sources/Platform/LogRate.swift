public import NIOCore

/// How many lines may be written: a bucket that fills with time.
public struct LogRate: Sendable {
    /// What to do with a line.
    public enum Answer: Sendable, Hashable {
        /// Write, and tell how many lines were left out since the last one.
        case write(leftOut: Int)
        /// Leave the line out; it is counted.
        case tooMuch
    }

    private let capacity: Int
    private let interval: TimeAmount
    private var room: Int
    private var filledUntil: NIODeadline?
    private var leftOut = 0

    /// Makes a full bucket: `lines` in a row, and one more as each `interval` goes by.
    public init(lines: Int, interval: TimeAmount) {
        capacity = lines
        self.interval = interval
        room = lines
    }

    /// Takes room for a line, if there is any.
    public mutating func take(now: NIODeadline) -> Answer {
        fill(now)
        guard room > 0 else {
            leftOut += 1
            return .tooMuch
        }
        room -= 1
        defer { leftOut = 0 }
        return .write(leftOut: leftOut)
    }

    /// Whether nothing was written or left out that still counts.
    public func isFull(now: NIODeadline) -> Bool {
        var rate = self
        rate.fill(now)
        return rate.room == rate.capacity && leftOut == 0
    }

    private mutating func fill(_ now: NIODeadline) {
        let since = filledUntil ?? now
        let intervals = (now - since).nanoseconds / max(1, interval.nanoseconds)
        filledUntil = since + interval * intervals
        room = intervals >= Int64(capacity - room) ? capacity : room + Int(intervals)
    }
}
