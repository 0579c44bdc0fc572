/// Finds what identifies somebody by its form.
///
/// Each pattern is a few comparisons at each place, so the work is linear. Where a form may also be a size, a position or a
/// version, a label or a stricter form is asked for.
struct PatternFinder {
    /// A place where a pattern fits: bytes of the text.
    struct Match: Hashable {
        let pattern: TextPattern
        let range: Range<Int>
    }

    /// Letters and digits without anything between them.
    struct Word {
        /// Places among the characters of the text.
        let first: Int
        let last: Int
        let digitCount: Int

        var count: Int { last - first + 1 }
    }

    let text: SearchableText
    let words: [Word]
    private(set) var matches: [Match] = []

    /// All matches in a piece of text.
    static func matches(
        in text: SearchableText,
        _ dates: [DateFinder.Found],
        _ patterns: TextPatterns
    ) -> [Match] {
        var finder = PatternFinder(text)
        if patterns.contains(.date) { finder.findDates(dates) }
        if patterns.contains(.email) { finder.findEmail() }
        if patterns.contains(.url) { finder.findURLs() }
        if patterns.contains(.ipAddress) { finder.findIPAddresses() }
        if patterns.contains(.telephone) { finder.findTelephones() }
        if patterns.contains(.nationalID) { finder.findNationalIDs() }
        if patterns.contains(.address) { finder.findAddresses() }
        if patterns.contains(.organisation) { finder.findOrganisations() }
        finder.findLabelled(patterns)
        return finder.matches
    }

    private init(_ text: SearchableText) {
        self.text = text
        var words: [Word] = []
        var first: Int?
        var digits = 0
        for (place, symbol) in text.symbols.enumerated() {
            if symbol.kind == .other {
                if let start = first { words.append(Word(first: start, last: place - 1, digitCount: digits)) }
                first = nil
                digits = 0
            } else {
                first = first ?? place
                if symbol.kind == .digit { digits += 1 }
            }
        }
        if let first { words.append(Word(first: first, last: text.symbols.count - 1, digitCount: digits)) }
        self.words = words
    }

    // MARK: Characters

    var count: Int { text.symbols.count }

    /// The character at a place; 0 outside of the text.
    func at(_ place: Int) -> UInt32 { text.symbols.indices.contains(place) ? text.symbols[place].scalar : 0 }

    func kind(_ place: Int) -> SearchableText.Kind {
        text.symbols.indices.contains(place) ? text.symbols[place].kind : .other
    }

    func isDigit(_ place: Int) -> Bool { kind(place) == .digit && (0x30...0x39).contains(at(place)) }

    func isAlphanumeric(_ place: Int) -> Bool { kind(place) != .other }

    /// How many digits stand from a place on.
    func digitCount(from place: Int, limit: Int = 20) -> Int {
        var count = 0
        while count < limit, isDigit(place + count) { count += 1 }
        return count
    }

    func number(from place: Int, _ count: Int) -> Int {
        (place..<place + min(count, 9)).reduce(0) { $0 * 10 + Int(at($1)) - 0x30 }
    }

    /// The word as text; empty when it is longer than any that is looked for.
    func string(_ word: Word) -> String {
        guard word.count <= 20 else { return "" }
        return IdentifierTerms.string(text.symbols[word.first...word.last].lazy.map(\.scalar))
    }

    mutating func add(_ pattern: TextPattern, _ first: Int, _ last: Int) {
        guard first >= 0, first <= last, last < count, text.isWhole(first, last) else { return }
        matches.append(Match(pattern: pattern, range: text.symbols[first].start..<text.symbols[last].end))
    }

    // MARK: Dates and addresses of computers

    private mutating func findDates(_ dates: [DateFinder.Found]) {
        for date in dates where date.isCertain { matches.append(Match(pattern: .date, range: date.range)) }
    }

    private mutating func findEmail() {
        for place in 0..<count where at(place) == 0x40 {
            var first = place
            while place - first < 64,
                isAlphanumeric(first - 1) || [0x2E, 0x5F, 0x25, 0x2B, 0x2D].contains(at(first - 1))
            {
                first -= 1
            }
            var last = place
            var hasDot = false
            while last - place < 255, isAlphanumeric(last + 1) || [0x2E, 0x2D].contains(at(last + 1)) {
                last += 1
                if at(last) == 0x2E { hasDot = true }
            }
            while last > place, !isAlphanumeric(last) { last -= 1 }
            if first < place, last > place + 1, hasDot { add(.email, first, last) }
        }
    }

    private mutating func findURLs() {
        var place = 0
        while place < count {
            let isScheme = at(place) == 0x3A && at(place + 1) == 0x2F && at(place + 2) == 0x2F
            let isServer =
                at(place) == 0x77 && at(place + 1) == 0x77 && at(place + 2) == 0x77 && at(place + 3) == 0x2E
                && !isAlphanumeric(place - 1)
            guard isScheme || isServer else {
                place += 1
                continue
            }
            var first = place
            while isScheme, place - first < 12, kind(first - 1) == .letter { first -= 1 }
            var last = place
            while last + 1 < count, at(last + 1) > 0x20, ![0x22, 0x27, 0x3C, 0x3E, 0x60, 0xA0].contains(at(last + 1)) {
                last += 1
            }
            add(.url, first, last)
            place = last + 1
        }
    }

    private mutating func findIPAddresses() {
        for word in words where word.digitCount > 0 && isDigit(word.first) && word.count <= 3 {
            guard at(word.first - 1) != 0x2E, at(word.first - 1) != 0x3A else { continue }
            var place = word.first
            var parts = 0
            while parts < 4 {
                let digits = digitCount(from: place, limit: 4)
                guard (1...3).contains(digits), number(from: place, digits) <= 255 else { break }
                parts += 1
                place += digits
                guard at(place) == 0x2E, parts < 4 else { break }
                place += 1
            }
            // Five numbers with dots are a UID or the like.
            let goesOn = isAlphanumeric(place) || at(place) == 0x2E && isDigit(place + 1)
            if parts == 4, !goesOn { add(.ipAddress, word.first, place - 1) }
        }
        findIPv6()
    }

    /// Eight groups of hexadecimal digits, or fewer with `::` between them.
    private mutating func findIPv6() {
        var place = 0
        while place < count {
            let start = place
            var colons = 0
            var hasDouble = false
            var digits = 0
            while isHexadecimal(place) || at(place) == 0x3A {
                if at(place) == 0x3A {
                    colons += 1
                    if at(place + 1) == 0x3A { hasDouble = true }
                } else {
                    digits += 1
                }
                place += 1
            }
            let isWhole = !isAlphanumeric(start - 1) && !isAlphanumeric(place)
            if isWhole, digits >= 3, colons == 7 || hasDouble && (2...7).contains(colons) {
                add(.ipAddress, start, place - 1)
            }
            place = max(place, start + 1)
        }
    }

    private func isHexadecimal(_ place: Int) -> Bool {
        isDigit(place) || (0x61...0x66).contains(at(place))
    }
}
