import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Tells a client that waits for leave to send its body to go on (RFC 9110 10.1.1); curl waits a second otherwise.
///
/// Leave is given when the body is wanted, so a client without a token hears of that instead and keeps its body.
final class ExpectContinueHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// Whether the client of the request that came last waits for leave.
    private var isAwaited = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): isAwaited = BodyInvitation.isAwaited(in: head.headerFields)
        // It did not wait after all.
        case .body, .end: isAwaited = false
        }
        context.fireChannelRead(data)
    }

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        guard event is BodyInvitation.Event else {
            context.triggerUserOutboundEvent(event, promise: promise)
            return
        }
        if isAwaited {
            isAwaited = false
            context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
        }
        promise?.succeed()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        // An answer takes the place of the leave.
        if case .head = unwrapOutboundIn(data) { isAwaited = false }
        context.write(data, promise: promise)
    }
}

/// Asks for the body of a request whose client may wait for leave to send it.
struct BodyInvitation: Sendable {
    /// What is sent down the channel.
    struct Event: Sendable {}

    private let channel: (any Channel)?

    /// An invitation for a request with these fields.
    init(_ fields: HTTPFields, on channel: any Channel) {
        self.channel = Self.isAwaited(in: fields) ? channel : nil
    }

    private init() { channel = nil }

    /// For a body that comes unasked.
    static let none = BodyInvitation()

    /// Asks.
    func send() {
        channel?.triggerUserOutboundEvent(Event(), promise: nil)
    }

    static func isAwaited(in fields: HTTPFields) -> Bool {
        fields[.expect]?.lowercased() == "100-continue"
    }
}
