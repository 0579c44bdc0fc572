import NIOCore
import Synchronization

/// What the user of an association gets to see.
public enum AssociationIndication: Sendable, Hashable {
    /// Bytes of a command or Data Set.
    case value(PresentationDataValue)
    /// The peer wants to release; nothing more comes from it.
    case releaseRequested
    /// It is over.
    case ended(AssociationEnd)
}

/// The bounded passage between an association's handler on its event loop and the one task that uses it.
///
/// Received values wait here up to a watermark; above it the socket is not read until the task has taken enough. Bytes to
/// send are gathered here until the event loop gets to them, so that one turn of the loop costs one write.
final class AssociationPipe: Sendable {
    /// The first thing that a peer says.
    enum Handshake: Sendable {
        case request(AssociateRequest)
        case accept(AssociateAccept)
    }

    private struct State {
        var handshake: Handshake?
        var handshakeWaiter: CheckedContinuation<Handshake?, Never>?
        var values = CircularBuffer<PresentationDataValue>(initialCapacity: 8)
        var weightWaiting = 0
        var isReadPaused = false
        var isReleaseRequested = false
        var end: AssociationEnd?
        var receiver: CheckedContinuation<AssociationIndication, Never>?
        var isReceiverMidMessage = false
        var outgoing: [ByteBuffer] = []
        var outgoingLength = 0
        var outstandingLength = 0
        var isSendScheduled = false
        var sender: CheckedContinuation<Void, Never>?
    }

    private let channel: any Channel
    private let limits: UpperLayerLimits
    private let state = Mutex(State())

    /// What a value weighs beyond its bytes, so that many empty ones are no way around the watermark.
    private static let valueOverhead = 128
    /// Longer pieces are queued by reference, shorter ones are gathered in one buffer.
    private static let gatherLimit = 16_384

    init(channel: any Channel, limits: UpperLayerLimits) {
        self.channel = channel
        self.limits = limits
    }
}

// MARK: - The event loop's side

extension AssociationPipe {
    /// What the watch over the peer needs to know of the task.
    struct Waiting {
        var isForPeer: Bool
        var isMidMessage: Bool
        var isReadPaused: Bool
    }

    var waiting: Waiting {
        state.withLock { state in
            Waiting(
                // Who waits to send waits for the peer, even while reading is paused.
                isForPeer: state.sender != nil || state.receiver != nil && !state.isReadPaused,
                isMidMessage: state.receiver != nil && state.isReceiverMidMessage,
                isReadPaused: state.isReadPaused
            )
        }
    }

    func deliver(_ handshake: Handshake) {
        let waiter = state.withLock { state in
            let waiter = state.handshakeWaiter.take()
            if waiter == nil { state.handshake = handshake }
            return waiter
        }
        waiter?.resume(returning: handshake)
    }

    /// Queues received values.
    ///
    /// - Returns: Whether the socket may be read again.
    func deliver(_ values: [PresentationDataValue]) -> Bool {
        let (receiver, first, mayRead) = state.withLock { state in
            guard state.end == nil else {
                return (
                    CheckedContinuation<AssociationIndication, Never>?.none, PresentationDataValue?.none, true
                )
            }
            var rest = values[...]
            let receiver = rest.isEmpty ? nil : state.receiver.take()
            let first = receiver == nil ? nil : rest.popFirst()
            for value in rest {
                state.values.append(value)
                state.weightWaiting += value.bytes.readableBytes + Self.valueOverhead
            }
            state.isReadPaused = state.weightWaiting > limits.receiveHighWatermark
            return (receiver, first, !state.isReadPaused)
        }
        if let receiver, let first { receiver.resume(returning: .value(first)) }
        return mayRead
    }

    func deliverReleaseRequest() {
        let receiver = state.withLock { state in
            let receiver = state.receiver.take()
            if receiver == nil { state.isReleaseRequested = true }
            return receiver
        }
        receiver?.resume(returning: .releaseRequested)
    }

    /// Ends it: whoever waits is woken, and what waits is dropped.
    ///
    /// The first end counts.
    func finish(_ end: AssociationEnd) {
        let (handshakeWaiter, receiver, sender) = state.withLock { state in
            if state.end == nil { state.end = end }
            state.values.removeAll()
            state.weightWaiting = 0
            state.isReadPaused = false
            return (state.handshakeWaiter.take(), state.receiver.take(), state.sender.take())
        }
        handshakeWaiter?.resume(returning: nil)
        receiver?.resume(returning: .ended(end))
        sender?.resume()
    }

    func takeOutgoing() -> (pieces: [ByteBuffer], length: Int) {
        state.withLock { state in
            state.isSendScheduled = false
            defer {
                state.outgoing = []
                state.outgoingLength = 0
            }
            return (state.outgoing, state.outgoingLength)
        }
    }

    /// Tells that bytes which `takeOutgoing()` returned are in the hands of the operating system, or were dropped.
    func sent(_ length: Int) {
        let sender = state.withLock { state in
            state.outstandingLength -= length
            return state.outstandingLength <= limits.sendHighWatermark / 2 ? state.sender.take() : nil
        }
        sender?.resume()
    }
}

// MARK: - The task's side

extension AssociationPipe {
    var end: AssociationEnd? { state.withLock { $0.end } }

    /// Waits for the request of a requestor or the acceptance of an acceptor; `nil` when it ended before.
    func handshake() async -> Handshake? {
        await withCheckedContinuation { continuation in
            let (isDecided, handshake) = state.withLock { state in
                let handshake = state.handshake.take()
                if handshake != nil || state.end != nil { return (true, handshake) }
                precondition(state.handshakeWaiter == nil, "one task at a time uses an association")
                state.handshakeWaiter = continuation
                return (false, nil)
            }
            if isDecided { continuation.resume(returning: handshake) }
        }
    }

    /// Returns what has been received, without waiting.
    func poll() -> AssociationIndication? {
        let (indication, mayRead) = state.withLock { take(&$0) }
        if mayRead { resumeReading() }
        return indication
    }

    /// Returns what is received next.
    func receive(isMidMessage: Bool) async -> AssociationIndication {
        if let indication = poll() { return indication }
        return await withCheckedContinuation { continuation in
            let (indication, mayRead) = state.withLock { state in
                let taken = take(&state)
                if taken.0 == nil {
                    precondition(state.receiver == nil, "one task at a time uses an association")
                    state.receiver = continuation
                    state.isReceiverMidMessage = isMidMessage
                }
                return taken
            }
            if mayRead { resumeReading() }
            if let indication { continuation.resume(returning: indication) }
        }
    }

    private func take(_ state: inout State) -> (AssociationIndication?, mayRead: Bool) {
        if let value = state.values.popFirst() {
            state.weightWaiting -= value.bytes.readableBytes + Self.valueOverhead
            let mayRead = state.isReadPaused && state.weightWaiting <= limits.receiveLowWatermark
            if mayRead { state.isReadPaused = false }
            return (.value(value), mayRead)
        }
        if let end = state.end { return (.ended(end), false) }
        guard state.isReleaseRequested else { return (nil, false) }
        state.isReleaseRequested = false
        return (.releaseRequested, false)
    }

    private func resumeReading() {
        channel.read()
    }

    /// Queues values to send, all or none, cut to the peer's maximum length.
    func send(_ values: [PresentationDataValue], fragmentLimit: Int) async throws(UpperLayerError) {
        let (end, mustSchedule, mustWait) = state.withLock { state in
            if let end = state.end { return (AssociationEnd?.some(end), false, false) }
            let before = state.outgoingLength
            for value in values {
                Self.append(value, fragmentLimit: fragmentLimit, to: &state)
            }
            state.outstandingLength += state.outgoingLength - before
            let mustSchedule = !state.isSendScheduled
            state.isSendScheduled = true
            return (nil, mustSchedule, state.outstandingLength > limits.sendHighWatermark)
        }
        if let end { throw UpperLayerError(.ended(end)) }
        if mustSchedule { schedule() }
        guard mustWait else { return }
        await withCheckedContinuation { continuation in
            let isDone = state.withLock { state in
                if state.end != nil || state.outstandingLength <= limits.sendHighWatermark { return true }
                precondition(state.sender == nil, "one task at a time uses an association")
                state.sender = continuation
                return false
            }
            if isDone { continuation.resume() }
        }
        if let end = self.end { throw UpperLayerError(.ended(end)) }
    }

    private func schedule() {
        // Not at once even on the loop itself: what the task sends in the same turn goes into the same write.
        channel.eventLoop.execute { [channel] in
            channel.writeAndFlush(AssociationCommand.sendQueued, promise: nil)
        }
    }

    private static func append(_ value: PresentationDataValue, fragmentLimit: Int, to state: inout State) {
        var bytes = value.bytes
        repeat {
            let count = min(bytes.readableBytes, fragmentLimit)
            var piece = bytes.readSlice(length: count) ?? ByteBuffer()
            let isGathered = count < gatherLimit
            let needed = PDUEncoder.presentationDataValueOverhead + (isGathered ? count : 0)
            var gathered: ByteBuffer
            if let last = state.outgoing.last, last.writableBytes >= needed {
                gathered = last
                state.outgoing.removeLast()
            } else {
                gathered = ByteBuffer()
                gathered.reserveCapacity(max(needed, isGathered ? 1_024 : 0))
            }
            PDUEncoder.writePresentationDataValueHeader(
                length: count,
                presentationContextID: value.presentationContextID,
                isCommand: value.isCommand,
                isLast: value.isLast && bytes.readableBytes == 0,
                to: &gathered
            )
            if isGathered { gathered.writeBuffer(&piece) }
            state.outgoing.append(gathered)
            if !isGathered { state.outgoing.append(piece) }
            state.outgoingLength += PDUEncoder.presentationDataValueOverhead + count
        } while bytes.readableBytes > 0
    }

    /// Passes a command to the handler, after all that was queued before.
    func command(_ command: AssociationCommand) {
        channel.writeAndFlush(command, promise: nil)
    }

    /// Closes the connection without waiting for the peer to do it.
    func close() {
        channel.close(promise: nil)
    }

    /// Waits until the connection is gone.
    func closed() async {
        await withCheckedContinuation { continuation in
            channel.closeFuture.whenComplete { _ in continuation.resume() }
        }
    }
}
