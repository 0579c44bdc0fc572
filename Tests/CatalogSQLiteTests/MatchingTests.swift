import ArchiveCatalog
import CatalogSQLite
import DICOMCore
import Testing

@Suite struct `Matching in the index` {
    /// Three hundred patients do not matter here; ten telling ones do.
    private static let odd = [
        "A1", "a1", "A1\\2", "100%", "a_c", "abc", "[a-z]", "x", "'; DROP TABLE study; --", "A*1", "A?1",
    ]

    private func catalog(_ folder: IndexFolder, _ tag: DICOMCore.Tag, _ texts: [String]) async throws -> SQLiteCatalog {
        let catalog = try folder.catalog()
        for (number, text) in texts.enumerated() {
            let sample = SampleRecord(
                patientID: "P\(number)",
                study: number,
                series: number,
                instance: number,
                values: [(tag, text)]
            )
            #expect(try await catalog.insert([sample]) == [.inserted])
        }
        return catalog
    }

    /// The values of `tag` that a key finds, in the order of `texts`.
    private func found(
        _ key: String,
        in tag: DICOMCore.Tag,
        of texts: [String],
        _ level: QueryLevel = .study
    ) async throws -> [String] {
        let folder = try IndexFolder()
        let catalog = try await catalog(folder, tag, texts)
        let subject = try #require(MatchingCondition.Subject(tag: tag))
        let condition = try MatchingParser().condition(on: subject, values: key.isEmpty ? [] : [key])
        let rows = try await catalog.find(CatalogQuery(level: level, conditions: condition.map { [$0] } ?? []))
        return rows.map { $0.values[tag] ?? "" }
    }

    @Test(arguments: Self.odd.filter { !$0.contains("*") && !$0.contains("?") })
    func `characters that mean something to SQL are only themselves`(_ key: String) async throws {
        #expect(try await found(key, in: .accessionNumber, of: Self.odd) == [key])
    }

    @Test(arguments: [
        ("A*", ["A1", "A1\\2", "A*1", "A?1"]), ("a?c", ["a_c", "abc"]), ("[*", ["[a-z]"]), ("*[a-z]*", ["[a-z]"]),
        ("*]", ["[a-z]"]), ("*%", ["100%"]), ("??", ["A1", "a1"]), ("*DROP*", ["'; DROP TABLE study; --"]),
        ("A\\*", []), ("*1", ["A1", "a1", "A*1", "A?1"]), ("?", ["x"]), ("", Self.odd), ("Z*", []),
    ])
    func `wild cards match, everything else is itself`(_ key: String, _ expected: [String]) async throws {
        #expect(try await found(key, in: .accessionNumber, of: Self.odd).sorted() == expected.sorted())
    }

    private static let names = [
        "Doe^John", "DOE^JANE^^^", "Doe", "Doering^Hans", "Müller^Änne", "Yamada^Tarou=山田^太郎=やまだ^たろう", "[x]^y", "",
        "ﾔﾏﾀﾞ^ﾀﾛｳ", "Łukasz^Zoë", "=田中^一郎",
    ]

    @Test(arguments: [
        ("doe^john", ["Doe^John"]), ("DOE*", ["Doe^John", "DOE^JANE^^^", "Doe", "Doering^Hans"]),
        ("doe^*", ["Doe^John", "DOE^JANE^^^", "Doe"]), ("Doe^J?n*", ["DOE^JANE^^^"]), ("doe^jane^", ["DOE^JANE^^^"]),
        ("MÜLLER*", ["Müller^Änne"]), ("yamada^tarou", ["Yamada^Tarou=山田^太郎=やまだ^たろう"]),
        ("山田*", ["Yamada^Tarou=山田^太郎=やまだ^たろう"]), ("やまだ^たろう", ["Yamada^Tarou=山田^太郎=やまだ^たろう"]),
        ("太郎", []), ("[X]*", ["[x]^y"]), ("[a-z]*", []), ("*^*^*", Self.names.filter { !$0.isEmpty }), ("doe^j", []),
        ("Yamada^Tarou=山田^太郎*", ["Yamada^Tarou=山田^太郎=やまだ^たろう"]),
        ("MULLER*", ["Müller^Änne"]), ("muller^anne", ["Müller^Änne"]), ("Mu\u{308}ller*", ["Müller^Änne"]),
        ("Mueller*", []), ("lukasz^zoe", ["Łukasz^Zoë"]), ("Ｄｏｅ", ["Doe"]), ("ヤマダ*", ["ﾔﾏﾀﾞ^ﾀﾛｳ"]),
        ("ﾔﾏﾀﾞ^ﾀﾛｳ", ["ﾔﾏﾀﾞ^ﾀﾛｳ"]), ("=山田*", ["Yamada^Tarou=山田^太郎=やまだ^たろう"]),
        ("==やまだ*", ["Yamada^Tarou=山田^太郎=やまだ^たろう"]), ("=やまだ*", []), ("=Yamada*", []),
        ("Yam*=*", ["Yamada^Tarou=山田^太郎=やまだ^たろう"]), ("Yam*==や*", ["Yamada^Tarou=山田^太郎=やまだ^たろう"]),
        ("田中^一郎", ["=田中^一郎"]), ("=田中*", ["=田中^一郎"]), ("Doe=田中*", []), ("ﾔﾏﾀ*", []),
    ])
    func `names match without regard to case, accents and width, by any group or group by group`(
        _ key: String,
        _ expected: [String]
    ) async throws {
        for level in [QueryLevel.study, .patient, .instance] {
            #expect(try await found(key, in: .patientName, of: Self.names, level).sorted() == expected.sorted())
        }
    }

    @Test(arguments: [
        ("yamada*", [0]), ("山田^太郎", [0]), ("=山田*", [0]), ("==やまだ*", [0]), ("muller", [0, 1]), ("Smith^*", [1]),
        ("yamada*=山田*", [0]), ("smith=山田", []), ("やまだ*", [0]), ("Müller^", [0, 1]),
    ])
    func `each of several names matches by its groups`(_ key: String, _ expected: [Int]) async throws {
        let names = ["Yamada^Tarou=山田^太郎=やまだ^たろう\\Muller", "Smith\\Müller"]

        let found = try await found(key, in: .operatorsName, of: names, .series)

        #expect(found.sorted() == expected.map { names[$0] }.sorted())
    }

    @Test func `names of a long list match by any group or group by group`() async throws {
        let folder = try IndexFolder()
        let catalog = try await catalog(folder, .patientName, Self.names)
        let none = (0..<400).map { "Nobody^\($0)" }
        let grouped = (0..<400).map { "Nobody^\($0)=無" }

        for (keys, expected) in [
            (none + ["山田*"], ["Yamada^Tarou=山田^太郎=やまだ^たろう"]), (grouped + ["=田中*"], ["=田中^一郎"]),
            (none + grouped + ["DOE"], ["Doe"]), (none + grouped, []),
            (grouped + ["Doe^*=", "x"], ["DOE^JANE^^^", "Doe", "Doe^John"]),
        ] {
            let found = try await catalog.find(.study, .patientName, where: [(.patientName, .wildcards(keys))])

            #expect(found.sorted() == expected)
        }
    }

    @Test(arguments: [
        ("ORIGINAL", ["ORIGINAL\\PRIMARY", "ORIGINAL"]), ("PRIMARY", ["ORIGINAL\\PRIMARY", "DERIVED\\PRIMARY"]),
        ("O*Y", []), ("P*", ["ORIGINAL\\PRIMARY", "DERIVED\\PRIMARY"]), ("*", Self.types), ("A\"B", ["A\"B\\C"]),
        ("ORIG?NAL", ["ORIGINAL\\PRIMARY", "ORIGINAL"]), ("?", ["A\"B\\C"]),
    ])
    func `each of several values may match, never two together`(_ key: String, _ expected: [String]) async throws {
        #expect(try await found(key, in: .imageType, of: Self.types, .instance).sorted() == expected.sorted())
    }

    private static let types = ["ORIGINAL\\PRIMARY", "DERIVED\\PRIMARY", "ORIGINAL", "A\"B\\C", ""]

    @Test(arguments: [
        ("20260102", ["20260102"]), ("20260102-20260103", ["20260103", "20260102"]),
        ("-20260102", ["20260102", "20260101"]),
        ("20260103-", ["20260103"]), ("20261231-20200101", []),
    ])
    func `dates match by day and range, absent ones never`(_ key: String, _ expected: [String]) async throws {
        #expect(try await found(key, in: .studyDate, of: ["20260101", "", "20260103", "20260102"]) == expected)
    }

    @Test(arguments: [
        ("1015", ["1015", "101500", "101559.9"]), ("1015-1016", ["1015", "101500", "101559.9", "101600"]),
        ("-1000", ["0959"]), ("101559.9-", ["101559.9", "101600"]),
    ])
    func `times match by precision and range`(_ key: String, _ expected: [String]) async throws {
        let times = ["0959", "1015", "101500", "101559.9", "101600", ""]
        #expect(try await found(key, in: .studyTime, of: times).sorted() == expected.sorted())
    }

    @Test(arguments: [("0007", ["7"]), ("7*", ["7", "70"]), ("x", []), ("-1", ["-1"])])
    func `numbers match as numbers`(_ key: String, _ expected: [String]) async throws {
        #expect(
            try await found(key, in: .seriesNumber, of: ["7", "70", "-1", ""], .series).sorted() == expected.sorted()
        )
    }

    @Test func `a list of ten thousand UIDs is bounded work`() async throws {
        let folder = try IndexFolder()
        let catalog = try await catalog(folder, .studyID, ["a", "b", "c"])
        let uids = (1...10_000).map { "1.2.\($0)" }

        #expect(try await catalog.find(.study, .studyID, where: [(.studyInstanceUID, .values(uids))]) == ["b", "c"])
        #expect(try await catalog.find(.series, .studyID, where: [(.studyInstanceUID, .values(uids))]) == ["b", "c"])
        #expect(try await catalog.find(.study, .studyID, where: [(.modality, .values(uids + ["CT"]))]).count == 3)
        #expect(try await catalog.find(.study, .studyID, where: [(.patientName, .values(uids + ["doe^p1"]))]) == ["b"])
        #expect(try await catalog.find(.study, .studyID, where: [(.studyInstanceUID, .values([]))]).isEmpty)
    }
}
