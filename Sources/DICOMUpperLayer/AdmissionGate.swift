import Logging
import NIOCore
import Platform
import Synchronization

/// Lets connections in as far as the `AdmissionLedger` has room, before anything is built for them.
///
/// A connection is counted when the system hands it over. From then on its place is given back when it closes, or, once
/// its service has begun, when that says so: what is done for a peer counts for as long as it lasts.
final class AdmissionGate: Sendable {
    private struct Entry {
        let peer: String
        var isServed = false
        var isAssociated = false
    }

    private struct State {
        var ledger: AdmissionLedger
        var entries: [ObjectIdentifier: Entry] = [:]

        mutating func remove(_ id: ObjectIdentifier) {
            guard let entry = entries.removeValue(forKey: id) else { return }
            ledger.close(entry.peer, wasAssociated: entry.isAssociated)
        }
    }

    private let state: Mutex<State>
    private let peerLog: PeerLog

    init(limits: AdmissionLimits, peerLog: PeerLog) {
        state = Mutex(State(ledger: AdmissionLedger(limits: limits)))
        self.peerLog = peerLog
    }

    /// Counts a connection, or closes it.
    ///
    /// - Returns: Whether it is to be served.
    func admit(_ channel: any Channel) -> Bool {
        let id = ObjectIdentifier(channel)
        let peer = channel.remoteAddress?.ipAddress ?? ""
        let limit = state.withLock { state in
            let limit = state.ledger.connect(peer)
            if limit == nil { state.entries[id] = Entry(peer: peer) }
            return limit
        }
        if let limit {
            channel.close(promise: nil)
            peerLog.note("connection refused", peer: peer, metadata: [LogKeys.limit: "\(limit)"])
            return false
        }
        // The channel is held until it is closed: no other one can have its identifier before.
        channel.closeFuture.whenComplete { _ in withExtendedLifetime(channel) { self.closed(id) } }
        return true
    }

    /// Begins the service of a connection: it keeps its place until `end`.
    ///
    /// - Returns: `false` when the connection is closed already and its place given back.
    func begin(_ channel: any Channel) -> Bool {
        let id = ObjectIdentifier(channel)
        return state.withLock { state in
            guard state.entries[id] != nil else { return false }
            state.entries[id]?.isServed = true
            return true
        }
    }

    /// Turns a half-open connection into an association.
    ///
    /// - Returns: The limit that forbids it, by its name in the configuration: it stays half-open; else `nil`.
    func associate(_ channel: any Channel) -> String? {
        let id = ObjectIdentifier(channel)
        return state.withLock { state in
            guard let peer = state.entries[id]?.peer else { return nil }
            let limit = state.ledger.associate(peer)
            if limit == nil { state.entries[id]?.isAssociated = true }
            return limit
        }
    }

    /// Ends the service of a connection and gives its place back.
    func end(_ channel: any Channel) {
        state.withLock { $0.remove(ObjectIdentifier(channel)) }
    }

    private func closed(_ id: ObjectIdentifier) {
        state.withLock { state in
            guard state.entries[id]?.isServed == false else { return }
            state.remove(id)
        }
    }
}

/// Asks the gate about each connection, in front of the handler that sets connections up.
final class AdmissionHandler: ChannelInboundHandler {
    typealias InboundIn = any Channel
    typealias InboundOut = any Channel

    private let gate: AdmissionGate

    init(gate: AdmissionGate) {
        self.gate = gate
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if gate.admit(unwrapInboundIn(data)) { context.fireChannelRead(data) }
    }
}
