import Logging
import NIOCore
import NIOPosix
import TestKit
import Testing

@testable import DICOMUpperLayer

@Suite(.timeLimit(.minutes(1))) struct `What a listener tells` {
    @Test func `a rule that was broken is told also when the peer is gone before its service begins`() async throws {
        let log = CapturedLog()
        var configuration = AssociationListener.Configuration()
        configuration.port = 0
        let group = MultiThreadedEventLoopGroup.singleton
        let listener = try await AssociationListener.bind(
            configuration,
            group: group,
            logger: log.logger()
        ) { _, _ in .accept(userIdentityResponse: nil) }
        let port = try #require(listener.port)

        // Nobody is served before `run`, but the channel's handler answers already.
        let peer = try await ClientBootstrap(group: group).connect(host: "127.0.0.1", port: port).get()
        try await peer.writeAndFlush(ByteBuffer(bytes: [0xFF, 0, 0, 0, 0, 4, 0, 0, 0, 0]))
        try await peer.closeFuture.get()
        async let running: Void = listener.run { _ in }
        while log.lines.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
        listener.beginShutdown()
        try await running

        #expect(log.lines.compactMap { $0.metadata["reason"] } == ["unrecognizedPDU"])
    }
}
