import DICOMCore
import NIOCore
import Testing

@Suite struct `Faults of values (PS3·5 table 6·2-1)` {
    private func faults(_ vr: VR, _ text: String, _ characterSet: SpecificCharacterSet = .ascii) -> [ValueFault.Kind] {
        DataElement(tag: .patientID, vr: vr, value: .bytes(ByteBuffer(string: text))).valueFaults(characterSet)
            .map(\.kind)
    }

    private static func text(_ count: Int) -> String { String(repeating: "A", count: count) }

    @Test(arguments: [
        (VR.ae, 16), (.cs, 16), (.sh, 16), (.lo, 64), (.pn, 64), (.st, 1_024), (.lt, 10_240),
    ])
    func `a text may be as long as its limit, and no longer`(_ vr: VR, _ limit: Int) {
        #expect(faults(vr, Self.text(limit)) == [])
        #expect(faults(vr, Self.text(limit) + "  ") == [])
        #expect(faults(vr, Self.text(limit + 1)) == [.tooLong])
    }

    @Test func `characters count, not bytes, and each group of a name by itself`() {
        #expect(faults(.sh, String(repeating: "ü", count: 16), .utf8) == [])
        #expect(faults(.pn, [Self.text(64), Self.text(64), Self.text(64)].joined(separator: "=")) == [])
        #expect(faults(.pn, "A=" + Self.text(65)) == [.tooLong])
    }

    @Test(
        arguments: [
            (VR.cs, "a", [.badCharacter]), (.cs, "A_1 B", []), (.cs, "A-B", [.badCharacter]),
            (.da, "20260230", [.badDate]), (.da, "2026.02.28", [.retiredForm]), (.da, "20260228", []),
            (.tm, "2400", [.badTime]), (.tm, "10:15:30", [.retiredForm]), (.tm, "101530.5", []),
            (.dt, "20260228101530-0500", []), (.dt, "yesterday", [.badDateTime]),
            (.as, "18M", [.badAge]), (.as, "018M", []),
            (.is, "2147483648", [.integerOutOfRange]), (.is, "-2147483648", []), (.is, "1.5", [.badInteger]),
            (.is, "1234567890123", [.tooLong, .integerOutOfRange]), (.is, "+", [.badInteger]),
            (.ds, "1e9999", [.badDecimal]), (.ds, "NaN", [.badDecimal]), (.ds, "--1", [.badDecimal]),
            (.ds, "-1.5E-3", []),
            (.ds, "1.23456789012345678", [.tooLong]), (.ui, "1.02", [.badUID]), (.ui, "1.2.x", [.badUID]),
            (.ui, "1.2.0", []), (.ui, "1.2\0", []), (.ur, " http://x", [.badURI]), (.ur, "http://x/%20 ", []),
            (.pn, "A^B^C^D^E", []), (.pn, "A^B^C^D^E^F", [.tooManyComponents]), (.pn, "A=B=C=D", [.tooManyGroups]),
            (.lo, "A\rB", [.badCharacter]), (.lt, "A\r\nB\tC", []), (.lt, "A\u{1}", [.badCharacter]),
            (.ae, "  ", [.badTitle]), (.lo, "", []), (.lo, " ", []),
        ] as [(VR, String, [ValueFault.Kind])]
    )
    func `each representation has its form`(_ vr: VR, _ text: String, _ expected: [ValueFault.Kind]) {
        #expect(faults(vr, text) == expected)
    }

    @Test(arguments: [
        (VR.us, 2), (.ss, 2), (.ow, 2), (.at, 4), (.ul, 4), (.sl, 4), (.fl, 4), (.of, 4), (.ol, 4), (.fd, 8), (.od, 8),
        (.uv, 8), (.sv, 8), (.ov, 8),
    ])
    func `binary values are whole`(_ vr: VR, _ length: Int) {
        for count in 0...(2 * length) {
            let element = DataElement(
                tag: .patientID,
                vr: vr,
                value: .bytes(ByteBuffer(repeating: 0, count: count))
            )

            #expect(element.valueFaults(.ascii).map(\.kind) == (count % length == 0 ? [] : [.badLength]))
        }
    }

    @Test func `the value is named, bytes without meaning are the element's`() {
        let element = DataElement.text(.imageType, .cs, ["ORIGINAL", "x"])
        let undecodable = DataElement(tag: .patientName, vr: .pn, value: .bytes(ByteBuffer(bytes: [0xFC, 0x20])))

        #expect(element.valueFaults(.ascii) == [ValueFault(kind: .badCharacter, valueIndex: 1)])
        #expect(undecodable.valueFaults(.ascii) == [ValueFault(kind: .undecodable, valueIndex: nil)])
        #expect(undecodable.valueFaults(SpecificCharacterSet(terms: ["ISO_IR 100"])) == [])
    }

    @Test func `every kind says its rule and what is wrong`() {
        for kind in ValueFault.Kind.allCases {
            #expect(kind.rule.hasPrefix("PS3."))
            #expect(!kind.text.isEmpty)
        }
    }
}

@Suite struct `Values in their types` {
    private func values(_ vr: VR, _ bytes: [UInt8]) -> ElementValues {
        DataElement(tag: .patientID, vr: vr, value: .bytes(ByteBuffer(bytes: bytes))).values(.ascii)
    }

    private func values(_ vr: VR, _ text: String) -> ElementValues { values(vr, Array(text.utf8)) }

    @Test func `numbers of 64 bits lose nothing`() {
        let ones = [UInt8](repeating: 0xFF, count: 8)

        #expect(values(.uv, ones) == .unsigned([.max]))
        #expect(values(.ov, ones + ones) == .unsigned([.max, .max]))
        #expect(values(.sv, ones) == .signed([-1]))
        #expect(values(.od, [0, 0, 0, 0, 0, 0, 0xF8, 0x3F]) == .doubles([1.5]))
        #expect(values(.ol, [1, 0, 0, 0x80, 9]) == .unsigned([0x8000_0001]))
        #expect(values(.of, [0, 0, 0xC0, 0x3F]) == .floats([1.5]))
    }

    @Test func `numbers in text keep their text, also where they are none`() {
        #expect(
            values(.is, "12\\99999999999\\99999999999999999999\\x")
                == .integerStrings([
                    ReadValue(raw: "12", value: 12), ReadValue(raw: "99999999999", value: 99_999_999_999),
                    ReadValue(raw: "99999999999999999999", value: nil), ReadValue(raw: "x", value: nil),
                ])
        )
        #expect(
            values(.ds, "1e9999\\NaN\\--1\\ 1.50 ")
                == .decimalStrings([
                    ReadValue(raw: "1e9999", value: nil), ReadValue(raw: "NaN", value: nil),
                    ReadValue(raw: "--1", value: nil), ReadValue(raw: "1.50", value: 1.5),
                ])
        )
    }

    @Test func `each representation has its type`() {
        #expect(values(.da, "20260228") == .dates([ReadValue(raw: "20260228", value: DICOMDate("20260228"))]))
        #expect(values(.da, "2026-02-30") == .dates([ReadValue(raw: "2026-02-30", value: nil)]))
        #expect(
            values(.tm, "10\\")
                == .times([ReadValue(raw: "10", value: DICOMTime("10")), ReadValue(raw: "", value: nil)])
        )
        #expect(values(.dt, "2026") == .dateTimes([ReadValue(raw: "2026", value: DICOMDateTime("2026"))]))
        #expect(values(.as, "018M") == .ages([ReadValue(raw: "018M", value: AgeString(18, .months))]))
        #expect(values(.ui, "1.2\0") == .uids([ReadValue(raw: "1.2", value: UID("1.2"))]))
        #expect(values(.pn, "A^B\\C") == .personNames([PersonName("A^B"), PersonName("C")]))
        #expect(values(.at, [0x10, 0, 0x20, 0, 1]) == .tags([.patientID]))
        #expect(values(.ut, "a\\b ") == .strings(["a\\b"]))
        #expect(values(.uc, " a \\b") == .strings([" a", "b"]))
        #expect(values(.ur, "http://x\\y ") == .strings(["http://x\\y"]))
        #expect(values(.un, [1, 2]) == .bytes(ByteBuffer(bytes: [1, 2])))
    }

    @Test func `names have parts`() {
        let name = PersonName("Adams^John Robert Quincy^^Rev.^B.A. M.Div.^x=山田^太郎")

        #expect(name.components.familyName == "Adams")
        #expect(name.components.nameSuffix == "B.A. M.Div.^x")
        #expect(name.components.display == "Rev. John Robert Quincy Adams B.A. M.Div.^x")
        #expect(NameComponents(name.ideographic).givenName == "太郎")
        #expect(PersonName("=山田^太郎").components.familyName == "山田")
        #expect(PersonName(alphabetic: "A=B", phonetic: "C").string == "A B==C")
    }
}
