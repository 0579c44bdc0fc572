import Logging
import NIOCore

/// Carries out what the state machine decides, on the event loop of one connection (PS3.8 9.2.3).
final class AssociationHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = Never
    typealias OutboundIn = AssociationCommand
    typealias OutboundOut = ByteBuffer

    private let pipe: AssociationPipe
    private let limits: UpperLayerLimits
    private let request: AssociateRequest?
    private let acknowledgesAtOnce: Bool
    private let logger: Logger

    private var machine: AssociationStateMachine
    private var decoder: PDUDecoder
    private var watch: PeerWatch?
    private var artim: Scheduled<Void>?
    private var watchTask: Scheduled<Void>?
    private var acceptedContextIDs: Set<UInt8> = []
    private var received: [PresentationDataValue] = []
    private var isMessageComplete = false
    private var ignoresInput = false

    /// - Parameters:
    ///   - request: What to ask of an acceptor; `nil` for the acceptor's side of a connection.
    ///   - acknowledgesAtOnce: Whether TCP is told not to delay its acknowledgements; needs a real socket.
    init(
        pipe: AssociationPipe,
        limits: UpperLayerLimits,
        request: AssociateRequest? = nil,
        acknowledgesAtOnce: Bool,
        logger: Logger
    ) {
        self.pipe = pipe
        self.limits = limits
        self.request = request
        self.acknowledgesAtOnce = acknowledgesAtOnce
        self.logger = logger
        machine = AssociationStateMachine(isRequestor: request != nil)
        decoder = PDUDecoder(limits: limits)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if request != nil { step(.evt1, context: context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        step(request == nil ? .evt5 : .evt2, context: context)
        context.fireChannelActive()
        context.read()
    }

    func channelInactive(context: ChannelHandlerContext) {
        step(.evt17, context: context)
        // Whatever the state was: nobody may be left waiting.
        pipe.finish(.connectionLost)
        artim?.cancel()
        watchTask?.cancel()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        logger.debug("connection failed")
        context.close(promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        guard !ignoresInput else {
            // Nothing is understood any more but the peer's own A-ABORT, which ends the wait for it (Sta13, AA-2).
            if PDUDecoder.isAbort(bytes) { step(.evt16, context: context) }
            return
        }
        isMessageComplete = false
        watch?.received(bytes.readableBytes, now: context.eventLoop.now)
        decoder.feed(bytes)
        do {
            while let element = try decoder.next() {
                switch element {
                case .presentationDataValue(let value): try take(value, context: context)
                case .pdu(let pdu): take(pdu, context: context)
                }
                if ignoresInput { return }
            }
        } catch {
            refuse(error, context: context)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        let mayRead = handOn()
        if acknowledgesAtOnce, !isMessageComplete { acknowledge(context) }
        if mayRead { context.read() }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        sendQueued(context: context)
        switch unwrapOutboundIn(data) {
        case .sendQueued: break
        case .accept(let accept): step(.evt7, context: context) { self.send(.associateAccept(accept), context) }
        case .reject(let reject):
            step(.evt8, context: context, end: .rejected(reject)) { self.send(.associateReject(reject), context) }
        case .release: step(.evt11, context: context)
        case .respondToRelease: step(.evt14, context: context)
        case .abort(let abort):
            pipe.finish(.abortedLocally)
            step(.evt15, context: context, abort: abort)
        }
        promise?.succeed()
    }
}

// MARK: - Receiving

extension AssociationHandler {
    /// Hands the values of one turn of the loop on together.
    private func handOn() -> Bool {
        guard !received.isEmpty else { return !pipe.waiting.isReadPaused }
        defer { received.removeAll(keepingCapacity: true) }
        return pipe.deliver(received)
    }

    private func take(_ value: PresentationDataValue, context: ChannelHandlerContext) throws(PDUError) {
        let isTransfer = machine.state == .sta6 || machine.state == .sta7
        guard !isTransfer || acceptedContextIDs.contains(value.presentationContextID) else {
            throw PDUError(.presentationContextUnknown, pduType: PDUType.dataTransfer)
        }
        step(.evt10, context: context)
        guard isTransfer else { return }
        received.append(value)
        isMessageComplete = value.isLast && !value.isCommand
        if isMessageComplete { watch?.messageEnded() }
    }

    private func take(_ pdu: PDU, context: ChannelHandlerContext) {
        _ = handOn()
        isMessageComplete = false
        switch pdu {
        case .associateRequest(let request): take(request, context: context)
        case .associateAccept(let accept):
            step(.evt3, context: context) {
                self.acceptedContextIDs = Self.acceptedIDs(accept)
                self.associationBegins(context)
                self.pipe.deliver(.accept(accept))
            }
        case .associateReject(let reject):
            step(.evt4, context: context, end: .rejected(reject))
        case .releaseRequest: step(.evt12, context: context)
        case .releaseResponse: step(.evt13, context: context)
        case .abort(let abort): step(.evt16, context: context, end: .abortedByPeer(abort))
        }
    }

    private func take(_ request: AssociateRequest, context: ChannelHandlerContext) {
        let isAcceptable = request.protocolVersion & 1 == 1
        step(.evt6, context: context, requestIsAcceptable: isAcceptable) {
            if isAcceptable {
                self.pipe.deliver(.request(request))
            } else {
                self.send(.associateReject(.protocolVersionNotSupported), context)
            }
        }
    }

    /// The bytes are no PDU: nothing after them can be understood.
    private func refuse(_ error: PDUError, context: ChannelHandlerContext) {
        _ = handOn()
        let isForeign = machine.state == .sta2 && error.code == .unrecognizedPDU
        step(.evt19, context: context, abort: .provider(error.abortReason), end: .invalidPDU(error))
        ignoresInput = true
        // Who begins with something else does not speak DICOM, and will not close on A-ABORT.
        if isForeign { close(context) }
    }

    static func acceptedIDs(_ accept: AssociateAccept) -> Set<UInt8> {
        Set(accept.presentationContexts.filter { $0.result == .acceptance }.map(\.id))
    }
}

// MARK: - Actions

extension AssociationHandler {
    /// Steps the machine and carries its action out.
    ///
    /// - Parameters:
    ///   - abort: What to say if the action is to abort.
    ///   - end: How it ended, if the action ends it.
    ///   - then: What only the caller can do when the event counts in this state and does not abort.
    private func step(
        _ event: AssociationEvent,
        context: ChannelHandlerContext,
        requestIsAcceptable: Bool = true,
        abort: Abort = .provider(.unexpectedPDU),
        end: AssociationEnd? = nil,
        then: () -> Void = {}
    ) {
        guard let action = machine.handle(event, requestIsAcceptable: requestIsAcceptable) else { return }
        switch action {
        case .dt1, .dt2, .ar6, .ar7, .ae1, .aa6, .aa5, .ar5: then()
        case .ae2:
            if let request { send(.associateRequest(request), context) }
            startARTIM(context)
        case .ae3, .ae7:
            stopARTIM()
            then()
        case .ae5: startARTIM(context)
        case .ae6:
            stopARTIM()
            then()
            if !requestIsAcceptable { lingers(context, end: .rejected(.protocolVersionNotSupported)) }
        case .ae8:
            then()
            lingers(context, end: end ?? .rejected(.noReason))
        case .ae4, .aa3:
            pipe.finish(end ?? .connectionLost)
            close(context)
        case .ar1: send(.releaseRequest, context)
        case .ar2: pipe.deliverReleaseRequest()
        case .ar3:
            pipe.finish(.released)
            close(context)
        case .ar4:
            send(.releaseResponse, context)
            lingers(context, end: .released)
        case .ar8:
            // In a collision the requestor answers first (PS3.8 9.2.3, AR-8 and AR-9).
            if machine.isRequestor { step(.evt14, context: context) }
        case .ar9: send(.releaseResponse, context)
        case .ar10: step(.evt14, context: context)
        case .aa1, .aa8:
            send(.abort(abort), context)
            lingers(context, end: end ?? .unexpectedPDU)
        case .aa2:
            pipe.finish(end ?? .connectionLost)
            close(context)
        case .aa4: pipe.finish(.connectionLost)
        case .aa7: send(.abort(abort), context)
        }
    }

    /// Sta13: waits for the peer to close, and not longer than ARTIM.
    private func lingers(_ context: ChannelHandlerContext, end: AssociationEnd) {
        watchTask?.cancel()
        pipe.finish(end)
        startARTIM(context)
        // Reading may be paused, and nobody takes values any more: the end of the connection must be seen.
        context.read()
    }

    private func startARTIM(_ context: ChannelHandlerContext) {
        artim?.cancel()
        artim = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(limits.artim)) {
            self.artimExpired(context)
        }
    }

    private func stopARTIM() {
        artim?.cancel()
        artim = nil
    }

    private func artimExpired(_ context: ChannelHandlerContext) {
        // Table 9-10 leaves the time for an answer to A-ASSOCIATE-RQ to the user, who aborts when it is over.
        if machine.state == .sta5 {
            step(.evt15, context: context, abort: .serviceUser, end: .associateTimedOut)
        } else {
            step(.evt18, context: context, end: .associateTimedOut)
        }
    }

    private func associationBegins(_ context: ChannelHandlerContext) {
        let watch = PeerWatch(limits: limits, now: context.eventLoop.now)
        self.watch = watch
        scheduleJudgement(after: watch.period, context)
    }

    private func scheduleJudgement(after period: TimeAmount, _ context: ChannelHandlerContext) {
        watchTask = context.eventLoop.assumeIsolated().scheduleTask(in: period) { self.judge(context) }
    }

    private func judge(_ context: ChannelHandlerContext) {
        guard var watch, machine.state != .sta13, machine.state != .sta1 else { return }
        let waiting = pipe.waiting
        let verdict = watch.judge(
            now: context.eventLoop.now,
            isWaitingForPeer: waiting.isForPeer || machine.state == .sta7,
            isMidMessage: waiting.isMidMessage || decoder.isMidPDU
        )
        self.watch = watch
        switch verdict {
        case .fine: scheduleJudgement(after: watch.period, context)
        case .idle: step(.evt15, context: context, abort: .provider(.notSpecified), end: .idle)
        case .tooSlow: step(.evt15, context: context, abort: .provider(.notSpecified), end: .tooSlow)
        }
    }
}

// MARK: - Sending

extension AssociationHandler {
    private func sendQueued(context: ChannelHandlerContext) {
        let (pieces, length) = pipe.takeOutgoing()
        guard length > 0 else { return }
        guard machine.handle(.evt9) != nil, let last = pieces.last else {
            pipe.sent(length)
            return
        }
        for piece in pieces.dropLast() {
            context.write(wrapOutboundOut(piece), promise: nil)
        }
        let promise = context.eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenComplete { _ in
            self.watch?.sent(now: context.eventLoop.now)
            self.pipe.sent(length)
        }
        context.writeAndFlush(wrapOutboundOut(last), promise: promise)
    }

    private func send(_ pdu: PDU, _ context: ChannelHandlerContext) {
        if case .associateAccept(let accept) = pdu {
            acceptedContextIDs = Self.acceptedIDs(accept)
            associationBegins(context)
        }
        var buffer = ByteBuffer()
        PDUEncoder.write(pdu, to: &buffer)
        context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
    }

    private func close(_ context: ChannelHandlerContext) {
        stopARTIM()
        watchTask?.cancel()
        context.close(promise: nil)
    }

    /// Sends the acknowledgement of what was read now.
    ///
    /// A sender with Nagle's algorithm on holds the rest of a message back until it comes, and the kernel delays it by
    /// 40 ms; the setting lasts until the kernel changes its mind, so that it is made again with each read.
    private func acknowledge(_ context: ChannelHandlerContext) {
        #if os(Linux)
        let quickAcknowledge = ChannelOptions.Types.SocketOption(level: .tcp, name: .init(rawValue: 12))
        do {
            try context.channel.syncOptions?.setOption(quickAcknowledge, value: 1)
        } catch {
            logger.trace("TCP_QUICKACK could not be set")
        }
        #endif
    }
}
