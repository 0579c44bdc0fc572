import NIOCore

/// Judges whether a peer keeps an association busy for nothing: silent for too long, or slower than the floor in the
/// middle of a message. Pure; whoever owns it brings the time.
struct PeerWatch: Sendable {
    private let idle: TimeAmount
    private let window: TimeAmount
    private let windowFloor: Int

    private var lastActivity: NIODeadline
    private var windowStart: NIODeadline?
    private var windowLength = 0

    enum Verdict: Sendable, Hashable {
        case fine
        case idle
        case tooSlow
    }

    init(limits: UpperLayerLimits, now: NIODeadline) {
        idle = TimeAmount(limits.idle)
        window = TimeAmount(limits.throughputWindow)
        windowFloor = limits.throughputFloor * Int(limits.throughputWindow.components.seconds)
        lastActivity = now
    }

    /// How often to judge.
    var period: TimeAmount {
        .nanoseconds(max(1_000_000, min(idle.nanoseconds, window.nanoseconds) / 6))
    }

    mutating func received(_ length: Int, now: NIODeadline) {
        lastActivity = now
        if windowStart == nil {
            windowStart = now
            windowLength = 0
        }
        windowLength += length
    }

    mutating func sent(now: NIODeadline) {
        lastActivity = now
    }

    /// A Data Set is complete; the next message gets a window of its own.
    mutating func messageEnded() {
        windowStart = nil
    }

    /// - Parameters:
    ///   - isWaitingForPeer: Whether this side can do nothing until the peer sends or reads.
    ///   - isMidMessage: Whether a message has begun and the rest of it is awaited.
    mutating func judge(now: NIODeadline, isWaitingForPeer: Bool, isMidMessage: Bool) -> Verdict {
        if !isWaitingForPeer {
            // The time that this side takes is not the peer's.
            lastActivity = now
            windowStart = nil
            return .fine
        }
        if now - lastActivity >= idle { return .idle }
        guard let start = windowStart, now - start >= window else { return .fine }
        if isMidMessage, windowLength < windowFloor { return .tooSlow }
        windowStart = isMidMessage ? now : nil
        windowLength = 0
        return .fine
    }
}
