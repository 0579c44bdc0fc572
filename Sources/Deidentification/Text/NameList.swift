import DICOMCore

/// Names that are taken out of text whoever the patient is.
///
/// There is no list of names that may be shipped and is long enough, so the caller fills it from a file of the place where
/// the objects come from. Common words of the built-in list are left in the text although they are names, too.
public struct NameList: Sendable, Hashable {
    private let words: Set<String>

    /// No names.
    public static let empty = NameList(lines: "")

    /// The shortest name: of two letters, too many are abbreviations.
    static let shortest = 3

    /// Reads names, one or more words a line; lines that begin with `#` are comments.
    public init(lines text: String) {
        var words: Set<String> = []
        for line in text.utf8.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }) where line.first != 0x23 {
            var word = String.UnicodeScalarView()
            for scalar in (FoldedText.fold(String(Substring(line))) + " ").unicodeScalars {
                if SearchableText.kind(of: scalar.value) != .other {
                    word.append(scalar)
                    continue
                }
                let text = String(word)
                if word.count >= Self.shortest, !CommonWords.contains(text) { words.insert(text) }
                word = String.UnicodeScalarView()
            }
        }
        self.words = words
    }

    /// How many names there are.
    public var count: Int { words.count }

    func contains(_ word: String) -> Bool { words.contains(word) }
}
