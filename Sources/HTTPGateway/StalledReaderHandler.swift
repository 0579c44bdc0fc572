import NIOCore

/// Closes a connection whose peer does not take what is sent to it.
final class StalledReaderHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny

    private let timeout: TimeAmount
    private var fullSince: NIODeadline?
    private var check: RepeatedTask?

    init(timeout: TimeAmount) {
        self.timeout = timeout
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let interval = TimeAmount.nanoseconds(max(timeout.nanoseconds / 4, 1))
        let channel = context.channel
        let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
        check = context.eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
            if handler.value.isStalled { channel.close(promise: nil) }
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        check?.cancel()
        check = nil
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        fullSince = context.channel.isWritable ? nil : .now()
        context.fireChannelWritabilityChanged()
    }

    private var isStalled: Bool {
        guard let fullSince else { return false }
        return .now() - fullSince >= timeout
    }
}
