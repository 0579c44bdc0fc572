import NIOCore

/// A rate for each of so many addresses; the ones beyond share one.
struct LogRates: Sendable {
    private let peerCount: Int
    private let fresh: LogRate
    private var byPeer: [String: LogRate] = [:]
    private var others: LogRate

    init(lines: Int, interval: TimeAmount, peerCount: Int) {
        self.peerCount = peerCount
        fresh = LogRate(lines: lines, interval: interval)
        others = fresh
    }

    mutating func take(_ peer: String, now: NIODeadline) -> LogRate.Answer {
        if byPeer[peer] == nil, byPeer.count >= peerCount {
            // Whoever has been quiet for long enough may begin afresh.
            byPeer = byPeer.filter { !$0.value.isFull(now: now) }
            guard byPeer.count < peerCount else { return others.take(now: now) }
        }
        return byPeer[peer, default: fresh].take(now: now)
    }
}
