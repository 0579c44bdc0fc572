import DICOMCore
import Deidentification
import Testing

/// The key whose bytes are 0 to 31; the expected values were computed with the hmac module of Python.
private func makeKey() throws -> ProjectKey { try #require(ProjectKey(bytes: (0..<32).map { UInt8($0) })) }

@Suite struct `Pseudonyms of a project` {
    @Test func `a UID becomes the decimal form of a UUID that follows from the key`() throws {
        let pseudonyms = Pseudonyms(key: try makeKey())

        #expect(
            pseudonyms.uid(UID(literal: "1.2.3.4.5")).string == "2.25.338103693497852223253595395034578501806"
        )
    }

    @Test func `the UUID has version 8 and the variant of RFC 9562`() throws {
        let pseudonyms = Pseudonyms(key: try makeKey())

        for number in 0..<200 {
            let uid = try #require(UID("1.2.3." + String(number)))
            let mapped = pseudonyms.uid(uid).string
            let value = try #require(UInt128(mapped.dropFirst(5)))
            #expect(mapped.hasPrefix("2.25.") && mapped.utf8.count <= 44)
            #expect(value >> 76 & 0xF == 8)
            #expect(value >> 62 & 0x3 == 2)
        }
    }

    @Test(arguments: [
        "1.2.840.10008.1.2.1", "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.4.1.1", "1.2.840.10008.6.1.1234",
        "2.16.840.1.113883.6.96",
    ]) func `what the standard defines stays`(text: String) throws {
        let uid = try #require(UID(text))

        #expect(Pseudonyms(key: try makeKey()).uid(uid) == uid)
    }

    @Test(arguments: ["1.2.840.10008.99.1.2", "1.2.840.10008.6.1.123456", "2.16.840.1.113883.6.96.5"])
    func `what only begins like it does not stay`(text: String) throws {
        let uid = try #require(UID(text))

        #expect(Pseudonyms(key: try makeKey()).uid(uid) != uid)
    }

    @Test func `a malformed UID gets a valid one, the same whatever its padding`() throws {
        let pseudonyms = Pseudonyms(key: try makeKey())

        let mapped = try #require(pseudonyms.uid(of: "1.2.MUELLER"))

        #expect(mapped.string.hasPrefix("2.25."))
        #expect(pseudonyms.uid(of: "1.2.MUELLER \0") == mapped)
        #expect(pseudonyms.uid(of: "1.2.3.4.5\0") == pseudonyms.uid(UID(literal: "1.2.3.4.5")))
        #expect(pseudonyms.uid(of: " \0") == nil)
    }

    @Test func `a patient's pseudonym is keyed and knows the issuer`() throws {
        let pseudonyms = Pseudonyms(key: try makeKey())

        #expect(pseudonyms.patientID("PAT 0012") == "PROJ-6CT072XWVDPA40VBG09K")
        #expect(pseudonyms.patientID("PAT 0012", issuer: "Hospital A") == "PROJ-GZ5HRQ3VVSZEQNYC4056")
        #expect(pseudonyms.patientName(PatientKey(patientID: "PAT 0012")) == "PROJ-6CT072XWVDPA40VBG09K")
        #expect(pseudonyms.token(of: PatientKey(patientID: "PAT 0012")) == "4e402ee359b798dd9277ef1a235ed004")
    }

    @Test(arguments: ["pat 0012", " PAT 0012 ", "PAT  0012\0", "ＰＡＴ　００１２", "Pat 0012"])
    func `spellings of one Patient ID are one patient`(text: String) throws {
        #expect(Pseudonyms(key: try makeKey()).patientID(text) == "PROJ-6CT072XWVDPA40VBG09K")
    }

    @Test(arguments: ["PAT0012", "PAT 012", "PAT-0012"]) func `other ids are other patients`(text: String) throws {
        #expect(Pseudonyms(key: try makeKey()).patientID(text) != "PROJ-6CT072XWVDPA40VBG09K")
    }

    @Test func `a default issuer joins objects with and without issuer`() throws {
        let pseudonyms = Pseudonyms(key: try makeKey(), defaultIssuer: "HOSPITAL A")
        let without = DataSet([.text(.patientID, .lo, "PAT 0012")])
        let with = DataSet([.text(.patientID, .lo, "PAT 0012"), .text(.issuerOfPatientID, .lo, "Hospital A")])

        #expect(pseudonyms.patientID("PAT 0012") == "PROJ-GZ5HRQ3VVSZEQNYC4056")
        #expect(pseudonyms.patient(of: without) == pseudonyms.patient(of: with))
    }

    @Test func `without Patient ID each study has a patient of its own`() throws {
        let pseudonyms = Pseudonyms(key: try makeKey())
        let first = PatientKey(patientID: "", issuer: "A", studyInstanceUID: "1.2.3")
        let second = PatientKey(patientID: " ", studyInstanceUID: "1.2.4")

        #expect(pseudonyms.patientID(first) == "PROJ-CRARMCQ914A8R8TZH7HQ")
        #expect(pseudonyms.patientID(second) != pseudonyms.patientID(first))
    }

    @Test func `a numbered scheme takes the caller's number, and a key for who has none`() throws {
        let prefix = try #require(PseudonymPrefix("LUNG"))
        let pseudonyms = Pseudonyms(
            key: try makeKey(),
            scheme: .numbered(prefix: prefix) { ["pat 0012": 7, "b": 12_345][$0.patientID] }
        )

        #expect(pseudonyms.patientID("PAT 0012") == "LUNG-0007")
        #expect(pseudonyms.patientID("B") == "LUNG-12345")
        #expect(pseudonyms.patientID("C").utf8.count == 25)
    }

    @Test func `a prefix is short and of plain characters`() {
        #expect(PseudonymPrefix("A-b_9") != nil)
        #expect(PseudonymPrefix(String(repeating: "A", count: 16)) != nil)
        #expect(PseudonymPrefix(String(repeating: "A", count: 17)) == nil)
        #expect(PseudonymPrefix("") == nil)
        #expect(PseudonymPrefix("A^B") == nil)
        #expect(PseudonymPrefix("Ä") == nil)
    }

    @Test func `identifiers of two kinds have nothing in common`() throws {
        let pseudonyms = Pseudonyms(key: try makeKey())

        #expect(pseudonyms.accessionNumber("ACC-77") == "9A96H0CF1XT6GMP4")
        #expect(pseudonyms.identifier(.studyID, "acc-77 ") == "5S1YDSGC0F51PT6N")
        #expect(pseudonyms.identifier(.device, "  ") == "")
        let all = Set(PseudonymKind.allCases.map { pseudonyms.identifier($0, "X1") })
        #expect(all.count == PseudonymKind.allCases.count)
    }

    @Test func `a key has 32 bytes and tells nothing`() throws {
        #expect(ProjectKey(bytes: [UInt8](repeating: 0, count: 31)) == nil)
        #expect(ProjectKey(bytes: [UInt8](repeating: 0, count: 33)) == nil)
        #expect(String(reflecting: try makeKey()) == "ProjectKey")
        let random = Pseudonyms(key: .random()).uid(UID(literal: "1.2.3.4.5"))
        #expect(random != Pseudonyms(key: try makeKey()).uid(UID(literal: "1.2.3.4.5")))
    }
}

@Suite struct `Dates of a project` {
    private let patient = PatientKey(patientID: "PAT 0012")

    private func pseudonyms(_ dates: DatePolicy) throws -> Pseudonyms { Pseudonyms(key: try makeKey(), dates: dates) }

    @Test func `the offset follows from the key and the patient`() throws {
        #expect(try pseudonyms(.shifted(keepsWeekday: false)).dayOffset(of: patient) == -1_239)
        #expect(try pseudonyms(.shifted(keepsWeekday: true)).dayOffset(of: patient) == -1_806)
        #expect(try pseudonyms(.kept).dayOffset(of: patient) == 0)
    }

    @Test func `the offset is never zero and stays within its range`() throws {
        let days = try pseudonyms(.shifted(keepsWeekday: false))
        let weeks = try pseudonyms(.shifted(keepsWeekday: true))

        for number in 0..<2_000 {
            let patient = PatientKey(patientID: String(number))
            #expect((-3_650 ... -1).contains(days.dayOffset(of: patient)))
            #expect((-3_647 ... -7).contains(weeks.dayOffset(of: patient)))
            #expect(weeks.dayOffset(of: patient) % 7 == 0)
        }
    }

    @Test(arguments: [
        ("20200229", "20161008"), ("20240101", "20200810"), ("2020.02.29", "20161008"),
        ("20200229-20240101", "20161008-20200810"), ("20200229-", "20161008-"), ("-20240101", "-20200810"),
    ]) func `dates and ranges move`(value: String, expected: String) throws {
        #expect(try pseudonyms(.shifted(keepsWeekday: false)).shifted(value, .da, patient: patient) == expected)
    }

    @Test func `a leap day keeps its weekday`() throws {
        // Saturday, 29 February 2020; Saturday, 21 March 2015.
        let pseudonyms = try pseudonyms(.shifted(keepsWeekday: true))

        #expect(pseudonyms.shifted("20200229", .da, patient: patient) == "20150321")
    }

    @Test(arguments: [
        ("20200229101500.123456+0130", "20161008101500.123456+0130"), ("20200229", "20161008"),
        ("2020022923", "2016100823"), ("202002", "201609"), ("2020", "2017"), ("2020-0500", "2017-0500"),
        ("20200229-20240101", "20161008-20200810"),
    ]) func `of a date and time the date moves, no more precise than it was`(value: String, expected: String) throws {
        #expect(try pseudonyms(.shifted(keepsWeekday: false)).shifted(value, .dt, patient: patient) == expected)
    }

    @Test(arguments: [
        ("GARCIA", VR.da), ("20200230", .da), ("2020", .da), ("99999999", .da), ("20200229-X", .da), ("X", .dt),
        ("20200229256000", .dt), ("MUELLER", .tm), ("256000", .tm), ("00010101", .da), ("20200229", .lo), ("", .da),
    ]) func `what is malformed or leaves the calendar is taken out`(value: String, vr: VR) throws {
        #expect(try pseudonyms(.shifted(keepsWeekday: false)).shifted(value, vr, patient: patient) == nil)
    }

    @Test func `times stay, and intervals with them`() throws {
        let pseudonyms = try pseudonyms(.shifted(keepsWeekday: false))

        #expect(pseudonyms.shifted("235960.5", .tm, patient: patient) == "235960.5")
        #expect(pseudonyms.shifted("10:15:00", .tm, patient: patient) == "101500")
    }

    @Test func `kept dates stay, but not what is none`() throws {
        let pseudonyms = try pseudonyms(.kept)

        #expect(pseudonyms.shifted("20200229", .da, patient: patient) == "20200229")
        #expect(pseudonyms.shifted("MUELLER", .da, patient: patient) == nil)
        #expect(pseudonyms.shifted("20200229101500+0100", .dt, patient: patient) == "20200229101500+0100")
    }

    @Test func `removed dates are gone`() throws {
        let pseudonyms = try pseudonyms(.removed)

        #expect(pseudonyms.shifted("20200229", .da, patient: patient) == nil)
        #expect(pseudonyms.shifted("101500", .tm, patient: patient) == nil)
        #expect(pseudonyms.birthDate("19500101", at: "20200229", patient: patient) == nil)
    }

    @Test func `of several values the malformed one becomes empty`() throws {
        let pseudonyms = try pseudonyms(.shifted(keepsWeekday: false))
        let element = DataElement.text(.dateOfLastCalibration, .da, ["20200229", "X", "20240101"])

        let shifted = pseudonyms.shifted(element, patient: patient)

        #expect(shifted?.strings(.ascii) == ["20161008", "", "20200810"])
        #expect(pseudonyms.shifted(.text(.studyDate, .da, "X"), patient: patient) == nil)
    }

    @Test func `a birth date moves with the study until 89 years, then says 90`() throws {
        let pseudonyms = try pseudonyms(.shifted(keepsWeekday: false))

        // 89 years and 364 days: 15 February 1930 to 14 February 2020.
        #expect(pseudonyms.birthDate("19300215", at: "20200214", patient: patient) == "19260925")
        // 90 years to the day; the study has become 23 September 2016.
        #expect(pseudonyms.birthDate("19300214", at: "20200214", patient: patient) == "19260101")
        #expect(pseudonyms.birthDate("19050101", at: "20200214", patient: patient) == "19260101")
        #expect(pseudonyms.birthDate("19300214", at: "", patient: patient) == nil)
        #expect(pseudonyms.birthDate("X", at: "20200214", patient: patient) == nil)
    }

    @Test(arguments: [
        ("089Y", "089Y"), ("090Y", "090Y"), ("103Y", "090Y"), ("45y", "045Y"), ("006M", "006M"), ("999W", "999W"),
    ]) func `ages above 89 are one age`(value: String, expected: String) throws {
        #expect(try pseudonyms(.removed).age(value) == expected)
    }

    @Test func `what is no age is taken out`() throws {
        #expect(try pseudonyms(.removed).age("MUELLER") == nil)
        #expect(try pseudonyms(.removed).age("") == nil)
    }
}
