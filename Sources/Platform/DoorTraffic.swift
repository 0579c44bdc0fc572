import Synchronization

/// Who is at the doors of the archive now: background work looks here how long it is to rest.
public final class DoorTraffic: Sendable {
    private struct State {
        var visits = 0
        var lastEnd: ContinuousClock.Instant?
    }

    private let state = Mutex(State())
    private let policy: YieldPolicy

    /// Nobody is there.
    public init(policy: YieldPolicy = YieldPolicy()) {
        self.policy = policy
    }

    /// Requests that are being answered, and objects that are being stored or read.
    public var visitCount: Int { state.withLock { $0.visits } }

    /// Counts somebody in, until what is returned goes.
    public func enter() -> DoorVisit {
        state.withLock { $0.visits += 1 }
        return DoorVisit(self)
    }

    fileprivate func leave() {
        state.withLock { state in
            state.visits -= 1
            state.lastEnd = .now
        }
    }

    /// How long background work is to rest after a piece that took that long.
    public func rest(after piece: Duration) -> Duration {
        let (visits, lastEnd) = state.withLock { ($0.visits, $0.lastEnd) }
        return policy.rest(after: piece, visits: visits, sinceLastVisit: lastEnd.map { .now - $0 })
    }

    /// Rests as long as those at the doors want it; a cancelled task goes on at once.
    public func giveWay(after piece: Duration) async {
        let rest = rest(after: piece)
        guard rest > .zero else { return }
        // Cancelled: the work itself finds that out.
        try? await Task.sleep(for: rest)
    }

    /// Does a piece of background work, and rests then.
    public func background<Value, Failure: Error>(
        _ piece: () async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        let begin = ContinuousClock.now
        let value = try await piece()
        await giveWay(after: .now - begin)
        return value
    }
}

/// Somebody at a door; gone when the last reference to it is.
public final class DoorVisit: Sendable {
    private let traffic: DoorTraffic

    fileprivate init(_ traffic: DoorTraffic) {
        self.traffic = traffic
    }

    deinit {
        traffic.leave()
    }
}
