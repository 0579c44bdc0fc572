/// When an operation on a store is tried again, and when no more.
public struct RetryPolicy: Sendable, Hashable {
    /// How often an operation is tried at most.
    public var attemptLimit: Int
    /// The longest wait before the second attempt; doubled for each further one.
    public var firstDelay: Duration
    /// No wait is longer, unless the store asks for it.
    public var longestDelay: Duration
    /// No attempt begins later than this after the first one.
    public var deadline: Duration

    /// Makes a policy.
    public init(
        attemptLimit: Int = 8,
        firstDelay: Duration = .milliseconds(250),
        longestDelay: Duration = .seconds(30),
        deadline: Duration = .seconds(300)
    ) {
        self.attemptLimit = attemptLimit
        self.firstDelay = firstDelay
        self.longestDelay = longestDelay
        self.deadline = deadline
    }

    /// How long to wait before the next attempt; `nil` to give up.
    ///
    /// - Parameters:
    ///   - attempt: The one that failed, from 1.
    ///   - elapsed: Since the first one began.
    ///   - jitter: A random number of 0...1: clients that failed together must not come back together.
    public func delay(after error: BlobStoreError, attempt: Int, elapsed: Duration, jitter: Double) -> Duration? {
        guard Self.mayPass(error.code), attempt < attemptLimit else { return nil }
        let longest = min(longestDelay, firstDelay * Double(1 << min(attempt - 1, 20)))
        // At least half of the wait is waited: jitter must not take the back-off away.
        let delay = max(longest / 2 + longest / 2 * min(max(jitter, 0), 1), error.retryAfter ?? .zero)
        return elapsed + delay <= deadline ? delay : nil
    }

    /// Whether the same operation may succeed later.
    private static func mayPass(_ code: BlobStoreError.Code) -> Bool {
        switch code {
        case .unavailable, .corrupt: true
        case .notFound, .exists, .rangeTooLong, .bodyFailed, .disk, .frozen, .denied, .refused, .cancelled: false
        }
    }
}
