import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTP1
import NIOHTTPTypes
import Testing

@testable import HTTPGateway

@Suite struct `Answering before the end of a request` {
    private let time = TimeAmount.seconds(5)

    private func connection(lengthLimit: Int = 100) throws -> EmbeddedChannel {
        let channel = EmbeddedChannel()
        try channel.pipeline.syncOperations.addHandlers([
            ReadCounter(), EarlyAnswerHandler(time: time, lengthLimit: lengthLimit),
        ])
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        return channel
    }

    private func head(_ fields: HTTPFields = [:]) -> HTTPRequestPart {
        .head(HTTPRequest(method: .post, scheme: nil, authority: nil, path: "/", headerFields: fields))
    }

    private func answer(_ channel: EmbeddedChannel) throws -> HTTPResponse? {
        channel.write(HTTPResponsePart.head(HTTPResponse(status: .unauthorized)), promise: nil)
        channel.writeAndFlush(HTTPResponsePart.end(nil), promise: nil)
        guard case .head(let head) = try channel.readOutbound(as: HTTPResponsePart.self) else { return nil }
        _ = try channel.readOutbound(as: HTTPResponsePart.self)
        return head
    }

    private func reads(_ channel: EmbeddedChannel) throws -> Int {
        try channel.pipeline.syncOperations.handler(type: ReadCounter.self).count
    }

    @Test func `a request that has come to its end is answered and the connection stays`() throws {
        let channel = try connection()
        try channel.writeInbound(head())
        try channel.writeInbound(HTTPRequestPart.end(nil))

        #expect(try answer(channel)?.headerFields[.connection] == nil)
        channel.embeddedEventLoop.advanceTime(by: time)
        #expect(channel.isActive)
    }

    @Test func `an early answer says that the connection closes, and it does within its time`() throws {
        let channel = try connection()
        try channel.writeInbound(head())

        #expect(try answer(channel)?.headerFields[.connection] == "close")
        channel.embeddedEventLoop.advanceTime(by: time - .nanoseconds(1))
        #expect(channel.isActive)
        channel.embeddedEventLoop.advanceTime(by: .nanoseconds(1))
        #expect(!channel.isActive)
    }

    @Test func `of requests sent one behind the other only the unfinished one is answered early`() throws {
        let channel = try connection()
        try channel.writeInbound(head())
        try channel.writeInbound(HTTPRequestPart.end(nil))
        try channel.writeInbound(head())

        #expect(try answer(channel)?.headerFields[.connection] == nil)
        #expect(try answer(channel)?.headerFields[.connection] == "close")
    }

    @Test func `what still comes is dropped`() throws {
        let channel = try connection()
        try channel.writeInbound(head())
        _ = try channel.readInbound(as: HTTPRequestPart.self)
        _ = try answer(channel)

        try channel.writeInbound(HTTPRequestPart.body(ByteBuffer(string: "rest")))
        try channel.writeInbound(HTTPRequestPart.end(nil))
        try channel.writeInbound(head())
        channel.pipeline.fireErrorCaught(HTTPParserError.unknown)

        #expect(try channel.readInbound(as: HTTPRequestPart.self) == nil)
        try channel.throwIfErrorCaught()
    }

    @Test func `no more than the limit is read`() throws {
        let channel = try connection(lengthLimit: 10)
        try channel.writeInbound(head())
        _ = try answer(channel)
        let before = try reads(channel)

        try channel.writeInbound(HTTPRequestPart.body(ByteBuffer(string: "123456789")))
        channel.read()
        #expect(try reads(channel) == before + 1)
        try channel.writeInbound(HTTPRequestPart.body(ByteBuffer(string: "0")))
        channel.read()
        #expect(try reads(channel) == before + 1)
    }

    @Test func `a client that has heard and closes its half is let go`() throws {
        let channel = try connection()
        try channel.writeInbound(head())
        _ = try answer(channel)

        channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)

        #expect(!channel.isActive)
    }
}

/// Counts what is read from the network, and keeps half a close from being a whole one, as it would be in memory.
private final class ReadCounter: ChannelOutboundHandler {
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private(set) var count = 0

    func read(context: ChannelHandlerContext) {
        count += 1
        context.read()
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard case .output = mode else { return context.close(mode: mode, promise: promise) }
        promise?.succeed()
    }
}

@Suite struct `Giving leave to send a body` {
    private func connection(_ fields: HTTPFields) throws -> (EmbeddedChannel, BodyInvitation) {
        let channel = EmbeddedChannel()
        try channel.pipeline.syncOperations.addHandler(ExpectContinueHandler())
        try channel.writeInbound(
            HTTPRequestPart.head(
                HTTPRequest(method: .post, scheme: nil, authority: nil, path: "/", headerFields: fields)
            )
        )
        return (channel, BodyInvitation(fields, on: channel))
    }

    @Test(arguments: ["100-continue", "100-Continue"]) func `it is given once, when the body is wanted`(
        value: String
    )
        throws
    {
        let (channel, invitation) = try connection([.expect: value])
        #expect(try channel.readOutbound(as: HTTPResponsePart.self) == nil)

        invitation.send()
        invitation.send()

        #expect(try channel.readOutbound(as: HTTPResponsePart.self) == .head(HTTPResponse(status: .continue)))
        #expect(try channel.readOutbound(as: HTTPResponsePart.self) == nil)
    }

    @Test(arguments: [nil, "200-ok"]) func `it is not given to a client that does not wait`(value: String?) throws {
        let (channel, invitation) = try connection(value.map { [.expect: $0] } ?? [:])

        invitation.send()

        #expect(try channel.readOutbound(as: HTTPResponsePart.self) == nil)
    }

    @Test func `it is not given behind an answer, nor when the body has begun to come`() throws {
        let (answered, first) = try connection([.expect: "100-continue"])
        answered.writeAndFlush(HTTPResponsePart.head(HTTPResponse(status: .unauthorized)), promise: nil)
        _ = try answered.readOutbound(as: HTTPResponsePart.self)
        let (begun, second) = try connection([.expect: "100-continue"])
        try begun.writeInbound(HTTPRequestPart.body(ByteBuffer(string: "a")))

        first.send()
        second.send()

        #expect(try answered.readOutbound(as: HTTPResponsePart.self) == nil)
        #expect(try begun.readOutbound(as: HTTPResponsePart.self) == nil)
    }
}

@Suite struct `Telling where a request ends` {
    private func arrives(_ fields: HTTPFields) throws -> Bool {
        let channel = EmbeddedChannel()
        try channel.pipeline.syncOperations.addHandler(FramingHandler())
        let head = HTTPRequest(method: .post, scheme: nil, authority: "a", path: "/", headerFields: fields)
        do {
            try channel.writeInbound(HTTPRequestPart.head(head))
        } catch is HTTPParserError {
            try channel.writeInbound(HTTPRequestPart.end(nil))
            #expect(try channel.readInbound(as: HTTPRequestPart.self) == nil)
            return false
        }
        return try channel.readInbound(as: HTTPRequestPart.self) != nil
    }

    @Test func `plain requests pass`() throws {
        #expect(try arrives([:]))
        #expect(try arrives([.contentLength: "5"]))
        #expect(try arrives([.transferEncoding: "Chunked"]))
    }

    @Test func `a coding besides chunked, or a second Host, ends the connection`() throws {
        var twice = HTTPFields()
        twice.append(HTTPField(name: .transferEncoding, value: "chunked"))
        twice.append(HTTPField(name: .transferEncoding, value: "chunked"))

        #expect(try !arrives([.transferEncoding: "gzip, chunked"]))
        #expect(try !arrives([.transferEncoding: ""]))
        #expect(try !arrives(twice))
        #expect(try !arrives([try #require(HTTPField.Name("Host")): "b"]))
    }
}
