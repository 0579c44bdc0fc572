import DICOMCore
import NIOCore
import Testing

@Suite struct `Reading values` {
    private func element(_ vr: VR, _ bytes: [UInt8]) -> DataElement {
        DataElement(tag: .patientID, vr: vr, value: .bytes(ByteBuffer(bytes: bytes)))
    }

    private func element(_ vr: VR, _ text: String) -> DataElement { element(vr, Array(text.utf8)) }

    @Test func `text is split and padding goes`() {
        #expect(element(.lo, " A \\B\\ ").strings(.ascii) == ["A", "B", ""])
        #expect(element(.ui, "1.2\0").strings(.ascii) == ["1.2"])
        #expect(element(.lt, " a\\b ").strings(.ascii) == [" a\\b"])
        #expect(element(.lo, "").strings(.ascii) == [])
        #expect(element(.lo, "  ").strings(.ascii) == [])
        #expect(element(.us, "AB").strings(.ascii) == [])
    }

    @Test func `numbers that are none are left out`() {
        #expect(element(.is, "1\\-2 \\+3\\x\\1.5\\99999999999999999999").integers == [1, -2, 3])
        #expect(element(.ds, "1.5\\ 2e3\\1e9999\\NaN\\--1\\inf\\0x1\\").decimals == [1.5, 2000])
    }

    @Test func `binary numbers are little endian, and half of one is none`() {
        #expect(element(.us, [1, 2, 3]).integers == [0x0201])
        #expect(element(.ss, [0xFF, 0xFF]).integers == [-1])
        #expect(element(.ul, [0xFF, 0xFF, 0xFF, 0xFF]).integers == [4_294_967_295])
        #expect(element(.uv, [UInt8](repeating: 0xFF, count: 8)).integers == [])
        #expect(element(.sv, [UInt8](repeating: 0xFF, count: 8)).integers == [-1])
        #expect(element(.fl, [0, 0, 0xC0, 0x3F]).decimals == [1.5])
        #expect(element(.at, [0x10, 0, 0x20, 0, 1]).tags == [.patientID])
    }

    @Test func `a name has groups and components`() {
        let name = PersonName("Doe^Jane^^Dr.=東=x=y=z")

        #expect(name.alphabeticComponents == ["Doe", "Jane", "", "Dr."])
        #expect(name.ideographic == "東")
        #expect(name.phonetic == "x")
        #expect(name.string == "Doe^Jane^^Dr.=東=x")
        #expect(PersonName("").isEmpty)
    }

    @Test func `delimiters of a name are delimiters whatever combining mark stands behind them`() {
        let name = PersonName("Doe^\u{301}Jane=\u{C42}=\u{301}z")

        #expect(name.alphabeticComponents == ["Doe", "\u{301}Jane"])
        #expect(name.ideographic == "\u{C42}")
        #expect(name.phonetic == "\u{301}z")
    }

    @Test func `elements in any order become ascending, the first of each`() {
        let dataSet = DataSet([.unsignedShort(.rows, 1), .text(.patientID, .lo, "A"), .unsignedShort(.rows, 2)])

        #expect(dataSet.elements.map(\.tag) == [.patientID, .rows])
        #expect(dataSet.integer(.rows) == 1)
        #expect(dataSet.uid(.patientID) == nil)
        #expect(dataSet.string(.patientName) == nil)
    }
}

@Suite struct `Reading character sets` {
    private func decode(_ terms: [String], _ bytes: [UInt8]) -> String {
        SpecificCharacterSet(terms: terms).decode(bytes)
    }

    @Test(
        arguments: [
            ("ISO_IR 100", [0x4D, 0xFC], "Mü"), ("ISO_IR 101", [0xA3], "Ł"), ("ISO_IR 109", [0xA1], "Ħ"),
            ("ISO_IR 110", [0xA2], "ĸ"), ("ISO_IR 144", [0xBB, 0xEE], "Лю"), ("ISO_IR 127", [0xE2], "\u{0642}"),
            ("ISO_IR 126", [0xC4], "Δ"), ("ISO_IR 138", [0xF9], "ש"), ("ISO_IR 148", [0xFE], "ş"),
            ("ISO_IR 203", [0xA4], "€"), ("ISO_IR 166", [0xA1], "ก"), ("ISO_IR 13", [0xD4, 0xCF], "ﾔﾏ"),
            ("ISO_IR 192", [0xC3, 0xA9], "é"), ("ISO 2022 IR 100", [0xE9], "é"),
        ] as [(String, [UInt8], String)]
    )
    func `single-byte sets and UTF-8 are read`(term: String, bytes: [UInt8], text: String) {
        #expect(decode([term], bytes) == text)
    }

    @Test func `bytes that no set defines become the replacement character`() {
        #expect(decode([], [0x41, 0xE9]) == "A\u{FFFD}")
        #expect(decode(["ISO_IR 999"], [0xE9]) == "\u{FFFD}")
        #expect(decode(["ISO_IR 192"], [0x41, 0xC3]) == "A\u{FFFD}")
        #expect(decode(["ISO_IR 126"], [0xFF]) == "\u{FFFD}")
        #expect(decode([String](repeating: "ISO_IR 100", count: 50), [0xE9]) == "é")
    }

    @Test func `escape sequences switch sets until a delimiter`() {
        // PS3.5 H.3.1 example in Latin alphabet 1 with Greek behind an escape sequence.
        let bytes: [UInt8] = [0x1B, 0x2D, 0x46, 0xC4, 0x5E, 0xC4]

        #expect(
            SpecificCharacterSet(terms: ["ISO 2022 IR 100", "ISO 2022 IR 126"]).decode(bytes, isPersonName: true)
                == "Δ^Ä"
        )
    }

    @Test func `the names of PS3.5 Annexes H, I and J are read`() {
        // H.3.1: Yamada^Tarou=山田^太郎=やまだ^たろう in ISO 2022 IR 87.
        let japanese: [UInt8] =
            Array("=".utf8) + [0x1B, 0x24, 0x42, 0x3B, 0x33, 0x45, 0x44, 0x1B, 0x28, 0x42] + Array("^".utf8)
            + [0x1B, 0x24, 0x42, 0x42, 0x40, 0x4F, 0x3A, 0x1B, 0x28, 0x42]
        // I.2: 洪 in ISO 2022 IR 149; J.3: 王 in GB18030.
        let korean: [UInt8] = [0x1B, 0x24, 0x29, 0x43, 0xFB, 0xF3]
        let chinese: [UInt8] = [0xCD, 0xF5]

        #expect(decode(["", "ISO 2022 IR 87"], japanese) == "=山田^太郎")
        #expect(decode(["", "ISO 2022 IR 149"], korean) == "洪")
        #expect(decode(["GB18030"], chinese) == "王")
        #expect(decode(["GB18030"], [0x41, 0xCD]) == "A\u{FFFD}")
        #expect(decode(["", "ISO 2022 IR 87"], [0x1B, 0x24, 0x42, 0x3B]) == "\u{FFFD}")
    }

    @Test func `parts of a name switch back to the first set, an equals sign in other text does not`() {
        // 洪 = 洪 with one designation for both: PS3.5 6.1.2.5.3 resets at = in PN only.
        let text: [UInt8] = [0x1B, 0x24, 0x29, 0x43, 0xFB, 0xF3, 0x3D, 0xFB, 0xF3]
        let characterSet = SpecificCharacterSet(terms: ["", "ISO 2022 IR 149"])

        #expect(characterSet.decode(text) == "洪=洪")
        #expect(characterSet.decode(text, isPersonName: true) == "洪=\u{FFFD}\u{FFFD}")
    }

    @Test func `random bytes in any set decode without a trap`() {
        var state: UInt64 = 7
        for term in [
            "", "ISO_IR 13", "ISO_IR 144", "ISO 2022 IR 87", "GB18030", "GBK", "ISO 2022 IR 149", "ISO_IR 192",
        ] {
            for _ in 0..<300 {
                var bytes: [UInt8] = []
                for _ in 0..<20 {
                    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                    bytes.append(state >> 60 == 0 ? 0x1B : UInt8(truncatingIfNeeded: state >> 40))
                }
                _ = decode(["", term], bytes)
                _ = decode([term, "ISO 2022 IR 58"], bytes)
                _ = decode([term], bytes)
            }
        }
    }
}
