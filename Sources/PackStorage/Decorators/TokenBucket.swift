/// How many bytes may pass: a bucket that fills with time.
///
/// A machine without a clock.
public struct TokenBucket: Sendable, Hashable {
    private let bytesPerSecond: Double
    private let capacity: Double
    /// Below 0 when more was taken than was there: what comes next waits for it.
    private var level: Double
    private var filledAt: Duration

    /// Makes a full bucket.
    ///
    /// - Parameter burst: What passes at once after a pause; the bytes of one second when `nil`.
    public init(bytesPerSecond: UInt64, burst: UInt64? = nil, now: Duration) {
        self.bytesPerSecond = Double(max(1, bytesPerSecond))
        capacity = burst.map { Double($0) } ?? self.bytesPerSecond
        level = capacity
        filledAt = now
    }

    /// Takes bytes out, also more than are there.
    ///
    /// - Returns: How long to wait before they may pass.
    public mutating func take(_ byteCount: Int, now: Duration) -> Duration {
        if now > filledAt {
            level = min(capacity, level + (now - filledAt) / .seconds(1) * bytesPerSecond)
            filledAt = now
        }
        level -= Double(byteCount)
        return level >= 0 ? .zero : .seconds(1) * (-level / bytesPerSecond)
    }
}
