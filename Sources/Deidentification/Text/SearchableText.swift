import DICOMCore

/// A piece of text in the form in which identifiers are looked for, with the way back to the original.
///
/// Folded as names are for queries: without case, accents and width; digits of all scripts are those of ASCII. Letters and
/// digits stand beside each other whatever was between them, and how much that was is known for each.
struct SearchableText {
    /// What a character is.
    enum Kind: UInt8 {
        /// Blank, punctuation, sign.
        case other
        case letter
        case digit
        /// A letter of a script that does not separate words: ideographs, Kana, Hangul, Thai and others.
        case dense
    }

    /// A folded character.
    struct Symbol {
        let scalar: UInt32
        /// Bytes from the beginning of the original text to what it was made of.
        let start: Int
        let end: Int
        let kind: Kind
        let isUppercase: Bool
    }

    /// Bytes that are looked at together.
    ///
    /// A longer text is cut into pieces that overlap, so that memory does not grow with it.
    static let pieceLength = 32 << 10
    /// Bytes of a piece that are looked at again with the next one; longer than anything that is looked for.
    static let overlap = 1 << 10

    /// All characters.
    private(set) var symbols: [Symbol] = []
    /// The places of letters and digits among them.
    private(set) var letters: [Int] = []
    /// For each letter, how many gaps lie in front of it in all, how many longer than one and than three characters.
    private(set) var gaps: [Gaps] = []
    /// Whether it is the first piece of its text, and the last.
    let isFirst: Bool
    let isLast: Bool

    struct Gaps {
        var any: Int32 = 0
        var overOne: Int32 = 0
        var overThree: Int32 = 0
    }

    /// Reads bytes of a text, which begin and end between characters.
    init(_ bytes: Substring.UTF8View, at offset: Int, isFirst: Bool, isLast: Bool) {
        self.isFirst = isFirst
        self.isLast = isLast
        symbols.reserveCapacity(bytes.count)
        letters.reserveCapacity(bytes.count)
        gaps.reserveCapacity(bytes.count)
        if bytes.allSatisfy({ $0 < 0x80 }) {
            var place = offset
            for byte in bytes {
                let isUppercase = (0x41...0x5A).contains(byte)
                append(UInt32(isUppercase ? byte + 0x20 : byte), place, place + 1, isUppercase)
                place += 1
            }
        } else {
            fold(bytes, at: offset)
        }
        countGaps()
    }

    /// A whole text as one piece.
    init(_ text: String) {
        self.init(Substring(text).utf8, at: 0, isFirst: true, isLast: true)
    }

    /// Calls with one piece of a text after the other.
    static func forEachPiece(of text: String, _ body: (SearchableText) -> Void) {
        let utf8 = Substring(text).utf8
        var start = utf8.startIndex
        var offset = 0
        while true {
            let rest = utf8[start...]
            let end = boundary(in: rest, near: pieceLength)
            body(SearchableText(rest[..<end], at: offset, isFirst: offset == 0, isLast: end == utf8.endIndex))
            guard end < utf8.endIndex else { return }
            let next = boundary(in: rest, near: pieceLength - overlap)
            offset += utf8.distance(from: start, to: next)
            start = next
        }
    }

    /// The place between two characters that is nearest before so many bytes.
    private static func boundary(in bytes: Substring.UTF8View, near count: Int) -> Substring.UTF8View.Index {
        guard var place = bytes.index(bytes.startIndex, offsetBy: count, limitedBy: bytes.endIndex) else {
            return bytes.endIndex
        }
        while place > bytes.startIndex, place < bytes.endIndex, bytes[place] & 0xC0 == 0x80 {
            place = bytes.index(before: place)
        }
        return place
    }

    private mutating func fold(_ bytes: Substring.UTF8View, at offset: Int) {
        var place = offset
        let scalars = Array(Substring(bytes).unicodeScalars)
        var index = 0
        while index < scalars.count {
            let scalar = scalars[index]
            let start = place
            place += scalar.utf8.count
            index += 1
            if scalar.isASCII {
                let isUppercase = (0x41...0x5A).contains(scalar.value)
                append(isUppercase ? scalar.value + 0x20 : scalar.value, start, place, isUppercase)
                continue
            }
            var cluster = String(Character(scalar))
            // A mark of voice belongs to the Kana before it.
            while index < scalars.count, [0x3099, 0x309A, 0xFF9E, 0xFF9F].contains(scalars[index].value) {
                cluster.unicodeScalars.append(scalars[index])
                place += scalars[index].utf8.count
                index += 1
            }
            let folded = FoldedText.fold(cluster)
            // What folds to nothing is an accent: it belongs to the letter before it.
            if folded.unicodeScalars.isEmpty { extendLast(to: place) }
            for character in folded.unicodeScalars {
                append(Self.digit(character) ?? character.value, start, place, scalar.properties.isUppercase)
            }
        }
    }

    private mutating func extendLast(to end: Int) {
        guard let last = symbols.popLast() else { return }
        symbols.append(
            Symbol(scalar: last.scalar, start: last.start, end: end, kind: last.kind, isUppercase: last.isUppercase)
        )
    }

    private mutating func append(_ scalar: UInt32, _ start: Int, _ end: Int, _ isUppercase: Bool) {
        let kind = Self.kind(of: scalar)
        if kind != .other { letters.append(symbols.count) }
        symbols.append(Symbol(scalar: scalar, start: start, end: end, kind: kind, isUppercase: isUppercase))
    }

    private mutating func countGaps() {
        var counts = Gaps()
        var before: Int?
        for place in letters {
            let length = before.map { place - $0 - 1 } ?? 0
            if length > 0 { counts.any += 1 }
            if length > 1 { counts.overOne += 1 }
            if length > 3 { counts.overThree += 1 }
            gaps.append(counts)
            before = place
        }
    }

    private static func digit(_ scalar: Unicode.Scalar) -> UInt32? {
        switch scalar.value {
        // Arabic, Persian, Devanagari, Bengali, Thai.
        case 0x0660...0x0669: scalar.value - 0x0660 + 0x30
        case 0x06F0...0x06F9: scalar.value - 0x06F0 + 0x30
        case 0x0966...0x096F: scalar.value - 0x0966 + 0x30
        case 0x09E6...0x09EF: scalar.value - 0x09E6 + 0x30
        case 0x0E50...0x0E59: scalar.value - 0x0E50 + 0x30
        default: nil
        }
    }

    static func kind(of scalar: UInt32) -> Kind {
        switch scalar {
        case 0x61...0x7A, 0x41...0x5A: return .letter
        case 0x30...0x39: return .digit
        case 0..<0x80: return .other
        case 0x3005, 0x3007, 0x3041...0x3096, 0x309D...0x309F, 0x30A1...0x30FA, 0x30FC...0x30FF, 0x3105...0x318E,
            0x31A0...0x31BF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xAC00...0xD7A3, 0x1100...0x11FF, 0xF900...0xFAFF,
            0x0E01...0x0E3A, 0x0E40...0x0E4E, 0x0E81...0x0EDD, 0x1000...0x104F, 0x1780...0x17D3, 0x20000...0x3FFFF:
            return .dense
        // What could not be decoded stands for a letter.
        case 0xFFFD: return .letter
        default:
            guard let properties = Unicode.Scalar(scalar)?.properties else { return .other }
            switch properties.generalCategory {
            case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .nonspacingMark,
                .spacingMark, .letterNumber:
                return .letter
            case .decimalNumber: return .digit
            default: return .other
            }
        }
    }
}

extension SearchableText {
    /// Whether characters are whole in this piece: what touches a cut is looked at with the next piece, or was with the one
    /// before.
    func isWhole(_ first: Int, _ last: Int) -> Bool {
        (isFirst || first > 0) && (isLast || last + 1 < symbols.count)
    }

    /// The character of the letter at a place of ``letters``.
    func symbol(_ letter: Int) -> Symbol { symbols[letters[letter]] }

    /// How many characters lie between a letter and the one before it.
    func gap(before letter: Int) -> Int {
        letter > 0 ? letters[letter] - letters[letter - 1] - 1 : Int.max
    }

    /// Whether a word may begin with that letter.
    func beginsWord(_ letter: Int) -> Bool {
        guard letter > 0 else { return true }
        guard gap(before: letter) == 0 else { return true }
        let before = symbol(letter - 1)
        let this = symbol(letter)
        if before.kind != this.kind || this.kind == .dense { return true }
        return this.kind == .letter && this.isUppercase && !before.isUppercase
    }

    /// Whether a word may end with that letter.
    func endsWord(_ letter: Int) -> Bool {
        letter + 1 >= letters.count || beginsWord(letter + 1)
    }
}

extension Unicode.Scalar {
    /// Bytes of the character in UTF-8.
    fileprivate var utf8: Unicode.UTF8.EncodedScalar {
        Unicode.UTF8.encode(self) ?? Unicode.UTF8.encodedReplacementCharacter
    }
}
