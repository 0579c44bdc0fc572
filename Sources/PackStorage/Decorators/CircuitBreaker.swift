/// Decides whether a store that failed is asked again: a machine without a clock.
public struct CircuitBreaker: Sendable, Hashable {
    /// How an operation ended.
    public enum Outcome: Sendable, Hashable {
        /// The store answered, if only with an error.
        case answered
        /// The store did not answer, or not now.
        case unavailable
        /// Nothing was learnt of the store.
        case unknown
    }

    private enum State: Sendable, Hashable {
        /// All operations pass; so many in a row failed.
        case closed(failureCount: Int)
        /// None passes before that time.
        case open(until: Duration)
        /// One passes, and what becomes of it decides.
        case trying
    }

    private let failureLimit: Int
    private let openTime: Duration
    private var state = State.closed(failureCount: 0)

    /// Makes a closed breaker.
    ///
    /// - Parameters:
    ///   - failureLimit: So many failures in a row open it.
    ///   - openTime: How long it stays open before one operation is let through.
    public init(failureLimit: Int = 5, openTime: Duration = .seconds(30)) {
        self.failureLimit = max(1, failureLimit)
        self.openTime = openTime
    }

    /// Whether operations pass.
    public var isClosed: Bool {
        if case .closed = state { true } else { false }
    }

    /// Asks to let an operation through.
    ///
    /// - Returns: `nil` when it may pass, and its outcome must be told then; else how long to wait.
    public mutating func admit(now: Duration) -> Duration? {
        switch state {
        case .closed:
            return nil
        case .open(let until) where now >= until:
            state = .trying
            return nil
        case .open(let until):
            return until - now
        case .trying:
            return openTime
        }
    }

    /// Tells how an operation ended that was let through.
    public mutating func record(_ outcome: Outcome, now: Duration) {
        switch (state, outcome) {
        case (.trying, .unavailable):
            state = .open(until: now + openTime)
        case (.trying, .unknown):
            // The next one tries.
            state = .open(until: now)
        case (_, .answered):
            // The answer to an operation from before the breaker opened counts as well: the store is back.
            state = .closed(failureCount: 0)
        case (.closed(let count), .unavailable):
            state = count + 1 < failureLimit ? .closed(failureCount: count + 1) : .open(until: now + openTime)
        case (.closed, .unknown), (.open, .unavailable), (.open, .unknown):
            break
        }
    }
}
