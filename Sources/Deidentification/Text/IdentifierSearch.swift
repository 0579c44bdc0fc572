import DICOMCore

/// Finds a patient's identifiers in text, in any of the forms in which people write them.
struct IdentifierSearch: Sendable {
    /// A place where an identifier stands.
    struct Match: Sendable, Hashable {
        let kind: IdentifierKind
        /// The attribute that the identifier came from.
        let tag: Tag
        /// Bytes of the text.
        let range: Range<Int>
        /// Letters and digits that it has.
        let length: Int
        /// Whether it cannot be a word of another meaning.
        let isTelling: Bool
    }

    private let terms: [IdentifierTerm]
    private let automaton: TermAutomaton
    private let dates: [DICOMDate: SubjectIdentifiers.Identifier]
    private let uids: [String: SubjectIdentifiers.Identifier]

    /// From so many letters on a name is found inside of other words, too.
    private static let longWord = 8
    /// From so many characters on a code is found inside of longer ones, too.
    private static let longCode = 10

    init(_ identifiers: SubjectIdentifiers) {
        let made = IdentifierTerms(identifiers)
        terms = made.terms
        automaton = TermAutomaton(made.terms.map(\.letters))
        dates = made.dates
        uids = made.uids
    }

    /// Calls with each identifier in a text; they may overlap.
    func forEachMatch(in text: String, _ body: (Match) -> Void) {
        SearchableText.forEachPiece(of: text) { piece in
            forEachMatch(in: piece, DateFinder.dates(in: piece), body)
        }
    }

    /// Calls with each identifier in a piece of text.
    func forEachMatch(in text: SearchableText, _ found: [DateFinder.Found], _ body: (Match) -> Void) {
        findTerms(text, body)
        findDates(text, found, body)
        if !uids.isEmpty { findUIDs(text, body) }
    }

    /// Whether a date is one of the patient's, and which.
    func date(_ date: DICOMDate) -> SubjectIdentifiers.Identifier? { dates[date] }

    // MARK: Terms

    private func findTerms(_ text: SearchableText, _ body: (Match) -> Void) {
        guard !terms.isEmpty else { return }
        var state = TermAutomaton.start
        for last in text.letters.indices {
            automaton.advance(&state, text.symbol(last).scalar) { index, length in
                let term = terms[index]
                let first = last - length + 1
                guard first >= 0, text.isWhole(text.letters[first], text.letters[last]),
                    Self.fits(term, text, first, last)
                else { return }
                let start = term.shape == .code ? Self.start(ofCode: first, text) : first
                body(
                    Match(
                        kind: term.kind,
                        tag: term.tag,
                        range: text.symbol(start).start..<text.symbol(last).end,
                        length: length,
                        isTelling: term.isTelling
                    )
                )
            }
        }
    }

    private static func fits(_ term: IdentifierTerm, _ text: SearchableText, _ first: Int, _ last: Int) -> Bool {
        let before = text.gaps[first]
        let behind = text.gaps[last]
        switch term.shape {
        case .word:
            guard behind.any == before.any else { return false }
            if term.letters.count >= longWord { return true }
            return text.beginsWord(first) && (text.endsWord(last) || isGenitive(text, last))
        case .phrase, .separatePhrase:
            guard behind.overThree == before.overThree else { return false }
            if term.shape == .separatePhrase, behind.any == before.any { return false }
            return text.beginsWord(first) && (text.endsWord(last) || isGenitive(text, last))
        case .code:
            // `1.2.3.4.5` is not the number 12345.
            guard behind.overOne == before.overOne, Int(behind.any - before.any) * 2 < term.letters.count else {
                return false
            }
            if term.letters.count >= longCode { return true }
            return text.beginsWord(start(ofCode: first, text)) && text.endsWord(last)
        }
    }

    /// Whether an `s` follows that ends the word: Müllers Hand.
    private static func isGenitive(_ text: SearchableText, _ last: Int) -> Bool {
        last + 1 < text.letters.count && text.symbol(last + 1).scalar == 0x73 && text.gap(before: last + 1) == 0
            && text.endsWord(last + 1)
    }

    /// The first of the zeros in front of a number: they belong to it.
    private static func start(ofCode first: Int, _ text: SearchableText) -> Int {
        var place = first
        while !text.beginsWord(place), first - place < 16, text.symbol(place - 1).scalar == 0x30 { place -= 1 }
        return place
    }

    // MARK: Dates and UIDs

    private func findDates(_ text: SearchableText, _ found: [DateFinder.Found], _ body: (Match) -> Void) {
        guard !dates.isEmpty else { return }
        for date in found {
            guard let identifier = date.candidates.lazy.compactMap({ dates[$0] }).first else { continue }
            body(
                Match(
                    kind: identifier.kind,
                    tag: identifier.tag,
                    range: date.range,
                    length: date.letterCount,
                    isTelling: true
                )
            )
        }
    }

    private func findUIDs(_ text: SearchableText, _ body: (Match) -> Void) {
        var index = 0
        while index < text.symbols.count {
            guard Self.isOfUID(text.symbols[index]) else {
                index += 1
                continue
            }
            let start = index
            while index < text.symbols.count, Self.isOfUID(text.symbols[index]) { index += 1 }
            findUID(text, start..<index, body)
        }
    }

    private static func isOfUID(_ symbol: SearchableText.Symbol) -> Bool {
        (0x30...0x39).contains(symbol.scalar) || symbol.scalar == 0x2E
    }

    /// Looks up digits and dots, and their beginnings in front of a dot: a UID with something appended says the same.
    private func findUID(_ text: SearchableText, _ run: Range<Int>, _ body: (Match) -> Void) {
        guard run.count >= 8 else { return }
        var uid: [UInt8] = []
        for place in run.prefix(UID.lengthLimit + 1) {
            let byte = UInt8(truncatingIfNeeded: text.symbols[place].scalar)
            if byte == 0x2E, match(uid, text, run.lowerBound, place, body) { return }
            uid.append(byte)
        }
        if run.count <= UID.lengthLimit { _ = match(uid, text, run.lowerBound, run.upperBound, body) }
    }

    private func match(
        _ uid: [UInt8],
        _ text: SearchableText,
        _ start: Int,
        _ end: Int,
        _ body: (Match) -> Void
    ) -> Bool {
        guard uid.count >= 8, text.isWhole(start, end - 1),
            let identifier = uids[String(decoding: uid, as: UTF8.self)]
        else { return false }
        body(
            Match(
                kind: .uid,
                tag: identifier.tag,
                range: text.symbols[start].start..<text.symbols[end - 1].end,
                length: uid.count,
                isTelling: true
            )
        )
        return true
    }
}
