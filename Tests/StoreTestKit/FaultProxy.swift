import AsyncHTTPClient
public import NIOCore
public import NIOHTTP1
import NIOPosix
import Synchronization

/// An HTTP proxy before the server of a store that does to requests what the test wants.
public final class FaultProxy: Sendable {
    /// A request as the proxy got it.
    public struct Request: Sendable {
        /// Counted from 0.
        public let index: Int
        /// Method, path, and headers.
        public let head: HTTPRequestHead
        /// All of it.
        public let body: ByteBuffer

        /// Whether it brings bytes.
        public var isUpload: Bool { head.method == .PUT }

        /// Whether it asks for a list of objects or of files.
        public var isList: Bool { head.uri.contains("list-type=2") || head.method == .PROPFIND }
    }

    private struct State {
        var plan: @Sendable (Request) -> StoreFault? = { _ in nil }
        var requests: [HTTPRequestHead] = []
        var faultCount = 0
    }

    private let state = Mutex(State())
    private let target: String
    private let client: HTTPClient
    private let channel: Mutex<(any Channel)?> = Mutex(nil)
    private let connections = Mutex<[ObjectIdentifier: any Channel]>([:])

    /// Starts a proxy before a server; end it with ``stop()``.
    ///
    /// - Parameter target: `http://host:port`.
    public init(target: String) async throws {
        self.target = target
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        let bootstrap = ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(ChannelOptions.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let operations = channel.pipeline.syncOperations
                    try operations.addHandler(ByteToMessageHandler(HTTPRequestDecoder()))
                    try operations.addHandler(FaultProxyHandler(proxy: self))
                    self.remember(channel)
                }
            }
        let listening = try await bootstrap.bind(host: "127.0.0.1", port: 0).get()
        channel.withLock { $0 = listening }
    }

    /// Where it listens: `http://127.0.0.1:port`.
    public var address: String {
        "http://127.0.0.1:\(channel.withLock { $0?.localAddress?.port } ?? 0)"
    }

    /// Which fault hits which request; none at first.
    public func plan(_ plan: @escaping @Sendable (Request) -> StoreFault?) {
        state.withLock { $0.plan = plan }
    }

    /// Lets all requests pass.
    public func heal() {
        plan { _ in nil }
    }

    /// The heads of all requests so far.
    public var requests: [HTTPRequestHead] { state.withLock { $0.requests } }

    /// How many requests a fault has hit.
    public var faultCount: Int { state.withLock { $0.faultCount } }

    /// Ends the proxy and all its connections.
    public func stop() async {
        try? await channel.withLock { $0 }?.close()
        for connection in connections.withLock({ Array($0.values) }) { connection.close(promise: nil) }
        try? await client.shutdown()
    }

    /// What is to be done with a request.
    func fault(head: HTTPRequestHead, body: ByteBuffer) -> StoreFault? {
        let (request, plan) = state.withLock { state in
            let request = Request(index: state.requests.count, head: head, body: body)
            state.requests.append(head)
            return (request, state.plan)
        }
        let fault = plan(request)
        if fault != nil { state.withLock { $0.faultCount += 1 } }
        return fault
    }

    /// Passes a request on, with the host that was signed.
    func pass(_ head: HTTPRequestHead, _ body: ByteBuffer) async throws -> (HTTPResponseHead, ByteBuffer) {
        var request = HTTPClientRequest(url: target + head.uri)
        request.method = head.method
        request.headers = head.headers
        for name in ["connection", "content-length", "transfer-encoding"] { request.headers.remove(name: name) }
        if head.headers.contains(name: "content-length") { request.body = .bytes(body) }
        let response = try await client.execute(request, timeout: .seconds(60))
        let answer = try await response.body.collect(upTo: 1 << 30)
        var answerHead = HTTPResponseHead(version: .http1_1, status: response.status, headers: response.headers)
        answerHead.headers.remove(name: "transfer-encoding")
        answerHead.headers.remove(name: "connection")
        if head.method != .HEAD {
            answerHead.headers.replaceOrAdd(name: "content-length", value: "\(answer.readableBytes)")
        }
        return (answerHead, answer)
    }

    private func remember(_ channel: any Channel) {
        let id = ObjectIdentifier(channel)
        connections.withLock { $0[id] = channel }
        channel.closeFuture.whenComplete { _ in _ = self.connections.withLock { $0.removeValue(forKey: id) } }
    }
}

/// One connection of a client: gathers a request, and hands it on.
private final class FaultProxyHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = ByteBuffer

    private let proxy: FaultProxy
    private var head: HTTPRequestHead?
    private var body = ByteBuffer()

    init(proxy: FaultProxy) {
        self.proxy = proxy
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = ByteBuffer()
        case .body(var bytes):
            body.writeBuffer(&bytes)
        case .end:
            guard let head else { return }
            let exchange = FaultExchange(proxy: proxy, channel: context.channel, head: head, body: body)
            let done = context.eventLoop.makeFutureWithTask { try await exchange.run() }
            let channel = context.channel
            done.whenFailure { _ in channel.close(promise: nil) }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
