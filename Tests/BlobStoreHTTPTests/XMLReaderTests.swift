import BlobStoreHTTP
import NIOCore
import PackStorage
import Testing

@Suite struct `Reading XML of stores` {
    private func events(_ text: String) throws -> [XMLReader.Event] {
        var reader = XMLReader(ByteBuffer(string: text))
        var events: [XMLReader.Event] = []
        while let event = try reader.next() { events.append(event) }
        return events
    }

    @Test func `elements come with their texts`() throws {
        let text = """
            <?xml version="1.0"?><!-- a note --><D:list xmlns:D="DAV:" a='>'>
              <D:name>a&amp;b &#x41;&#66;<![CDATA[<c>]]></D:name><empty/></D:list>
            """

        #expect(
            try events(text) == [
                .start("list"), .start("name"), .end("name", text: "a&b AB<c>"), .start("empty"),
                .end("empty", text: ""),
                .end("list", text: ""),
            ]
        )
    }

    @Test func `a document that is cut anywhere is refused`() throws {
        let text = "<?xml version=\"1.0\"?><a b=\"c\"><d>e&lt;f</d><!-- g --><h/></a>"
        #expect(try events(text).count == 6)

        for length in 0..<text.utf8.count {
            #expect(throws: BlobStoreError.self) { try events(String(text.prefix(length))) }
        }
    }

    @Test(arguments: [
        "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>", "<a>&b;</a>", "<a></b>", "<a/><b/>", "text", "<a>&#xD800;</a>",
        "<a>&#x110000;</a>", "<a>&amp</a>", "<>", "</a>", "<a<b/></a>",
        String(repeating: "<a>", count: 33) + String(repeating: "</a>", count: 33),
        "<" + String(repeating: "a", count: 129) + "/>", "<a>" + String(repeating: "b", count: 16_385) + "</a>",
    ])
    func `what is no plain document is refused`(text: String) {
        #expect(throws: BlobStoreError.self) { try events(text) }
    }

    @Test func `limits are kept to the last`() throws {
        let deep = String(repeating: "<a>", count: 32) + String(repeating: "</a>", count: 32)
        #expect(try events(deep).count == 64)
        #expect(try events("<" + String(repeating: "a", count: 128) + "/>").count == 2)
        #expect(try events("<a>" + String(repeating: "b", count: 16_384) + "</a>").count == 2)
    }
}
