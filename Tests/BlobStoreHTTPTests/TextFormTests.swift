import BlobStoreHTTP
import NIOCore
import NIOHTTP1
import PackStorage
import Platform
import Testing

@Suite struct `Forms of text in HTTP` {
    @Test(arguments: [
        // RFC 4648 10.
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ])
    func `base64 as RFC 4648 shows it`(bytes: String, text: String) {
        #expect(Base64.encode(Array(bytes.utf8)) == text)
        #expect(Base64.decode(text) == Array(bytes.utf8))
    }

    @Test(arguments: ["Z", "Zg", "Zg=", "Zh==", "Zg==Zg==", "Zm9v\n", "====", "Zm9-"])
    func `what is no base64 is refused`(text: String) {
        #expect(Base64.decode(text) == nil)
    }

    @Test(arguments: [
        // RFC 9110 5.6.7, a leap day, the first day of a century that leaps.
        ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777), ("Thu, 29 Feb 2024 23:59:59 GMT", 1_709_251_199),
        ("Wed, 01 Mar 2000 00:00:00 GMT", 951_868_800), ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
    ])
    func `a date is an instant`(text: String, seconds: Int64) {
        #expect(HTTPDate.timestamp(text) == Timestamp(microseconds: seconds * 1_000_000))
    }

    @Test(arguments: [
        "", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Sun, 06 Nov 1994 08:49 GMT",
        "Sun, 32 Nov 1994 08:49:37 GMT", "Sun, 06 Nox 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 PST", "Sun, -6 Nov 1994 08:49:37 GMT",
    ])
    func `any other text is no date`(text: String) {
        #expect(HTTPDate.timestamp(text) == nil)
    }

    @Test func `text in addresses is encoded and decoded`() {
        #expect(PercentEncoding.path("a b/ü~$") == "a%20b/%C3%BC~%24")
        #expect(PercentEncoding.query([("b", "/"), ("a", "1 2"), ("a", "")]) == "a=&a=1%202&b=%2F")
        #expect(PercentEncoding.decode("a%20b/%C3%bc") == "a b/ü")
        for wrong in ["%", "%2", "%zz", "%ff"] { #expect(PercentEncoding.decode(wrong) == nil) }
    }

    @Test func `an address has a scheme, a host and a path`() throws {
        let endpoint = try #require(StoreEndpoint("HTTPS://NAS.example:443/remote.php/dav"))

        #expect(endpoint.scheme == "https")
        #expect(endpoint.authority == "nas.example")
        #expect(endpoint.path == "/remote.php/dav/")
        #expect(StoreEndpoint("http://[::1]:9000")?.authority == "[::1]:9000")
        for wrong in ["", "nas", "ftp://nas/", "http://", "http://u:p@nas/", "http://nas/?a", "http://nas/a b"] {
            #expect(StoreEndpoint(wrong) == nil)
        }
    }

    @Test(arguments: [
        (206, "bytes 2-4/9", "cde", 2..<5), (206, "bytes 2-4/5", "cde", 2..<9), (200, "", "abcde", 2..<9),
    ])
    func `the answer to a range is those bytes`(
        status: Int,
        contentRange: String,
        body: String,
        range: Range<UInt64>
    )
        throws
    {
        #expect(try answer(status, contentRange, body).bytes(of: range) == ByteBuffer(string: "cde"))
    }

    @Test(arguments: [
        (206, "bytes 0-2/9", "abc", 2..<5), (206, "bytes 2-3/9", "cd", 2..<5), (206, "bytes 2-4/9", "cd", 2..<5),
        (206, "bytes 2-5/9", "cdef", 2..<5), (206, "bytes 4-2/9", "cde", 2..<5), (206, "", "cde", 2..<5),
        (200, "", "abcdefghi", 2..<5),
    ])
    func `another range than was asked for is refused`(
        status: Int,
        contentRange: String,
        body: String,
        range: Range<UInt64>
    ) {
        #expect(throws: BlobStoreError.self) { try answer(status, contentRange, body).bytes(of: range) }
    }

    private func answer(_ status: Int, _ contentRange: String, _ body: String) -> StoreResponse {
        var headers: HTTPHeaders = ["Content-Length": String(body.utf8.count)]
        if !contentRange.isEmpty { headers.add(name: "Content-Range", value: contentRange) }
        return StoreResponse(status: status, headers: headers, body: ByteBuffer(string: body))
    }
}
