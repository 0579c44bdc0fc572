import ArchiveCatalog
import DICOMCore
import Testing

@Suite struct `Keys of a query (PS3.4 C.2.2.2)` {
    private func condition(_ tag: DICOMCore.Tag, _ values: [String]) throws -> Matching? {
        let subject = try #require(MatchingCondition.Subject(tag: tag))
        return try MatchingParser().condition(on: subject, values: values)?.matching
    }

    private func code(_ tag: DICOMCore.Tag, _ values: [String]) throws -> MatchingError.Code? {
        do {
            _ = try condition(tag, values)
            return nil
        } catch let error as MatchingError {
            #expect(error.tag == tag)
            return error.code
        }
    }

    @Test(arguments: [[], [""], ["  "], ["*"], ["**"], ["\0"]])
    func `no value and a lone star ask nothing`(_ values: [String]) throws {
        for tag in [
            DICOMCore.Tag.patientID, .patientName, .modality, .studyInstanceUID, .studyDate, .studyTime, .seriesNumber,
        ] {
            guard values != ["**"] || (tag != .studyInstanceUID && tag != .studyDate && tag != .studyTime) else {
                continue
            }
            #expect(try condition(tag, values) == nil, "\(tag)")
        }
    }

    @Test(arguments: [
        ("P1", Matching.values(["P1"])), (" P1 ", .values(["P1"])), ("%", .values(["%"])), ("_", .values(["_"])),
        ("'; DROP TABLE", .values(["'; DROP TABLE"])), ("[a-z]", .values(["[a-z]"])), ("P*", .wildcard("P*")),
        ("P***1", .wildcard("P*1")), ("?", .wildcard("?")), ("a\0b", .values(["a\u{FFFD}b"])),
    ])
    func `text is one value or a pattern`(_ key: String, _ expected: Matching) throws {
        #expect(try condition(.patientID, [key]) == expected)
    }

    @Test(arguments: [
        ("20260101", Matching.values(["20260101"])), ("2026.01.01", .values(["20260101"])),
        ("20260101-20261231", .range(from: "20260101", to: "20261231")),
        ("20260101-", .range(from: "20260101", to: nil)), ("-20261231", .range(from: nil, to: "20261231")),
        (" 20260101 - 20261231 ", .range(from: "20260101", to: "20261231")),
        ("20261231-20200101", .range(from: "20261231", to: "20200101")), ("20240229", .values(["20240229"])),
    ])
    func `dates are one day or a range`(_ key: String, _ expected: Matching) throws {
        #expect(try condition(.studyDate, [key]) == expected)
    }

    @Test(arguments: [
        "20260230", "20250229", "19000229", "-", "00000000-99999999", "2026", "20260101-20260102-20260103", "2026010?",
        "20260101--",
    ])
    func `what is no date and no range is refused`(_ key: String) throws {
        #expect(try code(.studyDate, [key]) == .badRange)
    }

    @Test(arguments: [
        ("10", Matching.range(from: "10", to: "10~")), ("1015", .range(from: "1015", to: "1015~")),
        ("10:15:30", .range(from: "101530", to: "101530~")), ("101530.5", .range(from: "101530.5", to: "101530.5~")),
        ("10-1130", .range(from: "10", to: "1130~")), ("-1130", .range(from: nil, to: "1130~")),
        ("2359-", .range(from: "2359", to: nil)),
    ])
    func `a time means all of its precision`(_ key: String, _ expected: Matching) throws {
        #expect(try condition(.studyTime, [key]) == expected)
    }

    @Test(arguments: ["24", "1060", "101562", "1", "101530.", "101530.1234567", "10.5", "noon"])
    func `what is no time is refused`(_ key: String) throws {
        #expect(try code(.studyTime, [key]) == .badRange)
    }

    @Test func `lists of UIDs match any of them, and one that is none is refused`() throws {
        #expect(try condition(.studyInstanceUID, ["1.2", "1.3\0"]) == .values(["1.2", "1.3"]))
        #expect(try condition(.sopClassesInStudy, ["1.2"]) == .values(["1.2"]))
        #expect(try code(.studyInstanceUID, ["1.2", "../etc"]) == .badUID)
        #expect(try code(.studyInstanceUID, ["1.2*"]) == .badUID)
        #expect(try code(.studyInstanceUID, [String(repeating: "1", count: 65)]) == .badUID)
    }

    @Test func `the limits hold, and one more is refused`() throws {
        let most = Array(repeating: "1.2", count: 10_000)
        #expect(try condition(.studyInstanceUID, most) == .values(most))
        #expect(try code(.studyInstanceUID, most + ["1.2"]) == .tooManyValues)

        let marks = String(repeating: "?", count: 64)
        #expect(try condition(.patientName, [marks]) == .wildcard(marks))
        #expect(try code(.patientName, [marks + "?"]) == .tooManyWildcards)

        let long = String(repeating: "a", count: 1_023)
        #expect(try condition(.patientID, [long + "*"]) == .wildcard(long + "*"))
        #expect(try code(.patientID, [long + "a*"]) == .tooLong)
        #expect(try condition(.patientID, [long + "aa"]) == .values([long + "a"]))
    }

    @Test func `a name of empty components asks nothing`() throws {
        #expect(try condition(.patientName, ["^^"]) == nil)
        #expect(try condition(.patientName, ["Doe^"]) == .values(["Doe^"]))
    }

    @Test func `only tags with a column can be matched`() {
        #expect(MatchingCondition.Subject(tag: .pixelData) == nil)
        #expect(MatchingCondition.Subject(tag: .modalitiesInStudy) == .modalitiesInStudy)
        #expect(CatalogAttribute.all.allSatisfy { MatchingCondition.Subject(tag: $0.tag) == .attribute($0) })
    }
}
