import Logging
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import DICOMUpperLayer

/// The metadata of the lines that were written.
private final class Lines: Sendable {
    private let taken = Mutex<[Logger.Metadata]>([])
    var all: [Logger.Metadata] { taken.withLock { $0 } }

    func logger() -> Logger {
        Logger(label: "test") { _ in Handler(lines: self) }
    }

    private struct Handler: LogHandler {
        let lines: Lines
        var logLevel = Logger.Level.trace
        var metadata: Logger.Metadata = [:]

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            lines.taken.withLock { $0.append(event.metadata ?? [:]) }
        }
    }
}

@Suite(.timeLimit(.minutes(1))) struct `What a listener tells` {
    @Test func `a rule that was broken is told also when the peer is gone before its service begins`() async throws {
        let lines = Lines()
        var configuration = AssociationListener.Configuration()
        configuration.port = 0
        let group = MultiThreadedEventLoopGroup.singleton
        let listener = try await AssociationListener.bind(
            configuration,
            group: group,
            logger: lines.logger()
        ) { _, _ in .accept(userIdentityResponse: nil) }
        let port = try #require(listener.port)

        // Nobody is served before `run`, but the channel's handler answers already.
        let peer = try await ClientBootstrap(group: group).connect(host: "127.0.0.1", port: port).get()
        try await peer.writeAndFlush(ByteBuffer(bytes: [0xFF, 0, 0, 0, 0, 4, 0, 0, 0, 0]))
        try await peer.closeFuture.get()
        async let running: Void = listener.run { _ in }
        while lines.all.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
        listener.beginShutdown()
        try await running

        #expect(lines.all.compactMap { $0["reason"] } == ["unrecognizedPDU"])
    }
}
