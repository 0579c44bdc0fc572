import DICOMCore
import Testing

@Suite struct `Naming attributes` {
    @Test(arguments: ["PatientName", "00100010", "0010,0010", "(0010,0010)"])
    func `keyword and tag in any form name the same attribute`(text: String) throws {
        let name = try AttributeName(text)

        #expect(name == .tag(.patientName))
        #expect(name.description == "PatientName")
        #expect(name.vr == .pn)
    }

    @Test func `a private attribute is named by its creator`() throws {
        let name = try AttributeName("(0029,\"SIEMENS CSA HEADER\",10)")
        var blocks = PrivateBlocks()
        blocks.reserve(Tag(rawValue: 0x0029_0010), for: "OTHER")
        blocks.reserve(Tag(rawValue: 0x0029_0011), for: "SIEMENS CSA HEADER")

        #expect(name == .privateElement(group: 0x0029, creator: "SIEMENS CSA HEADER", element: 0x10))
        #expect(name.tag == nil)
        #expect(name.tag(in: blocks) == Tag(rawValue: 0x0029_1110))
        #expect(name.tag(in: PrivateBlocks()) == nil)
        #expect(name.vr == .ob)
        #expect(name.description == "(0029,\"SIEMENS CSA HEADER\",10)")
    }

    @Test func `a quotation mark in a creator is doubled`() throws {
        let name = try AttributeName("0029,\"A \"\"B\"\", C\",fF")

        #expect(name == .privateElement(group: 0x0029, creator: "A \"B\", C", element: 0xFF))
        #expect(try AttributeName(name.description) == name)
    }

    @Test(arguments: [
        ("", AttributeNameError.Code.empty), ("PatientNme", .unknownKeyword), ("patientname", .unknownKeyword),
        ("0010001", .malformedTag), ("(0010,0010", .malformedTag), ("(0010,00100)", .malformedTag),
        ("0010,001g", .malformedTag), ("+010,0010", .malformedTag), ("()", .malformedTag), (",", .malformedTag),
        ("(0029,\"\",10)", .malformedTag), ("(0029,\"A\",1)", .malformedTag), ("(0029,\"A\"B\",10)", .malformedTag),
        ("(0029,\"A\\B\",10)", .malformedTag), ("(0028,\"A\",10)", .notPrivate),
    ])
    func `what names no attribute is refused with the reason`(text: String, code: AttributeNameError.Code) {
        let error = #expect(throws: AttributeNameError.self) { try AttributeName(text) }

        #expect(error?.code == code)
    }

    @Test func `a misspelled keyword gets a suggestion`() {
        let error = #expect(throws: AttributeNameError.self) { try AttributeName("PatientNme") }

        #expect(error?.suggestion == "PatientName")
        #expect(error?.description == "'PatientNme' is no attribute: did you mean PatientName?")
        #expect(Spelling.nearest(to: "xyzzy", in: DataElementDictionary.keywords) == nil)
    }

    @Test func `every keyword leads to its tag and back`() throws {
        let broken = try DataElementDictionary.keywords.filter { try AttributeName($0).description != $0 }

        #expect(broken == [])
    }
}

@Suite struct `Looking up private elements` {
    @Test func `an element has its VR, multiplicity and name by creator`() throws {
        let tag = Tag(rawValue: 0x0029_1008)
        let entry = try #require(PrivateDictionary.entry(for: tag, creator: "SIEMENS CSA HEADER"))

        #expect(entry.vr == .cs)
        #expect(entry.vm == "1")
        #expect(entry.name == "CSA Image Header Type")
        #expect(PrivateDictionary.vr(of: Tag(rawValue: 0x0029_AB08), creator: "SIEMENS CSA HEADER") == .cs)
        #expect(PrivateDictionary.vr(of: tag, creator: "SIEMENS CSA") == nil)
        #expect(PrivateDictionary.vr(of: Tag(rawValue: 0x0031_1008), creator: "SIEMENS CSA HEADER") == nil)
    }

    @Test func `the whole table is read`() {
        #expect(PrivateDictionary.size.elements == 10_545)
        #expect(PrivateDictionary.size.creators == 449)
    }

    @Test func `names with letters beyond ASCII and backslashes come through`() {
        let angle = PrivateDictionary.entry(for: Tag(rawValue: 0x0025_1034), creator: "FDMS 1.0")
        let image = PrivateDictionary.entry(for: Tag(rawValue: 0x0009_10E2), creator: "GEMS_IDEN_01")

        #expect(angle?.name == "tan θ")
        #expect(image?.name == "Image Type (ORIGINAL\\PROSPECTIVE ...)")
    }

    @Test func `tags with other digits left open are found`() {
        #expect(PrivateDictionary.vr(of: Tag(rawValue: 0x7001_1004), creator: "DLX_ANNOT_01") == .st)
        #expect(PrivateDictionary.entry(for: Tag(rawValue: 0x0019_10FE), creator: "GEMS_ACQU_01") == nil)
    }

    @Test func `a block belongs to the first who reserved it`() {
        var blocks = PrivateBlocks()
        blocks.reserve(Tag(rawValue: 0x0029_0010), for: "SIEMENS CSA HEADER")
        blocks.reserve(Tag(rawValue: 0x0029_0010), for: "OTHER")
        blocks.reserve(Tag(rawValue: 0x0029_0009), for: "OTHER")
        blocks.reserve(Tag(rawValue: 0x0028_0010), for: "OTHER")

        #expect(blocks.creator(of: Tag(rawValue: 0x0029_1008)) == "SIEMENS CSA HEADER")
        #expect(blocks.vr(of: Tag(rawValue: 0x0029_1008)) == .cs)
        #expect(blocks.vr(of: Tag(rawValue: 0x0029_1108)) == nil)
        #expect(blocks.creator(of: Tag(rawValue: 0x0029_0010)) == nil)
        #expect(blocks.creator(of: Tag(rawValue: 0x0028_1008)) == nil)
        #expect(blocks.freeBlock(group: 0x0029) == 0x11)
        #expect(blocks.freeBlock(group: 0x0031) == 0x10)
    }
}
