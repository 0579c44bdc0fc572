import DICOMCore
import Deidentification
import Testing

@Suite struct `Cleaning text` {
    private static let identifiers = SubjectIdentifiers([
        .init(kind: .patientName, tag: .patientName, text: "Müller-Lüdenscheid^Hans Peter^Karl^Dr."),
        .init(kind: .patientName, tag: .otherPatientNames, text: "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        .init(kind: .personName, tag: .referringPhysicianName, text: "Long^Anna"),
        .init(kind: .personName, tag: .operatorsName, text: "Li^Wei"),
        .init(kind: .personName, tag: .performingPhysicianName, text: "Петров^Иван"),
        .init(kind: .patientID, tag: .patientID, text: "PAT-0012345"),
        .init(kind: .patientID, tag: .otherPatientIDs, text: "7"),
        .init(kind: .identifier, tag: .accessionNumber, text: "12-34-567"),
        .init(kind: .birthDate, tag: .patientBirthDate, text: "19610305"),
        .init(kind: .date, tag: .studyDate, text: "20200115"),
        .init(kind: .institution, tag: .institutionName, text: "St. Walpurga Hospital, Radiology"),
        .init(kind: .address, tag: .institutionAddress, text: "Rosenweg 12, 10437 Neustadt"),
        .init(kind: .telephone, tag: .patientTelephoneNumbers, text: "+49 30 5551234"),
        .init(kind: .device, tag: .deviceSerialNumber, text: "SN4711X"),
        .init(kind: .uid, tag: .studyInstanceUID, text: "1.2.276.0.7230010.3.1.2.11"),
    ])

    private func clean(_ text: String, patterns: TextPatterns = []) -> String {
        TextCleaner(identifiers: Self.identifiers, patterns: patterns).clean(text).text
    }

    @Test(arguments: [
        ("Patient Müller-Lüdenscheid, Hans Peter", "Patient ***"),
        ("MUELLER-LUEDENSCHEID^HANS", "***"), ("muller", "***"), ("Lüdenscheids Knie", "***s Knie"),
        ("Waldmüllers Hand", "Waldmüllers Hand"),
        ("Hans' CT", "***' CT"), ("for H. Müller today", "for *** today"), ("Dr. Müller", "***"),
        ("muller_hans_ct.dcm", "***_ct.dcm"), ("Peter-Karl", "***"),
        ("Ｍüller", "***"), ("M\u{75}\u{308}ller", "***"), ("山田太郎様", "***様"), ("太郎", "***"), ("やまだ たろう", "***"),
        ("ﾔﾏﾀﾞ", "***"), ("ПЕТРОВ", "***"), ("петрова", "петрова"), ("Li, Wei", "***"), ("wei li", "***"),
        ("Anna Long", "***"), ("Long, A.", "Long, A."), ("YAMADA", "***"),
    ]) func `names go in every spelling`(text: String, expected: String) {
        #expect(clean(text) == expected)
    }

    @Test(arguments: [
        "long axis", "LI: 3 mm", "HEAD 3.0 Hr60 MPR", "Thorax a.p. liegend", "T2 TSE sag 512x512", "SUVmax 7.0 g/ml",
        "TE 12.5 TR 2500", "Slice 1.25/2.5", "2020", "M", "7", "L4/L5", "MR 1.5T", "90Y microspheres", "petrol",
        "0.70312\\0.70312", "1.2.840.10008.1.2", "contrast 100 ml", "Series 12 of 34", "hansom", "Radiology",
        "kV 120, mAs 250", "FOV 350 x 350", "Weimar", "liwe",
    ]) func `useful text stays`(text: String) {
        #expect(clean(text, patterns: .all) == text)
    }

    @Test(arguments: [
        ("ID PAT-0012345", "ID ***"), ("pat0012345", "***"), ("12345 seen", "*** seen"), ("no. 0012345", "no. ***"),
        ("000012345", "***"), ("1234567", "***"), ("12 34 567", "***"), ("12-34.567", "***"), ("91234567", "91234567"),
        ("12345678", "12345678"), ("sn4711x", "***"), ("X1.2.276.0.7230010.3.1.2.11.5", "X***.5"),
        ("1.2.276.0.7230010.3.1.2.11", "***"), ("1.2.276.0.7230010.3.1.2.12", "1.2.276.0.7230010.3.1.2.12"),
        ("10437", "***"), ("in Neustadt", "in ***"), ("Walpurga Hospital", "*** Hospital"),
        ("St Walpurga Hospital Radiology", "***"), ("+49-30-5551234", "+***"), ("030/5551234", "***"),
        ("5551234", "***"),
    ]) func `numbers and places go with and without separators and zeros`(text: String, expected: String) {
        #expect(clean(text) == expected)
    }

    @Test(arguments: [
        "19610305", "1961-03-05", "05.03.1961", "5.3.61", "03/05/1961", "3/5/61", "5 March 1961", "5. März 1961",
        "March 5th, 1961", "5 mars 1961", "5 de marzo de 1961", "5 marzo 1961", "5 mrt 1961", "05MAR1961", "050361",
        "610305", "1961年3月5日", "昭和36年3月5日", "5 maaliskuuta 1961", "5 marca 1961", "١٩٦١/٠٣/٠٥", "１９６１．０３．０５",
    ]) func `dates go in any common form`(text: String) {
        #expect(clean("born " + text + " here") == "born *** here")
    }

    @Test(arguments: ["19610306", "6 March 1961", "03/06/1961", "1961", "5.3.1962"])
    func `other dates stay when only those of the patient go`(text: String) {
        #expect(clean(text) == text)
    }

    @Test(arguments: [
        ("mail j.doe@example.org now", "mail *** now"), ("see https://x.org/a?b=1 ok", "see *** ok"),
        ("www.example.org", "***"), ("host 192.168.1.20", "host ***"), ("fe80::1:2", "***"),
        ("call +44 20 7946 0958", "call ***"), ("(555) 123-4567", "***"), ("555-123-4567", "***"),
        ("0171/2345678", "***"), ("01 23 45 67 89", "***"), ("Tel.: 12345", "Tel.: ***"),
        ("SSN 123-45-6789", "SSN ***"), ("no. 123456789 of", "no. *** of"), ("NHS 9434765919.", "NHS ***."),
        ("756.1234.5678.97", "***"), ("RSSMRA85T10A562S", "***"), ("19850412-1234", "***"), ("MRN: 88A71", "MRN: ***"),
        ("Pat.-Nr. 4711/12", "Pat.-Nr. ***"), ("case no 123", "case no ***"), ("12.03.19", "***"),
        ("2019-03-12", "***"),
        ("3 Jan 2019", "***"), ("March 2019", "***"), ("am 4. Oktober", "am ***"), ("92 years old", "*** years old"),
        ("095Y", "***"), ("91-jähriger", "***-jähriger"), ("PLZ 10115", "PLZ ***"), ("zip SW1A 2AA", "zip ***"),
        ("by Dr. Okonkwo", "by ***"), ("Prof. Dr. Adeyemi-Smythe reads", "Prof. *** reads"),
        ("Dr Brown-Sequard", "***"),
        ("geb. 1930", "geb. ***"),
    ]) func `patterns go`(text: String, expected: String) {
        #expect(clean(text, patterns: .all) == expected)
    }

    @Test(arguments: [
        "MR BRAIN", "DR THORAX", "1.2.3.4.5", "+1.00000 -0.012 0.034", "001 002 003", "512 512 1024", "12:34:56",
        "89 years", "0.5 1.5 2.5", "5 may be seen", "1\\0\\0\\0\\1\\0", "-100.5", "VB17A 3.2.1", "10.5 mm", "ID 6.5 mm",
        "12345678 cells",
        "0.123456789", "1234567890.5",
        "T1-weighted 3D 1.0 x 1.0 x 1.0", "b=1000", "2.25.338103693497852223253595395034578501806",
    ]) func `numbers that mean something else stay`(text: String) {
        #expect(clean(text, patterns: .all) == text)
    }

    @Test func `a list of names is filled by the caller`() {
        let names = NameList(lines: "# names\nOkafor\nvan Houten\nHead\nLi\r\nБорис\n")
        let cleaner = TextCleaner(identifiers: SubjectIdentifiers(), names: names, patterns: [])

        #expect(names.count == 3)
        #expect(cleaner.clean("okafor HEAD van Houten Борис Li").text == "*** HEAD van *** *** Li")
    }

    @Test(arguments: [
        "Müller Hans 12345 +49 30 5551234 Dr. Okonkwo 5.3.61", "***", "a***b 12***345", "山田太郎やまだたろう",
        "Hans Hans-Hans,Hans", "19610305 12345 1961-03-05",
    ]) func `cleaning again changes nothing`(text: String) {
        let once = clean(text, patterns: .all)

        #expect(clean(once, patterns: .all) == once)
    }

    @Test func `what was taken out is told without saying it`() {
        let cleaned = TextCleaner(identifiers: Self.identifiers).clean("CT of Hans, MRN 88123, on 2.2.2022")

        #expect(cleaned.text == "CT of ***, MRN ***, on ***")
        #expect(
            cleaned.removals.map(\.reason.name) == [
                "identifier patient-name", "pattern record-number", "pattern date",
            ]
        )
        #expect(cleaned.removals.first?.range == 6..<10)
        #expect(TextCleaner(identifiers: Self.identifiers).clean("CT").isUnchanged)
        #expect(TextCleaner(identifiers: Self.identifiers).clean("").text == "")
    }

    @Test func `a name is found wherever it stands in a long text`() {
        let filler = String(repeating: "normal findings, keine Läsion. ", count: 1_200)
        for cut in stride(from: 0, to: filler.count, by: 31 * 161) {
            let before = String(filler.prefix(cut))
            let behind = String(filler.dropFirst(cut))

            #expect(clean(before + " Hans Müller " + behind) == before + " *** " + behind)
        }
    }
}
