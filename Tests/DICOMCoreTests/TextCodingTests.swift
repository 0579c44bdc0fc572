import DICOMCore
import NIOCore
import Testing

/// Names with their bytes, of PS3.5 Annexes H, I, J and K.
private let examples: [(terms: [String], bytes: String, text: String)] = [
    (
        ["", "ISO 2022 IR 87"],
        "Yamada^Tarou=\u{1B}$B;3ED\u{1B}(B^\u{1B}$BB@O:\u{1B}(B=\u{1B}$B$d$^$@\u{1B}(B^\u{1B}$B$?$m$&\u{1B}(B",
        "Yamada^Tarou=山田^太郎=やまだ^たろう"
    ),
    (
        ["ISO 2022 IR 13", "ISO 2022 IR 87"],
        "\u{D4}\u{CF}\u{C0}\u{DE}^\u{C0}\u{DB}\u{B3}=\u{1B}$B;3ED\u{1B}(J^\u{1B}$BB@O:\u{1B}(J"
            + "=\u{1B}$B$d$^$@\u{1B}(J^\u{1B}$B$?$m$&\u{1B}(J",
        "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう"
    ),
    (
        ["", "ISO 2022 IR 149"],
        "Hong^Gildong=\u{1B}$)C\u{FB}\u{F3}^\u{1B}$)C\u{D1}\u{CE}\u{D4}\u{D7}"
            + "=\u{1B}$)C\u{C8}\u{AB}^\u{1B}$)C\u{B1}\u{E6}\u{B5}\u{BF}",
        "Hong^Gildong=洪^吉洞=홍^길동"
    ),
    (
        ["", "ISO 2022 IR 58"],
        "Zhang^XiaoDong=\u{1B}$)A\u{D5}\u{C5}^\u{1B}$)A\u{D0}\u{A1}\u{B6}\u{AB}",
        "Zhang^XiaoDong=张^小东"
    ),
    (
        ["ISO_IR 192"], "Wang^XiaoDong=\u{E7}\u{8E}\u{8B}^\u{E5}\u{B0}\u{8F}\u{E6}\u{9D}\u{B1}",
        "Wang^XiaoDong=王^小東"
    ),
    (["GB18030"], "Wang^XiaoDong=\u{CD}\u{F5}^\u{D0}\u{A1}\u{B6}\u{AB}", "Wang^XiaoDong=王^小东"),
    (["ISO_IR 144"], "\u{BB}\u{EE}\u{DA}ce\u{DC}\u{D1}yp\u{D3}", "Люкceмбypг"),
    (["ISO_IR 100"], "Buc^J\u{E9}r\u{F4}me", "Buc^Jérôme"),
    (
        ["ISO 2022 IR 100", "ISO 2022 IR 126"], "\u{C4}neas\u{1B}-F\u{C1}\u{1B}-A^\u{C4}",
        "ÄneasΑ^Ä"
    ),
]

@Suite struct `Coding text` {
    /// The bytes of a literal whose characters are bytes.
    private func bytes(_ text: String) -> [UInt8] { text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) } }

    @Test(arguments: examples)
    func `the names of PS3·5 are read and written byte for byte`(
        _ example: (terms: [String], bytes: String, text: String)
    ) {
        let characterSet = SpecificCharacterSet(terms: example.terms)

        #expect(
            characterSet.decoded(bytes(example.bytes), .pn) == DecodedText(text: example.text)
        )
        #expect(
            characterSet.encode(example.text, isPersonName: true) == ByteBuffer(bytes: bytes(example.bytes))
        )
    }

    @Test(arguments: examples)
    func `cut anywhere, they are read as far as they go`(
        _ example: (terms: [String], bytes: String, text: String)
    ) {
        let whole = bytes(example.bytes)
        for length in 0..<whole.count {
            let cut = SpecificCharacterSet(terms: example.terms).decoded(whole.prefix(length), .pn)
            let kept = cut.text.unicodeScalars.prefix { $0 != "\u{FFFD}" }

            #expect(example.text.unicodeScalars.starts(with: kept), "\(length)")
        }
    }

    @Test func `every character of every set is written and read back`() {
        let all = (0xA0...0xFFFF).compactMap { Unicode.Scalar($0 as Int) }
        let some = all.filter { $0.value < 0x2200 || $0.value >= 0xFF00 }
        for (term, expected) in Self.counts {
            let characterSet = SpecificCharacterSet(terms: [term])
            var count = 0
            for scalar in expected > 100 ? all : some {
                let text = String(Character(scalar))
                guard let bytes = characterSet.encode(text) else { continue }
                count += 1
                #expect(characterSet.decoded(bytes.readableBytesView, .lo) == DecodedText(text: text), "\(term)")
            }
            #expect(count == expected, "\(term)")
        }
    }

    /// Characters above A0 in the basic plane, as Python's codecs of the same sets have them; KS X 1001 with the three
    /// that came later, GBK with the euro sign, JIS X 0212 with its tilde (to Python that of ASCII).
    private static let counts = [
        "ISO_IR 6": 0, "ISO_IR 100": 96, "ISO_IR 101": 96, "ISO_IR 109": 89, "ISO_IR 110": 96, "ISO_IR 144": 96,
        "ISO_IR 127": 51, "ISO_IR 126": 93, "ISO_IR 138": 60, "ISO_IR 148": 96, "ISO_IR 203": 96, "ISO_IR 13": 63,
        "ISO_IR 166": 87, "ISO_IR 87": 6_879, "ISO_IR 159": 6_067, "ISO_IR 149": 8_227, "ISO_IR 58": 7_445,
        "GBK": 21_792,
    ]

    @Test func `characters that the sets lack are not written`() {
        #expect(SpecificCharacterSet.ascii.encode("ü") == nil)
        #expect(SpecificCharacterSet(terms: ["ISO_IR 100"]).encode("山") == nil)
        #expect(SpecificCharacterSet(terms: ["ISO_IR 100", "ISO 2022 IR 87"]).encode("ü山") != nil)
        #expect(SpecificCharacterSet(terms: ["", "ISO 2022 IR 87"]).encode("a\u{1B}b") == nil)
        #expect(SpecificCharacterSet(terms: ["GBK"]).encode("\u{1F600}") == nil)
        #expect(SpecificCharacterSet(terms: ["GB18030"]).encode("\u{1F600}")?.readableBytes == 4)
    }

    @Test func `the first set holds again before a delimiter, a line end and the end of text`() {
        let characterSet = SpecificCharacterSet(terms: ["", "ISO 2022 IR 87"])
        let expected = "\u{1B}$B;3\u{1B}(B\r\n\u{1B}$B;3\u{1B}(B\\\u{1B}$B;3\u{1B}(B"

        #expect(characterSet.encode("山\r\n山\\山") == ByteBuffer(string: expected))
        #expect(
            characterSet.encode("a山=山", isPersonName: false)
                == ByteBuffer(string: "a\u{1B}$B;3\u{1B}(B=\u{1B}$B;3\u{1B}(B")
        )
    }

    @Test func `a choice ends at backslashes between values only, and at control characters in any text`() {
        // 洪 in Korean, which is chosen once.
        let chosen = bytes("\u{1B}$)C\u{FB}\u{F3}")
        let characterSet = SpecificCharacterSet(terms: ["", "ISO 2022 IR 149"])

        #expect(characterSet.decoded(chosen + bytes("\\\u{FB}\u{F3}"), .ut).text == "洪\\洪")
        #expect(characterSet.decoded(chosen + bytes("\\\u{FB}\u{F3}"), .lo).text == "洪\\\u{FFFD}\u{FFFD}")
        #expect(characterSet.decoded(chosen + bytes("\n\u{FB}\u{F3}"), .ut).text == "洪\n\u{FFFD}\u{FFFD}")
    }

    @Test func `what could not be read is marked, and the rest stays`() {
        let japanese = SpecificCharacterSet(terms: ["", "ISO 2022 IR 87"])

        #expect(
            japanese.decoded(bytes("\u{1B}$B;3)!;3\u{1B}(B"), .lo)
                == DecodedText(text: "山\u{FFFD}山", isExact: false)
        )
        #expect(japanese.decoded(bytes("\u{1B}%Gx"), .lo) == DecodedText(text: "\u{FFFD}x", isExact: false))
        #expect(
            SpecificCharacterSet(terms: ["GB18030"]).decoded(bytes("\u{CD}\u{F5}\u{FF}\u{CD}\u{F5}"), .lo)
                == DecodedText(text: "王\u{FFFD}王", isExact: false)
        )
        #expect(SpecificCharacterSet.utf8.decoded([0xEF, 0xBF, 0xBD], .lo).isExact)
    }

    @Test func `megabytes of rubbish are read in bounded time`() {
        let rubbish = [UInt8](repeating: 0xFF, count: 1 << 20)

        for term in ["GB18030", "GBK", "ISO_IR 192", "ISO 2022 IR 149"] {
            #expect(!SpecificCharacterSet(terms: [term]).decoded(rubbish, .ut).isExact)
        }
    }
}
