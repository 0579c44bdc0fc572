/// The time that decorators of stores wait by: never set back, and moved by hand in tests.
public protocol StoreClock: Sendable {
    /// The time since some fixed instant.
    func now() -> Duration
    /// Waits.
    ///
    /// - Throws: `CancellationError`.
    func sleep(for duration: Duration) async throws
}

/// The clock of the operating system that runs on while the machine sleeps.
public struct SystemStoreClock: StoreClock {
    private let start = ContinuousClock.now

    /// Makes the clock.
    public init() {}

    /// The time since the clock was made.
    public func now() -> Duration { start.duration(to: .now) }

    /// Waits.
    public func sleep(for duration: Duration) async throws {
        try await Task.sleep(for: duration, clock: .continuous)
    }
}
