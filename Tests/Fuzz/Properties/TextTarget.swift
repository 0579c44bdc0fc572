import ArchiveCatalog
import DICOMCore
public import NIOCore

/// Text in all character sets, names, and what queries make of both.
public enum TextTarget: FuzzTarget {
    /// As the folder of its corpus.
    public static let name = "Text"

    /// The values of Specific Character Set, and whether each byte is a character by itself while no escape sequence comes.
    private static let characterSets = terms.map { terms, isSingleByte in
        (set: SpecificCharacterSet(terms: terms), isSingleByte: isSingleByte)
    }

    private static let terms: [(terms: [String], isSingleByte: Bool)] = [
        ([], true), (["ISO_IR 100"], true), (["ISO_IR 101"], true), (["ISO_IR 109"], true), (["ISO_IR 110"], true),
        (["ISO_IR 144"], true), (["ISO_IR 127"], true), (["ISO_IR 126"], true), (["ISO_IR 138"], true),
        (["ISO_IR 148"], true), (["ISO_IR 203"], true), (["ISO_IR 166"], true), (["ISO_IR 13"], true),
        (["ISO_IR 192"], false), (["GB18030"], false), (["", "ISO 2022 IR 87", "ISO 2022 IR 159"], true),
        (["ISO 2022 IR 13", "ISO 2022 IR 87"], true), (["", "ISO 2022 IR 149"], true), (["ISO 2022 IR 149"], false),
        (["ISO 2022 IR 58"], false), (["ISO 2022 IR 100", "ISO 2022 IR 144", "ISO 2022 IR 126"], true),
    ]

    private static let subjects: [MatchingCondition.Subject] = [
        Tag.patientName, .studyDate, .studyTime, .accessionNumber, .studyInstanceUID, .modalitiesInStudy, .seriesNumber,
        .modality,
    ].compactMap { MatchingCondition.Subject(tag: $0) }

    /// The first byte chooses the character set, the second whether it is a name and what is asked; the rest is the text.
    public static func check(_ input: ByteBuffer) throws(PropertyViolation) {
        var bytes = input
        let choice = bytes.takeChoice()
        let question = bytes.takeChoice()
        let (characterSet, isSingleByte) = characterSets[Int(choice) % characterSets.count]
        let isPersonName = question & 1 == 0
        let view = bytes.readableBytesView
        let text = characterSet.decode(view, isPersonName: isPersonName)
        try require(
            text.utf8.count <= 3 * view.count + 3,
            "\(view.count) bytes have become \(text.utf8.count) of UTF-8"
        )
        if view.allSatisfy({ $0 < 0x80 && $0 != 0x1B }) {
            try require(text.utf8.elementsEqual(view), "ASCII text is read as other text")
        }
        if isSingleByte, !view.contains(0x1B) {
            let middle = view.index(view.startIndex, offsetBy: view.count / 2)
            let first = characterSet.decode(view[..<middle], isPersonName: isPersonName)
            let second = characterSet.decode(view[middle...], isPersonName: isPersonName)
            try require(
                text.utf8.elementsEqual(Array(first.utf8) + Array(second.utf8)),
                "the halves of a text are not the text"
            )
        }
        try checkCoding(characterSet.decoded(view, isPersonName ? .pn : .lo), as: text, characterSet, isPersonName)
        if isSingleByte, !view.contains(0x1B), !text.unicodeScalars.contains("\u{FFFD}") {
            try require(
                characterSet.encode(text, isPersonName: isPersonName) != nil,
                "what was read cannot be written"
            )
        }
        try checkName(text)
        try checkMatching(text, subject: subjects[Int(question / 2) % subjects.count])
    }

    /// The text is read; the first byte chooses what else is done with it, mostly nothing.
    public static func parse(_ input: ByteBuffer) throws(PropertyViolation) {
        var bytes = input
        let choice = Int(bytes.takeChoice())
        let question = bytes.takeChoice()
        let (characterSet, _) = characterSets[choice % characterSets.count]
        let isPersonName = question & 1 == 0
        let decoded = characterSet.decoded(bytes.readableBytesView, isPersonName ? .pn : .lo)
        try require(
            decoded.text.utf8.count <= 3 * bytes.readableBytes + 3,
            "\(bytes.readableBytes) bytes have become \(decoded.text.utf8.count) of UTF-8"
        )
        switch choice / characterSets.count {
        case 1: _ = characterSet.encode(decoded.text, isPersonName: isPersonName)
        case 2: _ = CatalogValue.foldedPersonName(decoded.text)
        case 3: try checkMatching(decoded.text, subject: subjects[Int(question / 2) % subjects.count])
        default: break
        }
    }

    /// What is written is read back as it was.
    private static func checkCoding(
        _ decoded: DecodedText,
        as text: String,
        _ characterSet: SpecificCharacterSet,
        _ isPersonName: Bool
    ) throws(PropertyViolation) {
        try require(decoded.text.utf8.elementsEqual(text.utf8), "two ways of reading differ")
        guard let bytes = characterSet.encode(text, isPersonName: isPersonName) else { return }
        let again = characterSet.decoded(bytes.readableBytesView, isPersonName ? .pn : .lo)
        try require(again.isExact, "what was written cannot be read")
        try require(again.text.utf8.elementsEqual(text.utf8), "\(text) is read back as \(again.text)")
    }

    /// A name with its groups joined again is the same name, and so is its form for comparison.
    private static func checkName(_ text: String) throws(PropertyViolation) {
        let name = PersonName(text)
        let again = PersonName(name.string)
        try require(again == name, "\(name) is read back as \(again)")
        let components = name.alphabeticComponents.joined(separator: "^")
        try require(components.utf8.elementsEqual(name.alphabetic.utf8), "components are not the name")
        let folded = CatalogValue.foldedPersonName(name.string)
        guard folded.utf8.count < CatalogValue.lengthLimit / 2 else { return }
        try require(CatalogValue.foldedPersonName(folded) == folded, "\(folded) is not the form for comparison")
    }

    /// What a column holds is kept by making it a column's value again; no question is beyond its limits.
    private static func checkMatching(
        _ text: String,
        subject: MatchingCondition.Subject
    ) throws(PropertyViolation) {
        if case .attribute(let attribute) = subject, let value = CatalogValue.normalized(text, attribute.kind) {
            try require(value.utf8.count <= CatalogValue.lengthLimit, "a column has \(value.utf8.count) bytes")
            try require(!value.utf8.contains(0), "a column holds NUL")
            let again = CatalogValue.normalized(value, attribute.kind)
            try require(
                again == value || value.utf8.count > CatalogValue.lengthLimit - 4,
                "\(value) becomes \(again ?? "nothing") as \(attribute.kind)"
            )
        }
        let parser = MatchingParser()
        let values = text.utf8.split(separator: 0x5C).map { String(Substring($0)) }
        let condition: MatchingCondition?
        do throws(MatchingError) {
            condition = try parser.condition(on: subject, values: values)
        } catch {
            return
        }
        switch condition?.matching {
        case .wildcard(let pattern): try checkPatterns([pattern], limit: parser.wildcardLimit)
        case .wildcards(let patterns): try checkPatterns(patterns, limit: parser.wildcardLimit)
        case .values(let values): try require(values.count <= parser.listValueLimit, "more values than the limit")
        case .range(let from, let to): try require(from != nil || to != nil, "a range without ends")
        case nil: break
        }
    }

    private static func checkPatterns(_ patterns: [String], limit: Int) throws(PropertyViolation) {
        let wildcards = patterns.reduce(0) { count, pattern in
            count + pattern.utf8.count { $0 == 0x2A || $0 == 0x3F }
        }
        try require((1...limit).contains(wildcards), "\(wildcards) wild cards")
    }
}
