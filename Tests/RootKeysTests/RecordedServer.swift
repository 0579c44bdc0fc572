import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A small HTTP server of the tests that answers as a key service would, and remembers what it was asked.
final class RecordedServer: Sendable {
    struct Request: Sendable {
        let path: String
        let headers: HTTPHeaders
        let body: String
    }

    typealias Answer = @Sendable (Request) -> (status: HTTPResponseStatus, body: String)

    private let requests = Mutex<[Request]>([])
    private let channel: any Channel

    init(_ answer: @escaping Answer) async throws {
        let box = Box()
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.pipeline.configureHTTPServerPipeline().flatMapThrowing {
                    try channel.pipeline.syncOperations.addHandler(Handler(answer: answer, box: box))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        box.note.withLock { note in
            note = { [weak self] request in self?.requests.withLock { $0.append(request) } }
        }
    }

    var address: String { "http://127.0.0.1:\(channel.localAddress?.port ?? 0)" }

    var received: [Request] { requests.withLock { $0 } }

    func stop() async throws { try await channel.close() }

    /// Hands requests to the server that is made after its handlers.
    final class Box: Sendable {
        let note = Mutex<(@Sendable (Request) -> Void)?>(nil)
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let answer: Answer
        private let box: Box
        private var head: HTTPRequestHead?
        private var body = ByteBuffer()

        init(answer: @escaping Answer, box: Box) {
            self.answer = answer
            self.box = box
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head):
                self.head = head
                body = ByteBuffer()
            case .body(let part): body.writeImmutableBuffer(part)
            case .end:
                guard let head else { return }
                let request = Request(path: head.uri, headers: head.headers, body: String(buffer: body))
                box.note.withLock { $0?(request) }
                let (status, text) = answer(request)
                var headers = HTTPHeaders()
                headers.add(name: "Content-Length", value: String(text.utf8.count))
                context.write(
                    wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers))),
                    promise: nil
                )
                context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
                context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            }
        }
    }
}
