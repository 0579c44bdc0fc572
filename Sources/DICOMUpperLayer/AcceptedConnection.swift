import DICOMCore
import Logging
import NIOCore
import NIOPosix

/// A connection that a peer has opened, with the handler and the pipe that belong to it.
struct AcceptedConnection: Sendable {
    let channel: any Channel
    let pipe: AssociationPipe
    let isSecure: Bool

    var peerAddress: String? { channel.remoteAddress?.ipAddress }

    /// Puts the handler into the channel's pipeline.
    static func make(
        _ channel: any Channel,
        limits: UpperLayerLimits,
        request: AssociateRequest? = nil,
        logger: Logger
    ) -> EventLoopFuture<AcceptedConnection> {
        channel.eventLoop.makeCompletedFuture {
            let pipe = AssociationPipe(channel: channel, limits: limits)
            try channel.pipeline.syncOperations.addHandler(
                AssociationHandler(
                    pipe: pipe,
                    limits: limits,
                    request: request,
                    acknowledgesAtOnce: true,
                    logger: logger
                )
            )
            return AcceptedConnection(channel: channel, pipe: pipe, isSecure: false)
        }
    }
}

extension ServerBootstrap {
    /// The handler reads when there is room, whole receive buffers at a time, and answers are sent as they are written.
    func childAssociationOptions(_ limits: UpperLayerLimits) -> ServerBootstrap {
        childChannelOption(.autoRead, value: false)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.maxMessagesPerRead, value: 2)
            .childChannelOption(
                .recvAllocator,
                value: FixedSizeRecvByteBufferAllocator(capacity: limits.receiveBufferLength)
            )
    }
}

extension ClientBootstrap {
    /// As `childAssociationOptions`, for the side that connects.
    func associationOptions(_ limits: UpperLayerLimits) -> ClientBootstrap {
        channelOption(.autoRead, value: false)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.maxMessagesPerRead, value: 2)
            .channelOption(
                .recvAllocator,
                value: FixedSizeRecvByteBufferAllocator(capacity: limits.receiveBufferLength)
            )
    }
}
