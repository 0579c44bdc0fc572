import DICOMCoding
import DICOMCore
import Deidentification
public import NIOCore

/// Text that is cleaned of identifiers, dates that move, and objects that are searched for identifiers.
public enum DeidentificationTarget: FuzzTarget {
    /// As the folder of its corpus.
    public static let name = "Deidentification"

    private static let identifiers = SubjectIdentifiers([
        .init(kind: .patientName, tag: .patientName, text: "Müller-Lang^Waltraud^Eva=山田^太郎=やまだ^たろう"),
        .init(kind: .personName, tag: .operatorsName, text: "Li^Wei"),
        .init(kind: .patientID, tag: .patientID, text: "PAT-00471198"),
        .init(kind: .identifier, tag: .accessionNumber, text: "12-34-567"),
        .init(kind: .birthDate, tag: .patientBirthDate, text: "19610305"),
        .init(kind: .telephone, tag: .patientTelephoneNumbers, text: "+49 30 5551234"),
        .init(kind: .institution, tag: .institutionName, text: "St. Walpurga Hospital, 10437 Neustadt"),
        .init(kind: .uid, tag: .studyInstanceUID, text: "1.2.276.0.7230010.3.1.2.11"),
    ])
    private static let names = NameList(lines: "Okafor\nHouten\nБорис")
    private static let cleaner = TextCleaner(identifiers: identifiers, names: names)
    private static let plainCleaner = TextCleaner(identifiers: identifiers, patterns: [])
    private static let patterns = LeakPatterns(identifiers)
    private static let characterSets: [SpecificCharacterSet] = [
        .utf8, SpecificCharacterSet(terms: ["ISO_IR 100"]), SpecificCharacterSet(terms: ["", "ISO 2022 IR 87"]),
        SpecificCharacterSet(terms: ["GB18030"]), SpecificCharacterSet(terms: ["ISO_IR 144"]),
    ]
    private static let pseudonyms = ProjectKey(bytes: (0..<32).map { UInt8($0) }).map {
        Pseudonyms(key: $0, dates: .shifted(keepsWeekday: true))
    }
    private static let patient = PatientKey(patientID: "A")

    /// The first byte chooses the character set, the second the pieces; the rest is the text, the value and the object.
    public static func check(_ input: ByteBuffer) throws(PropertyViolation) {
        var bytes = input
        let characterSet = characterSets[Int(bytes.takeChoice()) % characterSets.count]
        let seed = bytes.takeChoice()
        let text = characterSet.decode(bytes.readableBytesView)
        try checkCleaning(text, cleaner)
        try checkCleaning(text, plainCleaner)
        try checkDates(text)
        try checkObject(bytes, seed)
        try checkPlanted(bytes, at: Int(seed))
    }

    /// The text is cleaned, and the object read.
    public static func parse(_ input: ByteBuffer) throws(PropertyViolation) {
        var bytes = input
        let characterSet = characterSets[Int(bytes.takeChoice()) % characterSets.count]
        let seed = bytes.takeChoice()
        if seed & 1 == 0 {
            _ = cleaner.clean(characterSet.decode(bytes.readableBytesView))
        } else {
            _ = leaks(bytes.pieces(seed: seed))
        }
    }

    /// Cleaning again changes nothing, what it says it took out was there, and the gate finds nothing in what is left.
    private static func checkCleaning(_ text: String, _ cleaner: TextCleaner) throws(PropertyViolation) {
        let cleaned = cleaner.clean(text)
        let again = cleaner.clean(cleaned.text)
        try require(again.isUnchanged && again.text == cleaned.text, "\(cleaned.text) is cleaned to \(again.text)")
        var position = 0
        for removal in cleaned.removals {
            try require(
                removal.range.lowerBound >= position && !removal.range.isEmpty,
                "parts that were taken out overlap"
            )
            position = removal.range.upperBound
        }
        try require(position <= text.utf8.count, "a part behind the end was taken out")
        try require(!cleaned.isUnchanged || cleaned.text.utf8.elementsEqual(text.utf8), "a change is not told")
        guard
            let file = file([
                .text(.specificCharacterSet, .cs, "ISO_IR 192"), .text(.imageComments, .lt, cleaned.text),
            ])
        else { return }
        let found = leaks([file]).filter { $0.form == .text }
        try require(found.isEmpty, "\(cleaned.text) still has \(found)")
    }

    /// A date that moves is a date, and moves by the patient's number of days.
    private static func checkDates(_ text: String) throws(PropertyViolation) {
        guard let pseudonyms else { throw PropertyViolation("the key has 32 bytes") }
        let days = pseudonyms.dayOffset(of: patient)
        if let shifted = pseudonyms.shifted(text, .da, patient: patient), let original = DICOMDate(text) {
            let difference = DICOMDate(shifted).map { $0.daysSince1970 - original.daysSince1970 }
            try require(difference == days, "\(text) has become \(shifted)")
        }
        if let shifted = pseudonyms.shifted(text, .dt, patient: patient), let original = DICOMDateTime(text) {
            guard let moved = DICOMDateTime(shifted) else { throw PropertyViolation("\(text) has become \(shifted)") }
            try require(moved.offsetMinutes == original.offsetMinutes && moved.time == original.time, "the time moves")
            let difference = moved.earliestMicrosecond() - original.earliestMicrosecond()
            try require(
                original.day == nil || difference == days * 86_400_000_000,
                "\(text) has become \(shifted)"
            )
        }
        if let time = pseudonyms.shifted(text, .tm, patient: patient), let original = DICOMTime(text) {
            try require(DICOMTime(time) == original, "\(text) has become \(time)")
        }
    }

    /// An object is judged the same in one piece and in many.
    private static func checkObject(_ bytes: ByteBuffer, _ seed: UInt8) throws(PropertyViolation) {
        let whole = leaks([bytes])
        let cut = leaks(bytes.pieces(seed: seed))
        // Behind a fault, what was read before it depends on the pieces; and a word that ends with a piece is taken for one.
        guard (whole + cut).allSatisfy({ if case .identifier = $0.finding { true } else { false } }) else { return }
        let wholeIdentifiers = Set(whole.filter { $0.form == .text })
        try require(wholeIdentifiers == Set(cut.filter { $0.form == .text }), "\(cut) in pieces, \(whole) as a whole")
    }

    /// An identifier is found wherever it stands in a value.
    private static func checkPlanted(_ bytes: ByteBuffer, at place: Int) throws(PropertyViolation) {
        var value = ByteBuffer(bytes: bytes.readableBytesView.prefix(place))
        value.writeString(" Waltraud 00471198 ")
        value.writeBytes(bytes.readableBytesView.dropFirst(place))
        if value.readableBytes % 2 == 1 { value.writeInteger(UInt8(0)) }
        let element = DataElement(tag: .pixelData, vr: .ob, value: .bytes(value))
        guard let file = file([element]) else { return }
        try require(!leaks([file]).isEmpty, "what was planted is not found")
    }

    private static func file(_ elements: [DataElement]) -> ByteBuffer? {
        guard
            var file = try? Part10Header.encoded(
                sopClassUID: UID(literal: "1.2.840.10008.5.1.4.1.1.7"),
                sopInstanceUID: UID(literal: "2.25.1"),
                transferSyntax: .explicitVRLittleEndian,
                implementationClassUID: UID(literal: "2.25.2"),
                implementationVersionName: "FUZZ"
            ), let dataSet = try? DataSetEncoder.encode(DataSet(elements), in: .explicitVRLittleEndian)
        else { return nil }
        file.writeImmutableBuffer(dataSet)
        return file
    }

    private static func leaks(_ pieces: [ByteBuffer]) -> [Leak] {
        var scanner = LeakScanner(patterns)
        for piece in pieces { scanner.append(piece) }
        return scanner.finish()
    }
}
