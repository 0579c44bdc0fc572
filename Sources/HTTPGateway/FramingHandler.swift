import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// Ends a connection whose request another server on the way may have read otherwise than this one.
///
/// The decoder refuses most of them: a length beside a coding, two lengths, folded lines. It takes codings in front of
/// `chunked` (RFC 9112 6.1) and several Hosts (RFC 9112 3.2). Nothing behind such a head is taken for a request.
final class FramingHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart

    private var isRefused = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isRefused else { return }
        if case .head(let head) = unwrapInboundIn(data), !Self.isClear(head.headerFields) {
            isRefused = true
            context.fireErrorCaught(HTTPParserError.strictModeAssertion)
            return
        }
        context.fireChannelRead(data)
    }

    private static func isClear(_ fields: HTTPFields) -> Bool {
        let codings = fields[values: .transferEncoding]
        guard codings.isEmpty || codings.map({ $0.lowercased() }) == ["chunked"] else { return false }
        // The first Host is no field any more by now.
        return HTTPField.Name("Host").map { fields[$0] == nil } ?? true
    }
}
