import Glibc
import NIOCore
import NIOHTTP1

/// One request through a ``FaultProxy``.
struct FaultExchange: Sendable {
    let proxy: FaultProxy
    let channel: any Channel
    let head: HTTPRequestHead
    let body: ByteBuffer

    func run() async throws {
        switch proxy.fault(head: head, body: body) {
        case nil: try await answer(proxy.pass(head, body))
        case .internalError: try await refuse(.internalServerError, "InternalError")
        case .slowDown: try await refuse(.serviceUnavailable, "SlowDown", ["retry-after": "1"])
        case .preconditionFailed: try await refuse(.preconditionFailed, "PreconditionFailed")
        case .expired: try await refuse(.forbidden, "ExpiredToken")
        case .clockSkew: try await refuse(.forbidden, "RequestTimeTooSkewed", ["date": Self.longAgo])
        case .redirect: try await refuse(.temporaryRedirect, "TemporaryRedirect", ["location": "http://127.0.0.1:9/x"])
        case .checksumMismatch: try await refuse(.badRequest, "BadDigest")
        case .resetInRequest: try await reset()
        case .halfOpen: break
        case .lostAnswer:
            _ = try await proxy.pass(head, body)
            try await reset()
        case .duplicateRequest:
            _ = try await proxy.pass(head, body)
            try await answer(proxy.pass(head, body))
        case .resetInAnswer:
            try await write(part(proxy.pass(head, body)))
            try await reset()
        case .truncatedAnswer:
            try await write(part(proxy.pass(head, body)))
            try await channel.close()
        case .wrongBody: try await changeBody()
        case .emptyList: try await emptyList()
        case .trickle: try await trickle(proxy.pass(head, body))
        }
    }

    /// A date that no clock of a test tells.
    private static let longAgo = "Thu, 01 Jan 2015 00:00:00 GMT"

    private func answer(_ response: (HTTPResponseHead, ByteBuffer)) async throws {
        try await write(bytes(response))
    }

    private func refuse(_ status: HTTPResponseStatus, _ code: String, _ headers: HTTPHeaders = [:]) async throws {
        let document = ByteBuffer(string: "<?xml version=\"1.0\"?><Error><Code>\(code)</Code></Error>")
        var head = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
        head.headers.add(name: "content-length", value: "\(document.readableBytes)")
        head.headers.add(name: "content-type", value: "application/xml")
        try await write(bytes((head, document)))
    }

    /// Of an upload the body that is passed on; of anything else the body that comes back.
    private func changeBody() async throws {
        if head.method == .PUT, body.readableBytes > 0 {
            try await answer(proxy.pass(head, Self.changed(body)))
        } else {
            let (answerHead, answerBody) = try await proxy.pass(head, body)
            try await answer((answerHead, Self.changed(answerBody)))
        }
    }

    private func emptyList() async throws {
        guard head.uri.contains("list-type=2") || head.method == .PROPFIND else {
            return try await answer(proxy.pass(head, body))
        }
        let isS3 = head.method == .GET
        let document = ByteBuffer(
            string: isS3
                ? "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"
                : "<D:multistatus xmlns:D=\"DAV:\"></D:multistatus>"
        )
        var head = HTTPResponseHead(version: .http1_1, status: isS3 ? .ok : .multiStatus)
        head.headers.add(name: "content-length", value: "\(document.readableBytes)")
        try await answer((head, document))
    }

    private func trickle(_ response: (HTTPResponseHead, ByteBuffer)) async throws {
        var rest = bytes(response)
        while let byte = rest.readSlice(length: 1) {
            try await write(byte)
            try await Task.sleep(for: .seconds(1))
        }
    }

    /// The answer up to a byte that is another one for each request: in the body, or in the head where there is no body.
    private func part(_ response: (HTTPResponseHead, ByteBuffer)) -> ByteBuffer {
        let headLength = bytes((response.0, ByteBuffer())).readableBytes
        let all = bytes(response)
        let chance = (proxy.requests.count &* 7_919) % 10_007
        let length =
            all.readableBytes > headLength
            ? headLength + (all.readableBytes - headLength) * chance / 10_007 : headLength * chance / 10_007
        return all.getSlice(at: all.readerIndex, length: length) ?? all
    }

    private func bytes(_ response: (HTTPResponseHead, ByteBuffer)) -> ByteBuffer {
        let (head, body) = response
        var text = "HTTP/1.1 \(head.status.code) \(head.status.reasonPhrase)\r\n"
        for (name, value) in head.headers { text += name + ": " + value + "\r\n" }
        var buffer = ByteBuffer(string: text + "\r\n")
        if self.head.method != .HEAD { buffer.writeImmutableBuffer(body) }
        return buffer
    }

    private func write(_ bytes: ByteBuffer) async throws {
        try await channel.writeAndFlush(bytes)
    }

    private func reset() async throws {
        // Closing with unsent time 0 sends a reset instead of an orderly end.
        try await (channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
        try await channel.close()
    }

    private static func changed(_ bytes: ByteBuffer) -> ByteBuffer {
        var bytes = bytes
        let middle = bytes.readerIndex + bytes.readableBytes / 2
        if let byte = bytes.getInteger(at: middle, as: UInt8.self), bytes.readableBytes > 0 {
            bytes.setInteger(byte ^ 0x01, at: middle)
        }
        return bytes
    }
}
