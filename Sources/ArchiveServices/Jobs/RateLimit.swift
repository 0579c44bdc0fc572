/// Keeps work to so many bytes a second.
public struct RateLimit: Sendable, Hashable {
    /// Bytes a second; `nil`: as many as there are.
    public let bytesPerSecond: UInt64?

    /// Makes a limit.
    public init(bytesPerSecond: UInt64?) {
        self.bytesPerSecond = bytesPerSecond
    }

    /// How long to wait after so many bytes that took that long.
    ///
    /// What was too slow once gives no right to be too fast later.
    public func delay(afterBytes bytes: UInt64, taking elapsed: Duration) -> Duration {
        guard let bytesPerSecond, bytesPerSecond > 0 else { return .zero }
        return max(.zero, .seconds(Double(bytes) / Double(bytesPerSecond)) - elapsed)
    }
}
