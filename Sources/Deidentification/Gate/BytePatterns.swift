import DICOMCore
import NIOCore

/// An identifier as bytes, in one of the ways in which it may stand in a value.
struct BytePattern: Sendable, Hashable {
    let bytes: [UInt8]
    let form: LeakForm
    let kind: IdentifierKind
    let tag: Tag

    /// How rare the bytes are: bits of what chance would have to hit in bytes that mean something else.
    ///
    /// A letter has 7 for it is found in both cases; the zeros of UTF-16 have none, for numbers of 16 bits are full of them.
    var bits: Int {
        bytes.reduce(0) { sum, byte in
            switch byte {
            case 0x41...0x5A, 0x61...0x7A: sum + 7
            case 0 where form == .utf16: sum
            default: sum + 8
            }
        }
    }
}

/// Makes the byte patterns of a patient's identifiers.
struct BytePatterns {
    private(set) var patterns: [BytePattern] = []
    private var known: Set<[UInt8]> = []

    /// Four bytes find a place, so shorter patterns cannot be looked for.
    static let shortest = 4
    static let longest = 200
    /// More say nothing new about one patient; it bounds memory.
    private static let limit = 400_000

    private static let alphabetic = [
        "ISO_IR 100", "ISO_IR 101", "ISO_IR 109", "ISO_IR 110", "ISO_IR 144", "ISO_IR 126", "ISO_IR 127", "ISO_IR 138",
        "ISO_IR 148", "ISO_IR 203", "ISO_IR 166",
    ].map { SpecificCharacterSet(terms: [$0]) }

    private static let ideographic = [
        ["ISO_IR 13"], ["", "ISO 2022 IR 87"], ["", "ISO 2022 IR 159"], ["", "ISO 2022 IR 149"],
        ["", "ISO 2022 IR 58"],
        ["GB18030"], ["ISO 2022 IR 13", "ISO 2022 IR 87"],
    ].map { SpecificCharacterSet(terms: $0) }

    init(_ identifiers: SubjectIdentifiers) {
        for identifier in identifiers.identifiers where patterns.count < Self.limit {
            if let written = identifier.writtenBytes { add(written, .characterSet, identifier) }
            switch identifier.kind {
            case .patientName, .personName: addName(identifier)
            case .patientID, .identifier, .device, .station, .applicationEntity, .telephone: addCode(identifier)
            case .institution, .address: addPhrase(identifier)
            case .birthDate, .date: addDate(identifier)
            case .uid: if identifier.text.utf8.count >= 10 { addForms(identifier.text, identifier) }
            }
        }
    }

    // MARK: Kinds

    private mutating func addName(_ identifier: SubjectIdentifiers.Identifier) {
        for group in PersonName(identifier.text).groups where !group.isEmpty {
            if !CommonWords.contains(FoldedText.fold(group)) { addForms(group, identifier) }
            for spelling in Spellings.of(group) {
                let words = NameComponents(spelling).all.prefix(3).flatMap { Self.words(of: $0) }
                    .filter { !Titles.contains($0.utf8.map(UInt32.init)) }
                for word in words.prefix(6) where Self.isTelling(word) { addForms(word, identifier) }
                for (place, first) in words.prefix(4).enumerated() {
                    for (other, second) in words.prefix(4).enumerated() where place != other {
                        let isDense = Self.isDense(first)
                        guard isDense || first.utf8.count > 1 && second.utf8.count > 1 else { continue }
                        for separator in isDense ? [""] : [" ", ", ", "_", "^"] {
                            addText(first + separator + second, identifier, isWhole: separator == " " || isDense)
                        }
                    }
                }
            }
        }
    }

    private mutating func addCode(_ identifier: SubjectIdentifiers.Identifier) {
        let words = IdentifierTerms.words(of: identifier.text)
        let letters = words.flatMap(\.self)
        let digits = letters.count { (0x30...0x39).contains($0) }
        if digits == 0 {
            guard words.contains(where: { Self.isTelling(IdentifierTerms.string($0)) }) else { return }
        } else if Set(letters).count < 2 || digits == letters.count && Self.isSeries(letters) {
            return
        }
        addForms(identifier.text, identifier)
        if words.count > 1 { addForms(IdentifierTerms.string(letters), identifier) }
        for run in letters.split(whereSeparator: { !(0x30...0x39).contains($0) }) {
            let number = run.drop { $0 == 0x30 }
            if run.count >= 6, number.count >= 5, run.count < letters.count, !Self.isSeries(Array(number)) {
                addForms(IdentifierTerms.string(run), identifier)
            }
            guard number.count >= 5, number.count < letters.count, Set(number).count > 1, !Self.isSeries(Array(number))
            else { continue }
            addForms(IdentifierTerms.string(number), identifier)
        }
    }

    private mutating func addPhrase(_ identifier: SubjectIdentifiers.Identifier) {
        for spelling in Spellings.of(identifier.text) {
            let words = Self.words(of: spelling).filter { Self.isTelling($0) }
            if !words.isEmpty { addForms(spelling, identifier) }
            for word in words where word.utf8.count >= 5 { addForms(word, identifier) }
        }
    }

    private mutating func addDate(_ identifier: SubjectIdentifiers.Identifier) {
        guard let date = DICOMDate(String(identifier.text.prefix(8))) ?? DICOMDate(identifier.text),
            !PlaceholderDates.contains(date)
        else { return }
        let digits = Array(date.string.utf8)
        let year = String(decoding: digits[0..<4], as: UTF8.self)
        let month = String(decoding: digits[4..<6], as: UTF8.self)
        let day = String(decoding: digits[6..<8], as: UTF8.self)
        addForms(date.string, identifier)
        for text in [
            year + "-" + month + "-" + day, day + "." + month + "." + year, month + "/" + day + "/" + year,
            day + "/" + month + "/" + year,
        ] {
            addText(text, identifier, isWhole: true)
        }
        for text in [
            year + "." + month + "." + day, year + "/" + month + "/" + day, day + "-" + month + "-" + year,
            day + month + year, month + day + year,
        ] {
            addText(text, identifier, isWhole: false)
        }
    }

    // MARK: Forms

    /// Adds a text in every form.
    private mutating func addForms(_ text: String, _ identifier: SubjectIdentifiers.Identifier) {
        addText(text, identifier, isWhole: true)
        for spelling in [text, text.uppercased(), text.lowercased()] {
            addBase64(Array(spelling.utf8), identifier)
        }
    }

    /// Adds a text as bytes: in UTF-8 and other sets, with `isWhole` in UTF-16 and with exchanged bytes, too.
    private mutating func addText(_ text: String, _ identifier: SubjectIdentifiers.Identifier, isWhole: Bool) {
        guard text.utf8.count <= Self.longest else { return }
        guard !text.utf8.allSatisfy({ $0 < 0x80 }) else {
            add(Array(text.utf8), .plain, identifier)
            if isWhole { addWide(text, identifier) }
            return
        }
        for spelling in [text, text.uppercased(), text.lowercased(), FoldedText.fold(text)] {
            add(Array(spelling.utf8), .plain, identifier)
            if isWhole { addWide(spelling, identifier) }
            for set in spelling.unicodeScalars.contains(where: Self.isDense) ? Self.ideographic : Self.alphabetic {
                guard let bytes = set.encode(spelling, isPersonName: true) else { continue }
                addEncoded(Array(bytes.readableBytesView), identifier)
            }
        }
    }

    /// Adds a text in another set, and without the escape sequences around it, which stand where its neighbours ask for them.
    private mutating func addEncoded(_ bytes: [UInt8], _ identifier: SubjectIdentifiers.Identifier) {
        guard let first = bytes.firstIndex(of: 0x1B) else {
            add(bytes, .characterSet, identifier)
            return
        }
        let end = bytes.lastIndex(of: 0x1B).map { $0 > first ? $0 : bytes.count } ?? bytes.count
        add(Array(bytes[..<end]), .characterSet, identifier)
        guard first == 0 else { return }
        // ESC, two or three bytes, the characters.
        let length = bytes.count > 2 && bytes[1] == 0x24 && [0x28, 0x29].contains(bytes[2]) ? 4 : 3
        guard length + 6 <= end else { return }
        add(Array(bytes[length..<end]), .characterSet, identifier)
    }

    private mutating func addWide(_ text: String, _ identifier: SubjectIdentifiers.Identifier) {
        let units = Array(text.utf16)
        let big = units.flatMap { [UInt8(truncatingIfNeeded: $0 >> 8), UInt8(truncatingIfNeeded: $0)] }
        let little = units.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
        add(big, .utf16, identifier)
        add(little, .utf16, identifier)
        let bytes = Array(text.utf8)
        for start in 0...1 where bytes.count - start >= 6 {
            let pairs = stride(from: start, to: bytes.count - 1, by: 2)
            add(pairs.flatMap { [bytes[$0 + 1], bytes[$0]] }, .swapped, identifier)
        }
    }

    /// The characters that base 64 has for the bytes wherever they begin in a group of three.
    private mutating func addBase64(_ bytes: [UInt8], _ identifier: SubjectIdentifiers.Identifier) {
        guard (5...Self.longest / 2).contains(bytes.count) else { return }
        for phase in 0...2 {
            let skipped = (phase * 8 + 5) / 6
            let whole = (phase + bytes.count) * 8 / 6
            let characters = Base64Text.encode(Array(repeating: 0, count: phase) + bytes)
            add(Array(characters[skipped..<whole]), .base64, identifier)
        }
    }

    private mutating func add(_ bytes: [UInt8], _ form: LeakForm, _ identifier: SubjectIdentifiers.Identifier) {
        guard bytes.count >= Self.shortest else { return }
        let folded = bytes.suffix(Self.longest).map(BytePatternTable.fold)
        guard known.insert(folded).inserted else { return }
        patterns.append(BytePattern(bytes: folded, form: form, kind: identifier.kind, tag: identifier.tag))
    }

    // MARK: Words

    private static func words(of text: String) -> [String] {
        text.unicodeScalars.split { scalar in
            SearchableText.kind(of: scalar.value) == .other && !(0x0300...0x036F).contains(scalar.value)
        }.map { String($0) }
    }

    private static func isTelling(_ word: String) -> Bool {
        isDense(word)
            ? word.unicodeScalars.count >= 2 : word.utf8.count >= 4 && !CommonWords.contains(FoldedText.fold(word))
    }

    private static func isDense(_ word: String) -> Bool {
        word.unicodeScalars.first.map { isDense($0) } ?? false
    }

    private static func isDense(_ scalar: Unicode.Scalar) -> Bool {
        SearchableText.kind(of: scalar.value) == .dense || (0xFF66...0xFF9F).contains(scalar.value)
    }

    /// Whether the digits count up or down, as they do in the tables of every JPEG stream.
    private static func isSeries(_ digits: [UInt32]) -> Bool {
        guard digits.count > 1 else { return true }
        let steps = Set(zip(digits, digits.dropFirst()).map { Int($1) - Int($0) })
        return steps.count == 1
    }
}

/// The characters of base 64 (RFC 4648 4), without padding.
enum Base64Text {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func encode(_ bytes: [UInt8]) -> [UInt8] {
        var characters: [UInt8] = []
        var bits: UInt32 = 0
        var count: UInt32 = 0
        for byte in bytes {
            bits = bits << 8 | UInt32(byte)
            count += 8
            while count >= 6 {
                count -= 6
                characters.append(alphabet[Int(bits >> count & 63)])
            }
        }
        if count > 0 { characters.append(alphabet[Int(bits << (6 - count) & 63)]) }
        return characters
    }
}
