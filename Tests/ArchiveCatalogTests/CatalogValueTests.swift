import ArchiveCatalog
import DICOMCore
import Platform
import Testing

@Suite struct `Values of columns` {
    private static let normalized: [(String, CatalogAttribute.Kind, String?)] = [
        ("20260228", .date, "20260228"), ("2026.02.28", .date, "20260228"),
        ("20260229", .date, nil), ("20001301", .date, nil), ("2026022", .date, nil), ("", .date, nil),
        ("10:15:30", .time, "101530"), ("101530.123456", .time, "101530.123456"), ("2400", .time, nil),
        ("235960", .time, "235960"), (" 0012", .number, "12"), ("-3", .number, "-3"), ("+3", .number, "3"),
        ("2147483647", .number, "2147483647"), ("2147483648", .number, nil), ("-2147483648", .number, "-2147483648"),
        ("99999999999999999999", .number, nil), ("1e3", .number, nil), ("1.0", .number, nil),
        (" text ", .text, "text"), ("a\0b", .code, "a\u{FFFD}b"), ("", .text, ""),
    ]

    @Test(arguments: Self.normalized)
    func `they are normalised, or left out when they break their representation`(
        _ text: String,
        _ kind: CatalogAttribute.Kind,
        _ expected: String?
    ) {
        #expect(CatalogValue.normalized(text, kind) == expected)
    }

    @Test func `a long text is cut at a character, at the limit and not before`() {
        let most = String(repeating: "x", count: CatalogValue.lengthLimit)
        #expect(CatalogValue.normalized(most, .text) == most)
        #expect(CatalogValue.normalized(most + "x", .text) == most)
        // Three bytes each: 341 of them are 1,023 bytes.
        let wide = CatalogValue.normalized(String(repeating: "山", count: 400), .personName)
        #expect(wide?.unicodeScalars.count == 341)
    }

    @Test(arguments: [
        ("Doe^John", "doe^john"), ("DOE^JOHN^^^", "doe^john"), ("Doe^John==", "doe^john"), ("Doe ^", "doe"),
        ("MÜLLER^Änne", "muller^anne"), ("A^B^\\C^D^^", "a^b\\c^d"), ("^", ""), ("", ""), ("Doe^^=山田^", "doe=山田"),
        ("==x", "==x"),
        ("Straße", "strasse"), ("ŁÓDŹ", "lodz"), ("İSTANBUL", "istanbul"), ("Ｍu\u{308}ｌｌｅｒ", "muller"),
        ("ﾔﾏﾀﾞ^ﾊﾟ", "ヤマダ^パ"), ("は\u{3099}", "ば"), ("やまだ", "やまだ"), ("山田\u{3000}太郎", "山田 太郎"),
        ("Ёлкин", "елкин"), ("ΆΝΝΑΣ", "αννασ"), ("\u{F90A}", "金"), ("Nguyễn", "nguyen"), ("שָׁלוֹם", "שלום"),
        ("Ａ＊＾＝？", "a＊＾＝？"), ("Ægir", "aegir"), ("홍^길동", "홍^길동"),
    ])
    func `names are folded, and once only`(_ name: String, _ expected: String) {
        #expect(CatalogValue.foldedPersonName(expected) == expected)
        #expect(CatalogValue.foldedPersonName(name) == expected)
    }

    @Test func `every attribute has a column and a tag of its own`() {
        #expect(Set(CatalogAttribute.all.map(\.tag)).count == CatalogAttribute.all.count)
        #expect(Set(CatalogAttribute.all.map(\.column)).count == CatalogAttribute.all.count)
        for attribute in CatalogAttribute.all {
            #expect(attribute.column.utf8.allSatisfy { (0x61...0x7A).contains($0) || $0 == 0x5F })
        }
    }

    @Test func `identities merge unless they contradict each other`() {
        func identity(_ id: String, _ issuer: String) -> PatientIdentity {
            PatientIdentity(patientID: id, issuer: issuer)
        }

        #expect(identity("A", "").merged(with: identity("A", "X")) == identity("A", "X"))
        #expect(identity("A", "X").merged(with: identity("", "")) == identity("A", "X"))
        #expect(identity("", "Y").merged(with: identity("A", "X")) == identity("A", "X"))
        #expect(identity("A", "X").merged(with: identity("B", "X")) == nil)
        #expect(identity("A", "X").merged(with: identity("A", "Y")) == nil)
        #expect(identity("a", "").merged(with: identity("A", "")) == nil)
    }

    @Test func `an identity that could not be decoded contradicts none, and gives way`() {
        let decoded = PatientIdentity(patientID: "1", issuer: "Universit\u{E4}t")
        let undecoded = PatientIdentity(patientID: "1", issuer: "Universit\u{FFFD}t")
        let other = PatientIdentity(patientID: "1", issuer: "Universit\u{FFFD}")

        #expect(decoded.merged(with: undecoded) == decoded)
        #expect(undecoded.merged(with: decoded) == decoded)
        #expect(undecoded.merged(with: other) == other.merged(with: undecoded))
        #expect(undecoded.merged(with: PatientIdentity(patientID: "2", issuer: "")) == nil)
    }

    @Test func `the earliest instance defines, then the smallest record id`() {
        func instance(_ time: Int64, _ id: UInt64) -> DefiningInstance {
            DefiningInstance(receivedAt: Timestamp(microseconds: time), recordID: RandomID(high: 0, low: id))
        }

        #expect(instance(1, 9) < instance(2, 1))
        #expect(instance(1, 1) < instance(1, 2))
        #expect(!(instance(1, 1) < instance(1, 1)))
    }
}
