import NIOCore

/// How long to wait before a worker is started again after it did not start: twice as long each time, up to ten seconds.
struct StartBackOff: Sendable, Hashable {
    static let first = TimeAmount.milliseconds(100)
    static let longest = TimeAmount.seconds(10)

    private(set) var failureCount = 0
    private var notBefore: NIODeadline?

    /// How long no start may be tried yet; `nil` when it may.
    func wait(_ now: NIODeadline) -> TimeAmount? {
        notBefore.flatMap { $0 > now ? $0 - now : nil }
    }

    /// A start has failed.
    mutating func failed(_ now: NIODeadline) {
        let doublings = min(failureCount, 10)
        failureCount += 1
        notBefore = now + min(Self.longest, Self.first * (1 << doublings))
    }

    /// A start has succeeded.
    mutating func succeeded() {
        self = StartBackOff()
    }
}
