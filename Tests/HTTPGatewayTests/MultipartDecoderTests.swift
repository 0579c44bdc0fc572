import NIOCore
import Testing

@testable import HTTPGateway

@Suite struct `Reading a multipart body` {
    private static let body =
        "preamble\r\n--b1\r\nContent-Type: application/dicom\r\n\r\nfirst\r\n--b\r\n-\r\n--b1  \r\n\r\n\r\n--b1--\r\nepilogue"

    @Test func `two parts are taken out, one of them without header and empty`() throws {
        let parts = try parts(of: Self.body, boundary: "b1", chunkLength: 1_000)

        #expect(parts.map(\.content) == ["first\r\n--b\r\n-", ""])
        #expect(parts.map { $0.header["content-type"] } == ["application/dicom", nil])
    }

    @Test(arguments: 1...20)
    func `the parts do not depend on where the bytes are cut`(chunkLength: Int) throws {
        let whole = try parts(of: Self.body, boundary: "b1", chunkLength: 1_000)

        #expect(try parts(of: Self.body, boundary: "b1", chunkLength: chunkLength) == whole)
    }

    @Test func `a body may begin with its boundary`() throws {
        let parts = try parts(of: "--x\r\n\r\nabc\r\n--x--", boundary: "x", chunkLength: 2)

        #expect(parts.map(\.content) == ["abc"])
    }

    @Test func `a body without any part ends well`() throws {
        #expect(try parts(of: "--x--", boundary: "x", chunkLength: 1).isEmpty)
    }

    @Test func `a body cut off anywhere before its closing boundary is told as truncated`() throws {
        let body = "--x\r\nA: b\r\n\r\nabc\r\n--x--"
        for length in 0..<body.utf8.count {
            let error = #expect(throws: MultipartError.self) {
                try parts(of: String(decoding: body.utf8.prefix(length), as: UTF8.self), boundary: "x", chunkLength: 3)
            }
            #expect(error?.code == .truncated)
        }
    }

    @Test(arguments: ["", String(repeating: "a", count: 71), "a\"b", "a ", "a\r\nb", "ä"])
    func `a boundary that RFC 2046 forbids is refused`(boundary: String) {
        #expect(throws: MultipartError(code: .badBoundary, offset: 0)) {
            try MultipartDecoder(boundary: boundary, limits: MultipartLimits())
        }
    }

    @Test func `a boundary of seventy characters is taken`() throws {
        let boundary = String(repeating: "a", count: 70)

        let parts = try parts(of: "--\(boundary)\r\n\r\nz\r\n--\(boundary)--", boundary: boundary, chunkLength: 7)

        #expect(parts.map(\.content) == ["z"])
    }

    @Test func `a part header at the limit is taken, one byte more is refused`() throws {
        var limits = MultipartLimits()
        limits.headerLength = 20
        // "A: " + 13 letters + CR LF CR LF are 20 bytes.
        let atLimit = "--x\r\nA: 0123456789abc\r\n\r\n\r\n--x--"
        let beyond = "--x\r\nA: 0123456789abcd\r\n\r\n\r\n--x--"

        #expect(try parts(of: atLimit, boundary: "x", chunkLength: 5, limits: limits).count == 1)
        let error = #expect(throws: MultipartError.self) {
            try parts(of: beyond, boundary: "x", chunkLength: 5, limits: limits)
        }
        #expect(error?.code == .headerTooLong)
    }

    @Test func `as many parts as the limit are taken, one more is refused`() throws {
        var limits = MultipartLimits()
        limits.partCount = 2
        let part = "--x\r\n\r\na\r\n"

        #expect(try parts(of: part + part + "--x--", boundary: "x", chunkLength: 4, limits: limits).count == 2)
        let error = #expect(throws: MultipartError.self) {
            try parts(of: part + part + part + "--x--", boundary: "x", chunkLength: 4, limits: limits)
        }
        #expect(error?.code == .tooManyParts)
    }

    @Test(arguments: ["--xy\r\n", "--x\n\r\n", "--x-\r\n"])
    func `other bytes behind a boundary are refused`(body: String) {
        let error = #expect(throws: MultipartError.self) { try parts(of: body, boundary: "x", chunkLength: 3) }

        #expect(error?.code == .badDelimiter)
    }

    @Test(arguments: ["A b: c\r\n\r\n", ": c\r\n\r\n", "A: b\r\n folded\r\n\r\n", "A: b\nC: d\r\n\r\n", "A\r\n\r\n"])
    func `a malformed part header is refused`(header: String) {
        let error = #expect(throws: MultipartError.self) {
            try parts(of: "--x\r\n" + header + "\r\n--x--", boundary: "x", chunkLength: 100)
        }

        #expect(error?.code == .badHeader)
    }

    @Test func `a flood of almost boundaries is content, and costs no more than other bytes`() throws {
        let boundary = String(repeating: "-", count: 70)
        let almost = "\r\n--" + String(repeating: "-", count: 69) + "+"
        let flood = String(repeating: almost, count: 20_000)

        let parts = try parts(
            of: "--\(boundary)\r\n\r\n\(flood)\r\n--\(boundary)--",
            boundary: boundary,
            chunkLength: 65_536
        )

        #expect(parts.map(\.content) == [flood])
    }

    @Test(.timeLimit(.minutes(1))) func `a long part header costs as much as its bytes, not the square of them`() throws
    {
        var limits = MultipartLimits()
        limits.headerLength = 100_000
        let header = "A: " + String(repeating: "a", count: 99_000)

        let parts = try parts(
            of: "--x\r\n\(header)\r\n\r\n\r\n--x--",
            boundary: "x",
            chunkLength: 65_536,
            limits: limits
        )

        #expect(parts.map(\.content) == [""])
    }

    @Test func `content is handed on as slices of what came in`() throws {
        var decoder = try MultipartDecoder(boundary: "x", limits: MultipartLimits())
        decoder.feed(ByteBuffer(string: "--x\r\n\r\nabc"))

        _ = try decoder.next()

        #expect(try decoder.next() == .body(ByteBuffer(string: "abc")))
        #expect(try decoder.next() == nil)
    }

    private struct Part: Equatable {
        var header: PartHeader
        var content = ""
    }

    private func parts(
        of body: String,
        boundary: String,
        chunkLength: Int,
        limits: MultipartLimits = MultipartLimits()
    ) throws -> [Part] {
        var decoder = try MultipartDecoder(boundary: boundary, limits: limits)
        var parts: [Part] = []
        var content = ByteBuffer()
        var input = ByteBuffer(string: body)
        while input.readableBytes > 0 {
            decoder.feed(input.readSlice(length: min(chunkLength, input.readableBytes)) ?? ByteBuffer())
            while let event = try decoder.next() {
                switch event {
                case .partBegan(let header):
                    parts.append(Part(header: header))
                    content.clear()
                case .body(var bytes): content.writeBuffer(&bytes)
                case .partEnded: parts[parts.count - 1].content = String(buffer: content)
                }
            }
        }
        try decoder.finish()
        return parts
    }
}
