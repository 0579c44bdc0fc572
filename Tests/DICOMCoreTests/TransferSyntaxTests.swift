import DICOMCore
import Testing

@Suite struct `Transfer Syntaxes` {
    /// How each Transfer Syntax of PS3.5 A encodes: implicit, big, deflated, encapsulated, referenced.
    private static let table: [String: String] = [
        "1.2.840.10008.1.2": "implicit",
        "1.2.840.10008.1.2.1": "",
        "1.2.840.10008.1.2.1.99": "deflated",
        "1.2.840.10008.1.2.2": "big",
        "1.2.840.10008.1.2.4.94": "referenced",
        "1.2.840.10008.1.2.4.95": "deflated referenced",
        "1.2.840.10008.1.2.4.204": "referenced",
        "1.2.840.10008.1.2.4.205": "deflated referenced",
        "1.2.840.10008.1.2.7.1": "referenced",
        "1.2.840.10008.1.2.7.2": "referenced",
        "1.2.840.10008.1.2.7.3": "referenced",
        "1.2.840.10008.1.20": "implicit",
    ]

    private func words(_ transferSyntax: TransferSyntax) -> String {
        [
            transferSyntax.isImplicitVR ? "implicit" : nil, transferSyntax.isBigEndian ? "big" : nil,
            transferSyntax.isDeflated ? "deflated" : nil, transferSyntax.isEncapsulated ? "encapsulated" : nil,
            transferSyntax.isReferenced ? "referenced" : nil,
        ].compactMap { $0 }.joined(separator: " ")
    }

    @Test func `all but the native and referenced ones of the standard are encapsulated`() {
        for transferSyntax in UIDDictionary.transferSyntaxes {
            #expect(words(transferSyntax) == Self.table[transferSyntax.uid.string] ?? "encapsulated")
        }
        #expect(Self.table.keys.allSatisfy { uid in UIDDictionary.transferSyntaxes.contains { $0.uid.string == uid } })
    }

    @Test func `what is not known is encapsulated, but for what two vendors call native`() {
        #expect(words(TransferSyntax(uid: UID(literal: "1.2.3"))) == "encapsulated")
        #expect(words(TransferSyntax(uid: UID(literal: "1.2.840.113619.5.2"))) == "implicit")
        #expect(words(TransferSyntax(uid: UID(literal: "1.3.46.670589.33.1.4.1"))) == "")
    }

    @Test(arguments: [
        ("1.2.840.10008.1.2.4.100", true), ("1.2.840.10008.1.2.4.100.1", true), ("1.2.840.10008.1.2.4.108", true),
        ("1.2.840.10008.1.2.4.110", false), ("1.2.840.10008.1.2.4.90", false), ("1.2.840.10008.1.2.7.1", false),
    ])
    func `video is MPEG and HEVC, fragmentable or not`(uid: String, isVideo: Bool) throws {
        #expect(TransferSyntax(uid: try #require(UID(uid))).isVideo == isVideo)
    }
}
