import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// Ends a connection whose request was answered before all of it had come (RFC 9112 9.6).
///
/// A client that is refused in the middle of its body hears so at once: the answer says `Connection: close`, our half of
/// the connection is closed behind it, and what still comes is dropped. Closing outright would make the client's system
/// throw away the answer; reading on to the end of the body would cost as much as taking it. So the connection lingers
/// until the client has closed its half, for a bounded time and a bounded number of bytes, and is closed then.
final class EarlyAnswerHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private enum State {
        /// Requests are taken and answered.
        case open
        /// An answer was begun before the end of its request.
        case answering
        /// The answer is out; what still comes is dropped.
        case lingering
    }

    private let time: TimeAmount
    private let lengthLimit: Int
    private var state = State.open
    /// Requests whose last byte has come, less those that are answered.
    private var unanswered = 0
    private var dropped = 0
    private var deadline: Scheduled<Void>?

    /// Makes the handler of one connection.
    ///
    /// - Parameters:
    ///   - time: How long the connection lingers at most.
    ///   - lengthLimit: Bytes that are read and dropped at most.
    init(time: TimeAmount, lengthLimit: Int = 4 << 20) {
        self.time = time
        self.lengthLimit = lengthLimit
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        deadline?.cancel()
        deadline = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        if state == .lingering {
            if case .body(let bytes) = part { dropped += bytes.readableBytes }
            return
        }
        if case .end = part { unanswered += 1 }
        context.fireChannelRead(data)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard state == .lingering else {
            context.fireErrorCaught(error)
            return
        }
        // Behind bytes that are no HTTP the decoder hands over everything so.
        if case ByteToMessageDecoderError.dataReceivedInErrorState(_, let bytes) = error {
            dropped += bytes.readableBytes
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard state == .lingering, case ChannelEvent.inputClosed? = event as? ChannelEvent else {
            context.fireUserInboundEventTriggered(event)
            return
        }
        context.close(promise: nil)
    }

    func read(context: ChannelHandlerContext) {
        // What is not read any more holds the client back until the connection is closed.
        guard state != .lingering || dropped < lengthLimit else { return }
        context.read()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(var head) where state == .open && unanswered == 0:
            state = .answering
            head.headerFields[.connection] = "close"
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .end where state == .answering:
            context.writeAndFlush(data, promise: promise)
            linger(context)
        case .end:
            unanswered = max(0, unanswered - 1)
            context.write(data, promise: promise)
        case .head, .body:
            context.write(data, promise: promise)
        }
    }

    private func linger(_ context: ChannelHandlerContext) {
        state = .lingering
        let channel = context.channel
        deadline = context.eventLoop.scheduleTask(in: time) { channel.close(promise: nil) }
        // Closed behind the answer: what was written before goes out first.
        context.close(mode: .output, promise: nil)
    }
}
