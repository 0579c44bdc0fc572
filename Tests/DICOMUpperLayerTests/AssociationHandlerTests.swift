import DICOMCore
import Logging
import NIOCore
import NIOEmbedded
import Testing

@testable import DICOMUpperLayer

/// Counts how often the socket would be read.
private final class ReadCounter: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer
    var count = 0

    func read(context: ChannelHandlerContext) {
        count += 1
        context.read()
    }
}

/// One side of a connection without a network, on a clock that the test moves.
private final class Connection {
    let channel = EmbeddedChannel()
    let pipe: AssociationPipe
    let reads = ReadCounter()

    init(limits: UpperLayerLimits = UpperLayerLimits(), request: AssociateRequest? = nil) throws {
        pipe = AssociationPipe(channel: channel, limits: limits)
        try channel.pipeline.syncOperations.addHandler(reads)
        try channel.pipeline.syncOperations.addHandler(
            AssociationHandler(
                pipe: pipe,
                limits: limits,
                request: request,
                acknowledgesAtOnce: false,
                logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
            )
        )
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 104)).wait()
    }

    func receive(_ bytes: [UInt8]) throws {
        try channel.writeInbound(ByteBuffer(bytes: bytes))
        channel.embeddedEventLoop.run()
    }

    func sent() throws -> [UInt8] {
        channel.embeddedEventLoop.run()
        var bytes: [UInt8] = []
        while let buffer = try channel.readOutbound(as: ByteBuffer.self) { bytes += Array(buffer.readableBytesView) }
        return bytes
    }

    func establish() throws {
        try receive(Samples.request())
        let accept = AssociateAccept(
            calledAETitle: AETitle("CASSETTE"),
            callingAETitle: AETitle("TEST"),
            presentationContexts: [
                .init(id: 1, result: .acceptance, transferSyntax: .implicitVRLittleEndian),
                .init(id: 3, result: .abstractSyntaxNotSupported),
            ],
            userInformation: UserInformation(maximumLength: 131_072, implementationClassUID: nil)
        )
        pipe.command(.accept(accept))
        _ = try sent()
    }

    func advance(by amount: TimeAmount) { channel.embeddedEventLoop.advanceTime(by: amount) }
}

/// What a peer does wrong, and the reason that it is told.
struct Breach: Sendable {
    let bytes: [UInt8]
    let reason: UInt8
}

private func abort(_ reason: UInt8, source: UInt8 = 2) -> [UInt8] { [7, 0, 0, 0, 0, 4, 0, 0, source, reason] }

@Suite struct `An acceptor before the association` {
    @Test func `closes a connection without a whole request after ARTIM`() throws {
        let connection = try Connection()

        for byte in Samples.request().prefix(2) {
            connection.advance(by: .seconds(10))
            try connection.receive([byte])
        }
        connection.advance(by: .milliseconds(9_999))
        #expect(connection.channel.isActive)
        connection.advance(by: .milliseconds(1))

        #expect(!connection.channel.isActive)
        #expect(connection.pipe.end == .associateTimedOut)
    }

    @Test(arguments: [UInt8(0), 8, 0x16, 0xFF])
    func `aborts and closes on a PDU type that does not exist`(type: UInt8) throws {
        let connection = try Connection()

        try connection.receive([type, 1, 2, 3])

        #expect(try connection.sent() == abort(1))
        #expect(!connection.channel.isActive)
    }

    private static let breaches: [Breach] = [
        Breach(bytes: Samples.data(Samples.value(1, control: 3, [0])), reason: 2),
        Breach(bytes: Samples.releaseRequest, reason: 2),
        Breach(bytes: Samples.releaseResponse, reason: 2),
        Breach(bytes: Samples.pdu(3, [0, 1, 1, 1]), reason: 2),
        Breach(bytes: [1, 0, 0xFF, 0xFF, 0xFF, 0xFF], reason: 6),
        Breach(bytes: [1, 0, 0, 0, 0, 67], reason: 6),
        Breach(bytes: Samples.request(contexts: Samples.context(2, "1.2", ["1.2"])), reason: 6),
    ]

    @Test(arguments: breaches)
    func `aborts on a PDU that must not come, or is wrong`(breach: Breach) throws {
        let connection = try Connection()

        try connection.receive(breach.bytes)

        #expect(try connection.sent() == abort(breach.reason))
        #expect(connection.pipe.end != nil)
        connection.advance(by: .seconds(30))
        #expect(!connection.channel.isActive)
    }

    @Test func `rejects another version of the protocol`() throws {
        let connection = try Connection()

        try connection.receive(Samples.request(version: 2))

        #expect(try connection.sent() == Samples.pdu(3, [0, 1, 2, 2]))
        #expect(connection.pipe.end == .rejected(.protocolVersionNotSupported))
    }

    @Test func `closes when the peer aborts too, whatever could not be understood before`() throws {
        let connection = try Connection()
        try connection.receive([4, 0, 0, 0, 0, 10] + Array(repeating: 0, count: 10))
        #expect(try connection.sent().first == 7)

        try connection.receive([0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
        #expect(connection.channel.isActive)
        try connection.receive(abort(0, source: 0))

        #expect(!connection.channel.isActive)
        #expect(connection.pipe.end?.complaint != nil)
    }

    @Test func `waits for the peer to close after a rejection, not longer than ARTIM`() throws {
        let connection = try Connection()
        try connection.receive(Samples.request())

        connection.pipe.command(.reject(.calledAETitleNotRecognized))

        #expect(try connection.sent() == Samples.pdu(3, [0, 1, 1, 7]))
        connection.advance(by: .seconds(29))
        #expect(connection.channel.isActive)
        connection.advance(by: .seconds(1))
        #expect(!connection.channel.isActive)
    }

    @Test func `ends quietly when the peer aborts or leaves`() throws {
        let aborted = try Connection()
        try aborted.receive(Samples.abort)
        #expect(!aborted.channel.isActive)

        let left = try Connection()
        try left.channel.close().wait()
        #expect(try left.sent().isEmpty)
        #expect(left.pipe.end == .connectionLost)
    }
}

@Suite struct `An acceptor with an association` {
    @Test func `hands values on and sends what it is given`() throws {
        let connection = try Connection()
        try connection.establish()

        try connection.receive(Samples.data(Samples.value(1, control: 3, [7])))

        let expected = PresentationDataValue(
            presentationContextID: 1,
            isCommand: true,
            isLast: true,
            bytes: Samples.buffer(7)
        )
        #expect(connection.pipe.poll() == .value(expected))
        #expect(connection.pipe.poll() == nil)
    }

    private static let breaches: [Breach] = [
        Breach(bytes: Samples.data(Samples.value(3, control: 3, [7])), reason: 6),
        Breach(bytes: Samples.data(Samples.value(5, control: 3, [7])), reason: 6),
        Breach(bytes: [4, 0, 0, 2, 0, 1], reason: 6),
        Breach(bytes: [4, 0, 0, 0, 0, 6, 0, 0, 0, 1, 1, 3], reason: 6),
        Breach(bytes: Samples.request(), reason: 2),
        Breach(bytes: Samples.releaseResponse, reason: 2),
        Breach(bytes: [9], reason: 1),
    ]

    @Test(arguments: breaches)
    func `aborts on a breach of the protocol, and hears nothing after it`(breach: Breach) throws {
        let connection = try Connection()
        try connection.establish()

        try connection.receive(breach.bytes)
        #expect(try connection.sent() == abort(breach.reason))
        try connection.receive(Samples.data(Samples.value(1, control: 3, [7])))

        guard case .ended = connection.pipe.poll() else {
            Issue.record("still goes on")
            return
        }
    }

    @Test func `agrees to a release, after the values before it`() throws {
        let connection = try Connection()
        try connection.establish()

        try connection.receive(Samples.data(Samples.value(1, control: 3, [7])) + Samples.releaseRequest)

        guard case .value = connection.pipe.poll() else {
            Issue.record("no value")
            return
        }
        #expect(connection.pipe.poll() == .releaseRequested)
        connection.pipe.command(.respondToRelease)
        #expect(try connection.sent() == Samples.releaseResponse)
        #expect(connection.pipe.poll() == .ended(.released))
    }

    @Test func `leaves the socket alone while too much waits, and reads on when it is taken`() throws {
        var limits = UpperLayerLimits()
        limits.receiveHighWatermark = 1_000
        limits.receiveLowWatermark = 500
        let connection = try Connection(limits: limits)
        try connection.establish()
        let value = Samples.data(Samples.value(1, control: 0, Array(repeating: 0, count: 400)))

        try connection.receive(value)
        let readsBelow = connection.reads.count
        try connection.receive(value)
        let readsAbove = connection.reads.count
        _ = connection.pipe.poll()
        let readsHalfTaken = connection.reads.count
        _ = connection.pipe.poll()

        #expect(readsAbove == readsBelow)
        #expect(readsHalfTaken == readsAbove)
        #expect(connection.reads.count == readsAbove + 1)
    }

    @Test func `drops what waits when the peer aborts`() throws {
        let connection = try Connection()
        try connection.establish()
        try connection.receive(Samples.data(Samples.value(1, control: 0, [1])) + Samples.abort)

        #expect(connection.pipe.poll() == .ended(.abortedByPeer(Abort(source: 0, reason: 0))))
        #expect(!connection.channel.isActive)
    }
}

@Suite struct `A requestor` {
    private func request() -> AssociateRequest {
        AssociateRequest(
            calledAETitle: AETitle("A"),
            callingAETitle: AETitle("B"),
            presentationContexts: [
                .init(
                    id: 1,
                    abstractSyntax: ArchiveNegotiationPolicy.verification,
                    transferSyntaxes: [.implicitVRLittleEndian]
                )
            ],
            userInformation: UserInformation(maximumLength: 0, implementationClassUID: nil)
        )
    }

    @Test func `sends its request when the connection is there`() throws {
        let connection = try Connection(request: request())

        #expect(try connection.sent().first == 1)
    }

    @Test func `hears of a rejection`() throws {
        let connection = try Connection(request: request())

        try connection.receive(Samples.pdu(3, [0, 2, 3, 2]))

        #expect(connection.pipe.end == .rejected(.localLimitExceeded))
        #expect(!connection.channel.isActive)
    }

    @Test func `aborts when no answer comes in time`() throws {
        let connection = try Connection(request: request())
        _ = try connection.sent()

        connection.advance(by: .seconds(30))

        #expect(try connection.sent() == abort(0, source: 0))
        #expect(connection.pipe.end == .associateTimedOut)
    }
}
