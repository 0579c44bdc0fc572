/// Tells a slow sender from a busy one: only time spent waiting for its bytes counts.
struct TransferPace: Sendable, Hashable {
    private let bytesPerSecond: Int
    private let windowSeconds: Int
    private var waited = Duration.zero
    private var received = 0

    init(bytesPerSecond: Int, windowSeconds: Int) {
        self.bytesPerSecond = bytesPerSecond
        self.windowSeconds = windowSeconds
    }

    /// Counts bytes and the wait for them; returns whether a whole window of waiting brought too few.
    mutating func isTooSlow(afterReceiving bytes: Int, in wait: Duration) -> Bool {
        waited += wait
        received += bytes
        guard waited >= .seconds(windowSeconds) else { return false }
        let isTooSlow = received < bytesPerSecond * windowSeconds
        waited = .zero
        received = 0
        return isTooSlow
    }
}
