/// Text without what names are compared without: case, accents and width.
///
/// `Ｍüller` becomes `muller`, `ﾔﾏﾀﾞ` becomes `ヤマダ`. Hiragana and Katakana stay apart, and so do voiced and unvoiced
/// Kana: they are other sounds, not other forms of writing. Folding what was folded changes nothing.
package enum FoldedText {
    private static let letters: [Unicode.Scalar: String] = {
        var letters: [Unicode.Scalar: String] = [:]
        for line in FoldingTable.letters.split(separator: "\n") {
            let parts = line.unicodeScalars.split(separator: " ", maxSplits: 1)
            guard let base = parts.first, let forms = parts.last, parts.count == 2 else { continue }
            for form in forms { letters[form] = String(base) }
        }
        for (place, base) in FoldingTable.halfwidthKatakana.unicodeScalars.enumerated() {
            if let form = Unicode.Scalar(0xFF61 + UInt32(place)) { letters[form] = String(Character(base)) }
        }
        for (place, codePoint) in FoldingTable.ideographs.enumerated() where codePoint != 0 {
            if let form = Unicode.Scalar(0xF900 + UInt32(place)), let base = Unicode.Scalar(codePoint) {
                letters[form] = String(Character(base))
            }
        }
        return letters
    }()

    private static let voiced = pairs(FoldingTable.voiced)
    private static let semiVoiced = pairs(FoldingTable.semiVoiced)

    private static func pairs(_ text: String) -> [Unicode.Scalar: Unicode.Scalar] {
        let scalars = Array(text.unicodeScalars)
        let places = stride(from: 0, to: scalars.count - 1, by: 2)
        return Dictionary(places.map { (scalars[$0], scalars[$0 + 1]) }, uniquingKeysWith: { first, _ in first })
    }

    /// The text as names are compared.
    ///
    /// Wild cards and the delimiters of names are what they were: their wide forms are other characters.
    package static func fold(_ text: String) -> String {
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return text.lowercased() }
        var folded = String.UnicodeScalarView()
        for scalar in text.lowercased().unicodeScalars {
            if scalar.isASCII {
                folded.append(scalar)
                continue
            }
            switch scalar.value {
            case 0x3099, 0xFF9E: join(voiced, mark: "\u{3099}", to: &folded)
            case 0x309A, 0xFF9F: join(semiVoiced, mark: "\u{309A}", to: &folded)
            case _ where isMark(scalar): continue
            // Spaces that do not break, and those as wide as an ideograph.
            case 0xA0, 0x3000: folded.append(" ")
            case 0xFF01...0xFF5E: folded.append(narrow(scalar))
            default:
                if let base = letters[scalar] {
                    folded.append(contentsOf: base.unicodeScalars)
                } else {
                    folded.append(scalar)
                }
            }
        }
        return String(folded)
    }

    /// Joins a mark with the Kana before it, as they are nearly always written.
    private static func join(
        _ pairs: [Unicode.Scalar: Unicode.Scalar],
        mark: Unicode.Scalar,
        to folded: inout String.UnicodeScalarView
    ) {
        if let last = folded.last, let joined = pairs[last] {
            folded.removeLast()
            folded.append(joined)
        } else {
            folded.append(mark)
        }
    }

    private static func narrow(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        switch scalar.value - 0xFEE0 {
        // * ? = \ ^
        case 0x2A, 0x3F, 0x3D, 0x5C, 0x5E: scalar
        case let value: Unicode.Scalar(value) ?? scalar
        }
    }

    /// Accents, and the vowel signs of Hebrew and Arabic, that stand by themselves.
    private static func isMark(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x0300...0x036F, 0x0483...0x0487, 0x0591...0x05BD, 0x05BF, 0x05C1...0x05C2, 0x05C4...0x05C5, 0x05C7,
            0x0610...0x061A, 0x064B...0x065F, 0x0670, 0x1AB0...0x1ACE, 0x1DC0...0x1DFF, 0x20D0...0x20F0,
            0xFE20...0xFE2F:
            true
        default: false
        }
    }
}
