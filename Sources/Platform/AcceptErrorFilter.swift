public import Logging
public import NIOCore

/// Keeps the failure of one connection from ending a server.
///
/// NIO reports a connection that fails while it is set up, because its peer is gone already, as an error of the server's
/// channel, and the sequence of connections ends at an error. Where the port itself is lost the channel closes, which is
/// seen without this.
public final class AcceptErrorFilter: ChannelInboundHandler {
    /// Takes whatever the channel brings.
    public typealias InboundIn = Any

    private let logger: Logger

    private init(logger: Logger) {
        self.logger = logger
    }

    /// Puts the filter behind the handler that sets connections up.
    public static func add(to channel: any Channel, logger: Logger) async throws {
        try await channel.eventLoop.submit {
            let operations = channel.pipeline.syncOperations
            let acceptHandler = try operations.context(name: "AcceptHandler").handler
            try operations.addHandler(AcceptErrorFilter(logger: logger), position: .after(acceptHandler))
        }.get()
    }

    /// Drops the error.
    public func errorCaught(context: ChannelHandlerContext, error: any Error) {
        logger.debug("connection failed before it was served")
    }
}
