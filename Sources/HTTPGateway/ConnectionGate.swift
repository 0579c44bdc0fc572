import Logging
import NIOCore
import Platform
import Synchronization

/// Lets connections in as far as the `ConnectionLedger` has places, and closes those that lose theirs.
final class ConnectionGate: Sendable {
    private struct State {
        var ledger: ConnectionLedger<ObjectIdentifier>
        /// Keeps each channel that is counted alive, so that no other can have its identifier.
        var channels: [ObjectIdentifier: any Channel] = [:]
        var waiting: (@Sendable () -> Void)?

        mutating func takeWaiting() -> (@Sendable () -> Void)? {
            guard waiting != nil, ledger.hasRoom else { return nil }
            defer { waiting = nil }
            return waiting
        }
    }

    private let state: Mutex<State>
    private let peerLog: PeerLog

    init(limits: HTTPLimits, logger: Logger) {
        state = Mutex(
            State(
                ledger: ConnectionLedger(
                    limit: limits.connectionCount,
                    limitByAddress: limits.connectionCountByAddress
                )
            )
        )
        peerLog = PeerLog(logger)
    }

    /// Counts a connection, or closes it.
    ///
    /// - Returns: Whether it is to be served.
    func admit(_ channel: any Channel) -> Bool {
        let id = ObjectIdentifier(channel)
        let address = channel.remoteAddress?.ipAddress ?? ""
        let (answer, leaving) = state.withLock { state in
            let answer = state.ledger.open(id, from: address)
            var leaving: (any Channel)?
            switch answer {
            case .admitted: state.channels[id] = channel
            case .displaced(let leavingID, _):
                state.channels[id] = channel
                leaving = state.channels[leavingID]
            case .refused: break
            }
            return (answer, leaving)
        }
        switch answer {
        case .admitted: break
        case .displaced(_, let limit):
            leaving?.close(promise: nil)
            note("idle connection closed to make room", address, limit)
        case .refused(let limit):
            channel.close(promise: nil)
            note("connection refused", address, limit)
            return false
        }
        channel.closeFuture.whenComplete { _ in self.closed(id) }
        return true
    }

    /// Whether a connection may be taken from the system now; if not, `resume` is called once there is room.
    func mayAccept(orElse resume: @escaping @Sendable () -> Void) -> Bool {
        state.withLock { state in
            if state.ledger.hasRoom { return true }
            state.waiting = resume
            return false
        }
    }

    /// Notes that the head of a request has come; `false` when it must not be begun because the connection is closing.
    func beginRequest(_ channel: any Channel) -> Bool {
        state.withLock { $0.ledger.beginRequest(ObjectIdentifier(channel)) }
    }

    /// Notes that a request is answered.
    func endRequest(_ channel: any Channel) {
        let resume = state.withLock { state in
            state.ledger.endRequest(ObjectIdentifier(channel))
            return state.takeWaiting()
        }
        resume?()
    }

    private func closed(_ id: ObjectIdentifier) {
        let (channel, resume) = state.withLock { state in
            state.ledger.close(id)
            return (state.channels.removeValue(forKey: id), state.takeWaiting())
        }
        // The last reference may go here, and not under the lock.
        withExtendedLifetime(channel) { resume?() }
    }

    private func note(
        _ message: Logger.Message,
        _ address: String,
        _ limit: ConnectionLedger<ObjectIdentifier>.Limit
    ) {
        peerLog.note(message, peer: address, metadata: [LogKeys.limit: "\(limit.rawValue)"])
    }
}
