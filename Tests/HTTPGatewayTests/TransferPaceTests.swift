import HTTPTypes
import HummingbirdCore
import NIOCore
import Testing

@testable import HTTPGateway

@Suite struct `Keeping up the pace` {
    @Test func `a byte per second is too slow once the window has passed`() {
        var pace = TransferPace(bytesPerSecond: 1_024, windowSeconds: 30)

        let verdicts = (1...30).map { _ in pace.isTooSlow(afterReceiving: 1, in: .seconds(1)) }

        #expect(verdicts == Array(repeating: false, count: 29) + [true])
    }

    @Test func `just enough is enough, one byte less is not`() {
        var enough = TransferPace(bytesPerSecond: 10, windowSeconds: 2)
        var less = enough

        let verdicts = [
            enough.isTooSlow(afterReceiving: 20, in: .seconds(2)), less.isTooSlow(afterReceiving: 19, in: .seconds(2)),
        ]

        #expect(verdicts == [false, true])
    }

    @Test func `time in which nobody waits does not count`() {
        var pace = TransferPace(bytesPerSecond: 1_024, windowSeconds: 30)

        let verdicts = (1...1_000).map { _ in pace.isTooSlow(afterReceiving: 1, in: .zero) }

        #expect(!verdicts.contains(true))
    }
}

@Suite struct `Telling a problem` {
    @Test func `text is escaped as JSON`() {
        var json = JSONText()
        json.string("a\"b\\c\u{1}\u{1F}ä")

        #expect(String(buffer: json.buffer) == "\"a\\\"b\\\\c\\u0001\\u001fä\"")
    }

    @Test(arguments: RequestError.Code.allCases)
    func `every request error is a client error with words`(code: RequestError.Code) {
        let problem = Problem(RequestError(code, "do this"))

        #expect(problem.status.kind == .clientError)
        #expect(!problem.title.isEmpty)
        #expect(problem.response().headers[.contentType] == "application/problem+json")
    }

    @Test func `a foreign error tells nothing of itself`() {
        struct Secret: Error {}

        #expect(Problem(Secret()).status == .internalServerError)
        #expect(Problem(Secret()).code == "internal")
    }
}

@Suite struct `Making links` {
    @Test func `loopback links name the bound port`() {
        let links = Links(configuration: HTTPGatewayConfiguration(host: "127.0.0.1", port: 0))
        links.bound(to: 4_711)

        #expect(links.service == "http://127.0.0.1:4711/dicomweb")
    }

    @Test func `elsewhere, without a public URL, links begin with the path`() {
        #expect(Links(configuration: HTTPGatewayConfiguration(host: "0.0.0.0")).service == "/dicomweb")
    }
}
