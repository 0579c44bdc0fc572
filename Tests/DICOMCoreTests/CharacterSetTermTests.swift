import DICOMCore
import NIOCore
import Testing

@Suite struct `Terms of Specific Character Set` {
    @Test(arguments: [
        ("ISO IR 100", "ISO_IR 100"), ("ISO-IR 100", "ISO_IR 100"), ("ISO_IR_100", "ISO_IR 100"),
        ("iso_ir 100", "ISO_IR 100"), ("ISO_IR100", "ISO_IR 100"), ("ISO8859-1", "ISO_IR 100"),
        ("ISO_8859-15", "ISO_IR 203"), ("ISO_2022_IR_87", "ISO 2022 IR 87"), ("ISO 2022 IR87", "ISO 2022 IR 87"),
        ("ISO_IR 87", "ISO 2022 IR 87"), ("ISO 2022 IR 192", "ISO_IR 192"), ("UTF8", "ISO_IR 192"),
        ("utf-8", "ISO_IR 192"), ("gb18030", "GB18030"), ("ISO 2022 GBK", "GBK"), ("ISO 2022 58", "ISO 2022 IR 58"),
        ("", "ISO_IR 6"),
    ])
    func `they are understood as devices spell them`(_ written: String, _ defined: String) {
        #expect(SpecificCharacterSet.definedTerm(of: written) == defined)
        #expect(SpecificCharacterSet(terms: [written]) == SpecificCharacterSet(terms: [defined]))
    }

    @Test(arguments: ["ISO_IR 99", "ISO_IR 1000", "ISO", "LATIN", "8859-1", "ISO_8859-12", "ISO_IR +6", "中文"])
    func `what no table knows is no term, and reads as the default repertoire`(_ written: String) {
        #expect(SpecificCharacterSet.definedTerm(of: written) == nil)
        #expect(SpecificCharacterSet(setting: written) == nil)
        #expect(SpecificCharacterSet(terms: [written]) == .ascii)
    }

    @Test func `every term of PS3·3 C·12·1·1·2 is defined`() {
        // Tables C.12-2 to C.12-5: 6, 15 without and 12 + 6 with code extensions, 3 that stand alone.
        let single = [6, 100, 101, 109, 110, 144, 127, 126, 138, 148, 203, 13, 166]
        let terms =
            single.map { "ISO_IR \($0)" } + (single + [87, 159, 149, 58]).map { "ISO 2022 IR \($0)" }
            + ["ISO_IR 192", "GB18030", "GBK"]

        #expect(Set(SpecificCharacterSet.definedTerms) == Set(terms))
        for term in terms { #expect(SpecificCharacterSet.definedTerm(of: term) == term) }
    }

    @Test func `a setting has several terms, the first may be empty`() {
        #expect(
            SpecificCharacterSet(setting: "\\ISO 2022 IR 87")
                == SpecificCharacterSet(terms: ["", "ISO 2022 IR 87"])
        )
        #expect(SpecificCharacterSet(setting: "") == nil)
        #expect(SpecificCharacterSet(setting: "ISO_IR 100\\x") == nil)
    }

    @Test func `faults of the element itself are told`() {
        func faults(_ terms: String...) -> [ValueFault] {
            DataElement.text(.specificCharacterSet, .cs, terms).valueFaults(.ascii)
        }

        #expect(faults("ISO_IR 100") == [])
        #expect(faults("", "ISO 2022 IR 87") == [])
        #expect(faults("ISO IR 100") == [ValueFault(kind: .misspeltCharacterSet, valueIndex: 0)])
        #expect(faults("ISO_IR 99") == [ValueFault(kind: .unknownCharacterSet, valueIndex: 0)])
        #expect(faults("ISO_IR 192", "ISO 2022 IR 87") == [ValueFault(kind: .forbiddenCodeExtensions, valueIndex: nil)])
    }
}

@Suite struct `A character set that is assumed` {
    private let latin1 = SpecificCharacterSet(setting: "ISO_IR 100")

    @Test func `reads the text of Data Sets that name none, or an unknown one`() {
        for terms in [[], [""], ["ISO_IR 6"], ["NONSENSE"]] {
            let characterSet = SpecificCharacterSet(terms: terms).assuming(latin1)

            #expect(characterSet.decode([0x4D, 0xFC]) == "Mü")
            #expect(SpecificCharacterSet(terms: terms).decode([0x4D, 0xFC]) == "M\u{FFFD}")
        }
    }

    @Test func `reads what cannot be in the set that is named, and nothing else`() {
        let utf8 = SpecificCharacterSet(terms: ["ISO_IR 192"]).assuming(latin1)
        let greek = SpecificCharacterSet(terms: ["ISO_IR 126"]).assuming(latin1)

        #expect(utf8.decode([0x4D, 0xFC]) == "Mü")
        #expect(utf8.decode([0xC3, 0xBC]) == "ü")
        // Cut in the middle of the second character: damaged, and not of another set.
        #expect(utf8.decode([0xC3, 0xBC, 0x6C, 0xC3]) == "ül\u{FFFD}")
        #expect(greek.decode([0xC4]) == "Δ")
        #expect(greek.decode([0xFF]) == "\u{FFFD}")
    }

    @Test func `is handed on to items`() {
        let item = DataSet([
            .text(.specificCharacterSet, .cs, ["?"]),
            DataElement(tag: .patientName, vr: .pn, value: .bytes(ByteBuffer(bytes: [0xFC]))),
        ])
        let outer = SpecificCharacterSet.ascii.assuming(latin1)

        #expect(item.specificCharacterSet(inheriting: outer).decode([0xFC]) == "ü")
        #expect(DataSet().specificCharacterSet(inheriting: outer).decode([0xFC]) == "ü")
        #expect(item.specificCharacterSet.decode([0xFC]) == "\u{FFFD}")
    }
}
