/// Takes out of text what identifies somebody: the patient's own identifiers, names of a list, and what tells itself by its
/// form.
///
/// Made once for a patient, used for every text of the patient's objects. The work is linear in the length of a text.
/// Cleaning what was cleaned changes nothing.
public struct TextCleaner: Sendable {
    /// What stands in the place of each part that was taken out: visible, and in every character set.
    public static let replacement = "***"

    private let matcher: IdentifierSearch
    private let names: NameList
    private let patterns: TextPatterns

    /// What is left may, joined anew, be an identifier again; so often that is looked for before the whole text goes.
    private static let roundLimit = 6

    /// Makes a cleaner.
    ///
    /// - Parameters:
    ///   - identifiers: Of the object, or of all objects of the patient, without the kinds that the profile retains.
    ///   - names: Names that go whoever the patient is.
    ///   - patterns: What goes by its form; without `.date` where dates are retained.
    public init(identifiers: SubjectIdentifiers, names: NameList = .empty, patterns: TextPatterns = .all) {
        matcher = IdentifierSearch(identifiers)
        self.names = names
        self.patterns = patterns
    }

    /// The text without what identifies somebody.
    public func clean(_ text: String) -> CleanedText {
        guard !text.isEmpty else { return CleanedText(text: text, removals: []) }
        let removals = removals(in: text)
        guard !removals.isEmpty else { return CleanedText(text: text, removals: []) }
        var cleaned = Self.replacing(removals, in: text)
        for _ in 1..<Self.roundLimit {
            let more = self.removals(in: cleaned)
            if more.isEmpty { return CleanedText(text: cleaned, removals: removals) }
            cleaned = Self.replacing(more, in: cleaned)
        }
        return CleanedText(text: Self.replacement, removals: removals)
    }

    /// What has to go, in order, without overlaps.
    private func removals(in text: String) -> [CleanedText.Removal] {
        var found: [CleanedText.Removal] = []
        SearchableText.forEachPiece(of: text) { piece in
            let dates = DateFinder.dates(in: piece)
            var inPiece: [CleanedText.Removal] = []
            matcher.forEachMatch(in: piece, dates) { match in
                inPiece.append(.init(reason: .identifier(match.kind), range: match.range))
            }
            if names.count > 0 { findListedNames(piece, &inPiece) }
            for match in PatternFinder.matches(in: piece, dates, patterns) {
                inPiece.append(.init(reason: .pattern(match.pattern), range: match.range))
            }
            found += Self.withTitles(Self.merged(inPiece), piece)
        }
        return Self.merged(found)
    }

    private func findListedNames(_ text: SearchableText, _ found: inout [CleanedText.Removal]) {
        for word in text.symbols.split(whereSeparator: { $0.kind == .other }) where word.count <= 40 {
            guard let first = word.first, let last = word.last, word.count >= NameList.shortest,
                text.isWhole(word.startIndex, word.endIndex - 1)
            else { continue }
            if names.contains(IdentifierTerms.string(word.lazy.map(\.scalar))) {
                found.append(.init(reason: .listedName, range: first.start..<last.end))
            }
        }
    }

    /// Joins parts that overlap or touch.
    private static func merged(_ removals: [CleanedText.Removal]) -> [CleanedText.Removal] {
        let sorted = removals.sorted {
            ($0.range.lowerBound, -$0.range.upperBound) < ($1.range.lowerBound, -$1.range.upperBound)
        }
        var merged: [CleanedText.Removal] = []
        for removal in sorted {
            guard let last = merged.last, removal.range.lowerBound <= last.range.upperBound else {
                merged.append(removal)
                continue
            }
            let end = max(last.range.upperBound, removal.range.upperBound)
            merged[merged.count - 1] = .init(reason: last.reason, range: last.range.lowerBound..<end)
        }
        return merged
    }

    /// A title in front of a name goes with it: it says who the patient is among few.
    private static func withTitles(
        _ removals: [CleanedText.Removal],
        _ text: SearchableText
    ) -> [CleanedText.Removal] {
        guard removals.contains(where: \.reason.isName) else { return removals }
        var words: [Int: (start: Int, isCapitals: Bool)] = [:]
        for word in text.symbols.split(whereSeparator: { $0.kind == .other }) {
            guard let first = word.first, let last = word.last, word.count <= 5 else { continue }
            guard first.isUppercase, Titles.contains(word.map(\.scalar)) else { continue }
            words[last.end] = (first.start, last.isUppercase)
        }
        return removals.map { removal in
            guard removal.reason.isName else { return removal }
            // A point and a blank, or one of them, lie between.
            for gap in 1...2 {
                // Without a point, MR and DR are modalities.
                guard let word = words[removal.range.lowerBound - gap], gap == 2 || !word.isCapitals else { continue }
                return .init(reason: removal.reason, range: word.start..<removal.range.upperBound)
            }
            return removal
        }
    }

    private static func replacing(_ removals: [CleanedText.Removal], in text: String) -> String {
        var result: [UInt8] = []
        let bytes = Array(text.utf8)
        var position = 0
        for removal in removals {
            result += bytes[position..<removal.range.lowerBound]
            result += replacement.utf8
            position = removal.range.upperBound
        }
        result += bytes[position...]
        return String(decoding: result, as: UTF8.self)
    }
}

extension TextRemovalReason {
    fileprivate var isName: Bool {
        switch self {
        case .identifier(let kind): kind == .patientName || kind == .personName
        case .listedName, .pattern(.titledName): true
        case .pattern: false
        }
    }
}
