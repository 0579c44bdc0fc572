public import Logging
import NIOCore
import Synchronization

/// Writes about peers that break a rule, but no more often than an operator can read.
///
/// A peer that comes back a thousand times in a second must not fill the disk with it, nor hide the others: each address
/// has its share, what is too much is counted, and the count stands in the next line about that address.
public final class PeerLog: Sendable {
    private let logger: Logger
    private let rates = Mutex(LogRates(lines: 20, interval: .seconds(1), peerCount: 256))

    /// Makes a log that writes 20 lines in a row about one address, and one more with each second.
    public init(_ logger: Logger) {
        self.logger = logger
    }

    /// Writes a line about a peer, or counts it.
    public func note(_ message: Logger.Message, peer: String?, metadata: Logger.Metadata) {
        let peer = peer ?? ""
        var metadata = metadata
        metadata["peer"] = "\(peer)"
        switch rates.withLock({ $0.take(peer, now: .now()) }) {
        case .tooMuch: logger.debug(message, metadata: metadata)
        case .write(let leftOut):
            if leftOut > 0 { metadata["leftOutBefore"] = "\(leftOut)" }
            logger.notice(message, metadata: metadata)
        }
    }
}

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

/// How many lines may be written: a bucket that fills with time.
struct LogRate: Sendable {
    enum Answer: Sendable, Hashable {
        /// Write, and tell how many lines were left out since the last one.
        case write(leftOut: Int)
        case tooMuch
    }

    private let capacity: Int
    private let interval: TimeAmount
    private var room: Int
    private var filledUntil: NIODeadline?
    private var leftOut = 0

    init(lines: Int, interval: TimeAmount) {
        capacity = lines
        self.interval = interval
        room = lines
    }

    mutating func take(now: NIODeadline) -> Answer {
        fill(now)
        guard room > 0 else {
            leftOut += 1
            return .tooMuch
        }
        room -= 1
        defer { leftOut = 0 }
        return .write(leftOut: leftOut)
    }

    /// Whether nothing was written or left out that still counts.
    func isFull(now: NIODeadline) -> Bool {
        var rate = self
        rate.fill(now)
        return rate.room == rate.capacity && leftOut == 0
    }

    private mutating func fill(_ now: NIODeadline) {
        let since = filledUntil ?? now
        let intervals = (now - since).nanoseconds / max(1, interval.nanoseconds)
        filledUntil = since + interval * intervals
        room = intervals >= Int64(capacity - room) ? capacity : room + Int(intervals)
    }
}
