#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Where the time of day comes from.
///
/// Never used to order events: sequences do that.
public protocol WallClock: Sendable {
    /// The present instant.
    func now() -> Timestamp
}

/// The clock of the operating system (`CLOCK_REALTIME`).
public struct SystemWallClock: WallClock {
    /// Makes the clock.
    public init() {}

    /// The present instant.
    public func now() -> Timestamp {
        var time = timespec()
        // CLOCK_REALTIME with a valid pointer cannot fail (clock_gettime(2)); the pointer lives for the call only.
        _ = unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000)
    }
}
