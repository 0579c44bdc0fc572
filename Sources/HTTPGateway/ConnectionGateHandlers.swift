import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Stands at the door: asks the gate about each connection before anything is built for it.
///
/// While all places are taken by requests in progress no connection is taken from the system, where it waits.
final class AcceptGateHandler: ChannelDuplexHandler {
    typealias InboundIn = any Channel
    typealias InboundOut = any Channel
    typealias OutboundIn = Never
    typealias OutboundOut = Never

    private let gate: ConnectionGate

    private init(gate: ConnectionGate) {
        self.gate = gate
    }

    /// Puts the gate in front of the handler that sets connections up.
    static func add(_ gate: ConnectionGate, to server: any Channel) async throws {
        try await server.eventLoop.submit {
            try server.pipeline.syncOperations.addHandler(AcceptGateHandler(gate: gate), position: .first)
            // The room is looked at before each connection, so that there is never one too many.
            try server.syncOptions?.setOption(.maxMessagesPerRead, value: 1)
        }.get()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if gate.admit(unwrapInboundIn(data)) { context.fireChannelRead(data) }
    }

    func read(context: ChannelHandlerContext) {
        let channel = context.channel
        // What was held back begins again at the end of the pipeline, and is asked about once more here.
        if gate.mayAccept(orElse: { channel.read() }) { context.read() }
    }
}

/// Tells the gate whether there is a request in progress on one connection.
///
/// Next to the codec: a request begins when the whole of its head has come, and ends when its answer has been written.
final class RequestCountHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let gate: ConnectionGate
    private var isLeaving = false

    init(gate: ConnectionGate) {
        self.gate = gate
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head = unwrapInboundIn(data), !gate.beginRequest(context.channel) { isLeaving = true }
        // What comes while the connection is being closed is not begun: the client may safely ask again.
        if !isLeaving { context.fireChannelRead(data) }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .end = unwrapOutboundIn(data) else {
            context.write(data, promise: promise)
            return
        }
        // Not before the last byte has gone: a connection without a request in progress may be closed.
        let written = promise ?? context.eventLoop.makePromise(of: Void.self)
        let channel = context.channel
        written.futureResult.whenComplete { [gate] _ in gate.endRequest(channel) }
        context.write(data, promise: written)
    }
}
