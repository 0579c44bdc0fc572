import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTP1
import NIOHTTPTypes
import Testing

@testable import HTTPGateway

@Suite struct `Header fields beyond the limit` {
    /// The status that goes out for an answer, after or without an overflow.
    private func status(of answer: HTTPResponse, overflown: Bool = true) throws -> HTTPResponse.Status? {
        let channel = EmbeddedChannel()
        defer { _ = try? channel.finish(acceptAlreadyClosed: true) }
        try channel.pipeline.syncOperations.addHandler(HeaderOverflowHandler())
        if overflown { channel.pipeline.fireErrorCaught(HTTPParserError.headerOverflow) }

        // The embedded channel throws the error, which nobody took, after it has written.
        _ = try? channel.writeOutbound(HTTPResponsePart.head(answer))

        guard case .head(let head) = try channel.readOutbound(as: HTTPResponsePart.self) else { return nil }
        return head.status
    }

    @Test func `are told as such in the place of a bare 400`() throws {
        #expect(try status(of: HTTPResponse(status: .badRequest)) == .requestHeaderFieldsTooLarge)
    }

    @Test func `change no answer to the request before`() throws {
        let problem = HTTPResponse(status: .badRequest, headerFields: [.contentType: "application/problem+json"])

        #expect(try status(of: problem) == .badRequest)
        #expect(try status(of: HTTPResponse(status: .ok)) == .ok)
    }

    @Test func `are not told without them`() throws {
        #expect(try status(of: HTTPResponse(status: .badRequest), overflown: false) == .badRequest)
    }
}
