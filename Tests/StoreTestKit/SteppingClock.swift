public import PackStorage
import Synchronization

/// A clock whose sleepers wake at once, by which time has gone on.
public final class SteppingClock: StoreClock {
    private struct State {
        var time = Duration.zero
        var naps: [Duration] = []
    }

    private let state = Mutex(State())

    /// Starts at 0.
    public init() {}

    /// How long anybody has slept, in order.
    public var naps: [Duration] { state.withLock { $0.naps } }

    /// The time since the start.
    public func now() -> Duration { state.withLock { $0.time } }

    /// Moves the clock on.
    public func advance(by duration: Duration) {
        state.withLock { $0.time += duration }
    }

    /// Moves the clock on, and remembers.
    public func sleep(for duration: Duration) async throws {
        try Task.checkCancellation()
        state.withLock { state in
            state.time += duration
            state.naps.append(duration)
        }
    }
}
