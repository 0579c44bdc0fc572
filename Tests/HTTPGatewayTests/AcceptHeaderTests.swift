import Testing

@testable import HTTPGateway

@Suite struct `Reading what a client accepts` {
    @Test func `the heavier range comes first, equal ones as given`() {
        let accept = AcceptHeader(["a/b;q=0.5, c/d, e/f;q=1.0, g/h;q=0.50"], limit: 64)

        #expect(accept.ranges.map(\.essence) == ["c/d", "e/f", "a/b", "g/h"])
    }

    @Test func `weight zero and weights that are none leave a range out`() {
        let accept = AcceptHeader(["a/b;q=0, c/d;q=high, e/f;q=nan, g/h;q=7"], limit: 64)

        #expect(accept.ranges.map(\.essence) == ["g/h"])
    }

    @Test func `without the header everything is accepted`() {
        #expect(AcceptHeader([], limit: 64).best(of: ["x/y"]) == "x/y")
    }

    @Test func `parameters are read with quotes, without them, and in any case`() {
        let header =
            "Multipart/Related; Type=\"application/dicom\" ; transfer-syntax=*, "
            + "multipart/related;type=application/dicom+json;start=\"a\\\"b,c\""

        let accept = AcceptHeader([header], limit: 64)

        #expect(accept.ranges.map(\.essence) == ["multipart/related", "multipart/related"])
        #expect(accept.ranges[0].parameters == ["type": "application/dicom", "transfer-syntax": "*"])
        #expect(accept.ranges[1].parameters == ["type": "application/dicom+json", "start": "a\"b,c"])
    }

    @Test func `malformed entries do not spoil the others`() {
        let accept = AcceptHeader(["/, a/b;x=\", c/d", ";;;", "e/f"], limit: 64)

        #expect(accept.ranges.map(\.essence) == ["e/f"])
    }

    @Test func `entries behind the limit are not looked at`() {
        let many = Array(repeating: "a/b;q=0.1", count: 10_000).joined(separator: ",") + ",c/d"

        #expect(AcceptHeader([many], limit: 64).ranges.count == 64)
    }

    @Test func `the type that is liked best is chosen among the offered`() {
        let accept = AcceptHeader(["application/json;q=0.9, application/dicom+json"], limit: 64)

        #expect(accept.best(of: AnswerForm.jsonTypes) == "application/dicom+json")
        #expect(
            AcceptHeader(["application/*"], limit: 64).best(of: ["image/png", "application/json"]) == "application/json"
        )
        #expect(AcceptHeader(["text/html"], limit: 64).best(of: AnswerForm.jsonTypes) == nil)
    }
}
