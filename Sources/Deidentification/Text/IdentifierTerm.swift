import DICOMCore

/// A form in which an identifier may stand in text.
struct IdentifierTerm: Sendable, Hashable {
    /// What stands between its letters, and where it begins and ends.
    enum Shape: Sendable, Hashable {
        /// One word: nothing in between, no letters beside it.
        case word
        /// Several words, in a row or joined.
        case phrase
        /// Several words that may be a word of another meaning when they are joined.
        case separatePhrase
        /// Letters and digits with single separators anywhere.
        case code
    }

    let letters: [UInt32]
    let shape: Shape
    let kind: IdentifierKind
    let tag: Tag

    /// Whether it says who it is by itself: a single word may be a word of another meaning, however rarely.
    var isTelling: Bool {
        switch shape {
        case .word: false
        case .phrase, .separatePhrase: true
        case .code: letters.count >= 6
        }
    }
}

/// All forms of all identifiers of a patient.
///
/// Short and common forms are left out, so that useful text stays: a word has three letters at least and is no common word,
/// a number five digits, another code four characters with a digit among them, and neither is one character repeated. Of
/// scripts without spaces two characters are a word.
struct IdentifierTerms {
    private(set) var terms: [IdentifierTerm] = []
    private(set) var dates: [DICOMDate: SubjectIdentifiers.Identifier] = [:]
    private(set) var uids: [String: SubjectIdentifiers.Identifier] = [:]
    private var known: Set<[UInt32]> = []

    /// Parts of a name that are looked at; nobody has more.
    private static let wordLimit = 6

    init(_ identifiers: SubjectIdentifiers) {
        for identifier in identifiers.identifiers {
            switch identifier.kind {
            case .patientName, .personName: addName(identifier)
            case .patientID, .identifier: addCode(identifier, shortest: 4)
            case .device, .station, .applicationEntity: addCode(identifier, shortest: 5)
            case .institution, .address: addPhrases(identifier)
            case .telephone: addTelephone(identifier)
            case .birthDate, .date: addDate(identifier)
            case .uid: if let uid = UID(identifier.text), uid.string.utf8.count >= 8 { uids[uid.string] = identifier }
            }
        }
    }

    // MARK: Names

    private mutating func addName(_ identifier: SubjectIdentifiers.Identifier) {
        for group in PersonName(identifier.text).groups where !group.isEmpty {
            for spelling in Spellings.of(group) {
                // The prefix and the suffix are titles.
                let components = NameComponents(spelling).all.prefix(3)
                let words = components.map { Self.words(of: $0).filter { !Titles.contains($0) } }
                addName(words.filter { !$0.isEmpty }, identifier)
            }
        }
    }

    private mutating func addName(_ components: [[[UInt32]]], _ identifier: SubjectIdentifiers.Identifier) {
        for component in components where component.count > 1 {
            add(component.flatMap(\.self), .phrase, identifier)
        }
        let words = Array(components.joined().prefix(Self.wordLimit))
        for word in words where Self.isTelling(word) { add(word, .word, identifier) }
        if words.count > 2 {
            add(words.flatMap(\.self), .phrase, identifier)
            if let family = components.first {
                add((components.dropFirst().joined() + family).flatMap(\.self), .phrase, identifier)
            }
        }
        for (place, first) in words.enumerated() {
            for (otherPlace, second) in words.enumerated() where place != otherPlace {
                addPair(first, second, identifier)
            }
        }
    }

    /// Two parts of a name, and an initial with a part, in this order and, for the initial, in the other one.
    private mutating func addPair(_ first: [UInt32], _ second: [UInt32], _ identifier: SubjectIdentifiers.Identifier) {
        let isDense = first.allSatisfy { SearchableText.kind(of: $0) == .dense }
        let count = first.count + second.count
        if count >= (isDense ? 2 : 4), first.count > 1 || isDense, second.count > 1 || isDense {
            add(first + second, count < 6 && !isDense ? .separatePhrase : .phrase, identifier)
        }
        guard !isDense, let initial = first.first, Self.isTelling(second) else { return }
        add([initial] + second, .separatePhrase, identifier)
        add(second + [initial], .separatePhrase, identifier)
    }

    /// Whether a word may be taken for a name when it stands alone.
    private static func isTelling(_ word: [UInt32]) -> Bool {
        guard let first = word.first else { return false }
        if SearchableText.kind(of: first) == .dense { return word.count >= 2 }
        return word.count >= NameList.shortest && !CommonWords.contains(string(word))
    }

    // MARK: Codes

    private mutating func addCode(_ identifier: SubjectIdentifiers.Identifier, shortest: Int) {
        let words = Self.words(of: identifier.text)
        let letters = words.flatMap(\.self)
        guard letters.contains(where: Self.isDigit) else {
            if words.count == 1, letters.count >= shortest, Self.isTelling(letters) {
                add(letters, .word, identifier)
            } else if letters.count >= 6, words.contains(where: Self.isTelling) {
                add(letters, .phrase, identifier)
            }
            return
        }
        if letters.count >= shortest { addCode(letters, identifier) }
        // The number inside: `PAT-0012345` is also `0012345`, and `12345`.
        for run in letters.split(whereSeparator: { !Self.isDigit($0) }) {
            if run.count >= 6 { addCode(Array(run), identifier) }
            let withoutZeros = Array(run.drop { $0 == 0x30 })
            if withoutZeros.count >= 5 { addCode(withoutZeros, identifier) }
        }
    }

    private mutating func addCode(_ letters: [UInt32], _ identifier: SubjectIdentifiers.Identifier) {
        let isNumber = letters.allSatisfy(Self.isDigit)
        guard letters.count >= (isNumber ? 5 : 4), Set(letters).count > 1 else { return }
        add(letters, .code, identifier)
    }

    private mutating func addTelephone(_ identifier: SubjectIdentifiers.Identifier) {
        let words = Self.words(of: identifier.text)
        let digits = words.flatMap(\.self).filter(Self.isDigit)
        guard digits.count >= 6 else {
            addPhrases(identifier)
            return
        }
        add(digits, .phrase, identifier)
        // Without the prefix of the country, with a zero in its place, and without that of the place.
        if identifier.text.utf8.contains(0x2B) || digits.starts(with: [0x30, 0x30]) {
            for prefix in 1...5 where digits.count - prefix >= 7 {
                add([0x30] + digits.dropFirst(prefix), .phrase, identifier)
            }
        }
        if digits.count >= 10 { add(Array(digits.suffix(7)), .phrase, identifier) }
    }

    // MARK: Phrases

    private mutating func addPhrases(_ identifier: SubjectIdentifiers.Identifier) {
        let parts = identifier.text.utf8
            .split { [0x2C, 0x3B, 0x0A, 0x0D, 0x7C].contains($0) }
            .map { String(Substring($0)) }
        for spelling in (parts.count > 1 ? [identifier.text] + parts : [identifier.text]).flatMap(Spellings.of) {
            let words = Self.words(of: spelling)
            let letters = words.flatMap(\.self)
            let isTelling = words.contains { Self.isTelling($0) && !($0.allSatisfy(Self.isDigit) && $0.count < 5) }
            if words.count > 1, letters.count >= 6, isTelling { add(letters, .phrase, identifier) }
            for word in words {
                let isNumber = word.allSatisfy(Self.isDigit)
                let isDense = word.first.map { SearchableText.kind(of: $0) == .dense } == true
                guard word.count >= (isDense ? 3 : words.count == 1 ? 4 : 5), Self.isTelling(word) else { continue }
                if isNumber { addCode(word, identifier) } else { add(word, .word, identifier) }
            }
        }
    }

    // MARK: Dates

    private mutating func addDate(_ identifier: SubjectIdentifiers.Identifier) {
        let text = identifier.text
        guard let value = DICOMDateTime(text), let month = value.month, let day = value.day else {
            if let date = DICOMDate(text), !PlaceholderDates.contains(date) { dates[date] = dates[date] ?? identifier }
            return
        }
        guard let date = DICOMDate(year: value.year, month: month, day: day), !PlaceholderDates.contains(date) else {
            return
        }
        // A birth date is told before other dates.
        if dates[date] == nil || identifier.kind == .birthDate { dates[date] = identifier }
    }

    // MARK: Letters

    private mutating func add(
        _ letters: [UInt32],
        _ shape: IdentifierTerm.Shape,
        _ identifier: SubjectIdentifiers.Identifier
    ) {
        guard known.insert(letters).inserted else { return }
        terms.append(IdentifierTerm(letters: letters, shape: shape, kind: identifier.kind, tag: identifier.tag))
    }

    private static func isDigit(_ scalar: UInt32) -> Bool { (0x30...0x39).contains(scalar) }

    /// The folded words of a text: letters and digits without anything between them.
    static func words(of text: String) -> [[UInt32]] {
        SearchableText(text).symbols.split { $0.kind == .other }.map { $0.map(\.scalar) }
    }

    static func string(_ letters: some Sequence<UInt32>) -> String {
        var text = String.UnicodeScalarView()
        for letter in letters {
            if let scalar = Unicode.Scalar(letter) { text.append(scalar) }
        }
        return String(text)
    }
}

/// Dates that stand for none.
enum PlaceholderDates {
    private static let dates: Set<String> = [
        "00010101", "11111111", "18991230", "18991231", "19000101", "19700101", "99991231",
    ]

    static func contains(_ date: DICOMDate) -> Bool { dates.contains(date.string) }
}

/// Words in front of a name that are no part of it.
enum Titles {
    static func contains(_ word: [UInt32]) -> Bool { words.contains(IdentifierTerms.string(word)) }

    private static let words: Set<String> = [
        "dr", "prof", "med", "mr", "mrs", "ms", "miss", "sir", "herr", "frau", "hr", "fr", "mme", "mlle", "sig", "sra",
        "dott",
        "ing", "dipl", "phd", "md", "rn", "jr", "rev", "capt", "col", "sgt", "lt", "gen", "pd", "priv", "doz", "rt",
    ]
}

/// Other ways to write the letters of a name that fold to others.
enum Spellings {
    private static let expansions: [Unicode.Scalar: String] = [
        "ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe", "Ä": "ae", "Ö": "oe", "Ü": "ue", "Å": "aa", "Ø": "oe",
    ]

    /// The text, and as it is written where there are no umlauts, and the other way round; Kana of both kinds.
    static func of(_ text: String) -> [String] {
        if text.utf8.allSatisfy({ $0 < 0x80 }) {
            let folded = text.lowercased()
            let contracted = contracted(folded)
            return contracted == folded ? [text] : [text, contracted]
        }
        return [text] + [expanded(text), withOtherKana(text)].filter { !$0.utf8.elementsEqual(text.utf8) }
    }

    private static func expanded(_ text: String) -> String {
        var expanded = String.UnicodeScalarView()
        var previous: Unicode.Scalar?
        for scalar in text.unicodeScalars {
            // An umlaut may be written as a letter with a mark.
            if scalar.value == 0x0308, let letter = previous, "aouAOU".unicodeScalars.contains(letter) {
                expanded.append("e")
            } else if let expansion = expansions[scalar] {
                expanded.append(contentsOf: expansion.unicodeScalars)
            } else {
                expanded.append(scalar)
            }
            previous = scalar
        }
        return String(expanded)
    }

    /// Hiragana as Katakana and the other way round: one reading is written in both.
    private static func withOtherKana(_ text: String) -> String {
        var other = String.UnicodeScalarView()
        for scalar in FoldedText.fold(text).unicodeScalars {
            switch scalar.value {
            case 0x3041...0x3096: other.append(Unicode.Scalar(scalar.value + 0x60) ?? scalar)
            case 0x30A1...0x30F6: other.append(Unicode.Scalar(scalar.value - 0x60) ?? scalar)
            default: other.append(scalar)
            }
        }
        return other.contains { (0x3041...0x30F6).contains($0.value) } ? String(other) : text
    }

    private static func contracted(_ text: String) -> String {
        var result: [UInt8] = []
        for byte in text.utf8 {
            if byte == 0x65, let last = result.last, [0x61, 0x6F, 0x75].contains(last) { continue }
            result.append(byte)
        }
        return String(decoding: result, as: UTF8.self)
    }
}
