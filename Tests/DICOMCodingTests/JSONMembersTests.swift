import DICOMCore
import NIOCore
import Testing

@testable import DICOMCoding

@Suite struct `A flat JSON object` {
    @Test func `is read as names and values`() throws {
        let members = try JSONMembers(
            ByteBuffer(string: #" {"a": "x\u00e4", "b": -3, "c": true, "d": ["p", "q"], "e": [], "f": null} "#)
        )

        #expect(
            members.values == [
                "a": .text("x\u{E4}"), "b": .number(-3), "c": .flag(true), "d": .texts(["p", "q"]), "e": .texts([]),
                "f": .null,
            ]
        )
        #expect(try JSONMembers(ByteBuffer(string: "{}")).values.isEmpty)
    }

    @Test(arguments: [
        "", "[]", "1", #"{"a":1"#, #"{"a":1,"a":2}"#, #"{"a":{}}"#, #"{"a":[1]}"#, #"{"a":[["x"]]}"#, #"{"a":1.5}"#,
        #"{"a":99999999999999999999}"#, "{} {}", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#,
    ])
    func `is nothing else`(text: String) {
        #expect(throws: DataSetError.self) { try JSONMembers(ByteBuffer(string: text)) }
    }
}
