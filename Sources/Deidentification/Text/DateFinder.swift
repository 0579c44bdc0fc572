import DICOMCore

/// Finds dates in text, in the forms in which people and devices write them.
///
/// `20200115`, `2020-01-15`, `15.01.2020`, `01/15/20`, `15 January 2020`, `Jan 15, 2020`, `15. Januar`, `15JAN2020`,
/// `2020年1月15日` and the like, with the names of months in English, German, French, Spanish, Italian, Portuguese, Dutch,
/// Danish, Norwegian, Swedish, Finnish, Polish, Czech and Turkish.
struct DateFinder {
    /// A date in a text.
    struct Found: Hashable {
        /// Bytes of the text.
        let range: Range<Int>
        /// Letters and digits that it has.
        let letterCount: Int
        /// What it may mean: day and month may be exchanged, and two digits of a year belong to two centuries.
        let candidates: [DICOMDate]
        /// Whether it can be nothing but a date.
        ///
        /// Six digits in a row are one only when they are a date that is looked for.
        let isCertain: Bool
    }

    /// A run of letters or digits.
    struct Token {
        let kind: SearchableText.Kind
        /// Places among the letters of the text.
        let first: Int
        let last: Int

        var count: Int { last - first + 1 }
    }

    let text: SearchableText
    let tokens: [Token]

    /// All dates in a piece of text.
    static func dates(in text: SearchableText) -> [Found] {
        guard text.letters.contains(where: { text.symbols[$0].kind == .digit }) else { return [] }
        let finder = DateFinder(text)
        var found: [Found] = []
        var index = 0
        while index < finder.tokens.count {
            guard let (date, count) = finder.date(at: index) else {
                index += 1
                continue
            }
            found.append(date)
            // What is certain is not the beginning of another one.
            index += date.isCertain ? count : 1
        }
        return found
    }

    private init(_ text: SearchableText) {
        self.text = text
        var tokens: [Token] = []
        var first = 0
        for place in text.letters.indices {
            let next = place + 1
            let kind = text.symbol(place).kind
            if next == text.letters.count || text.gap(before: next) > 0 || text.symbol(next).kind != kind {
                tokens.append(Token(kind: kind, first: first, last: place))
                first = next
            }
        }
        self.tokens = tokens
    }

    /// The date that begins with a token, and how many tokens it takes.
    private func date(at index: Int) -> (Found, Int)? {
        switch tokens[index].kind {
        case .digit: compactDate(index) ?? numericDate(index) ?? ideographicDate(index) ?? dayMonth(index)
        case .letter: monthDay(index)
        case .dense: eraDate(index)
        case .other: nil
        }
    }

    // MARK: Numbers

    /// `20200115`, also with a time behind it, and six or eight digits in other orders.
    private func compactDate(_ index: Int) -> (Found, Int)? {
        let token = tokens[index]
        switch token.count {
        case 8, 12, 14, 17, 20:
            let yearFirst = date(number(token, 0, 4), number(token, 4, 2), number(token, 6, 2))
            let isRecent = yearFirst.map { (1_900...2_099).contains($0.year) } == true
            guard token.count == 8 else { return found(index, 1, [yearFirst], isCertain: isRecent) }
            let others = dates(number(token, 0, 2), number(token, 2, 2), number(token, 4, 4))
            return found(index, 1, [yearFirst] + others, isCertain: isRecent)
        case 6:
            let first = number(token, 0, 2)
            let middle = number(token, 2, 2)
            let last = number(token, 4, 2)
            let candidates =
                Self.years(last).flatMap { dates(first, middle, $0) } + Self.years(first).map { date($0, middle, last) }
            return found(index, 1, candidates, isCertain: false)
        default: return nil
        }
    }

    /// Three numbers with the same separator between them.
    private func numericDate(_ index: Int) -> (Found, Int)? {
        guard let first = digits(index), let second = digits(index + 1), let third = digits(index + 2),
            second.count <= 2, let separator = separator(before: index + 1),
            self.separator(before: index + 2) == separator,
            !isJoined(index, by: separator), !isJoined(index + 3, by: separator)
        else { return nil }
        let isSign = [0x2E, 0x2F, 0x2D].contains(separator)
        let middle = number(second)
        switch (first.count, third.count) {
        case (4, 1...2): return found(index, 3, [date(number(first), middle, number(third))], isCertain: isSign)
        case (1...2, 4):
            return found(index, 3, dates(number(first), middle, number(third)), isCertain: isSign)
        case (1...2, 2):
            let hasTwoDigits = first.count == 2 && second.count == 2
            let years = Self.years(number(third)).flatMap { dates(number(first), middle, $0) }
            let yearFirst = Self.years(number(first)).map { date($0, middle, number(third)) }
            return found(index, 3, years + yearFirst, isCertain: isSign && hasTwoDigits && years.contains { $0 != nil })
        default: return nil
        }
    }

    /// Whether a number stands there that the same separator joins with the one before it.
    private func isJoined(_ index: Int, by separator: UInt32) -> Bool {
        guard separator != 0x20, index > 0, digits(index) != nil, digits(index - 1) != nil else { return false }
        return self.separator(before: index) == separator
    }

    /// `2020年1月15日`, in Korean `2020년 1월 15일`.
    private func ideographicDate(_ index: Int) -> (Found, Int)? {
        guard let first = digits(index), first.count == 4 || first.count <= 2, let second = digits(index + 2),
            let third = digits(index + 4), let mark = sign(index + 1), [0x5E74, 0xB144].contains(mark),
            let month = sign(index + 3), [0x6708, 0xC6D4].contains(month)
        else { return nil }
        let years = first.count == 4 ? [number(first)] : Self.years(number(first))
        return found(index, 5, years.map { date($0, number(second), number(third)) }, isCertain: true, markEnds: true)
    }

    /// Years of Japanese eras: `令和2年1月15日`.
    private func eraDate(_ index: Int) -> (Found, Int)? {
        let token = tokens[index]
        guard token.count >= 2, let first = digits(index + 1), let second = digits(index + 3),
            let third = digits(index + 5), sign(index + 2) == 0x5E74, sign(index + 4) == 0x6708
        else { return nil }
        let era = [token.last - 1, token.last].map { text.symbol($0).scalar }
        let bases: [[UInt32]: Int] = [
            [0x4EE4, 0x548C]: 2_018, [0x5E73, 0x6210]: 1_988, [0x662D, 0x548C]: 1_925, [0x5927, 0x6B63]: 1_911,
            [0x660E, 0x6CBB]: 1_867,
        ]
        guard let base = bases[era] else { return nil }
        return found(
            index,
            6,
            [date(base + number(first), number(second), number(third))],
            isCertain: true,
            markEnds: true,
            eraLength: 2
        )
    }

    // MARK: Names of months

    /// `15 January 2020`, `15. Jan`, `15JAN20`, `15 de enero de 2020`.
    private func dayMonth(_ index: Int) -> (Found, Int)? {
        guard let first = digits(index), first.count <= 2, (1...31).contains(number(first)) else { return nil }
        var next = skip(index + 1, DateWords.ordinals)
        next = skip(next, DateWords.particles)
        guard isNear(next), let month = month(next) else { return nil }
        var end = skip(next + 1, DateWords.particles)
        if let third = digits(end), isNear(end), third.count == 4 || third.count == 2 {
            let years = third.count == 4 ? [number(third)] : Self.years(number(third))
            let candidates = years.map { date($0, month, number(first)) }
            let isCertain = third.count == 4 || !DateWords.isAmbiguous(word(next)) && candidates.contains { $0 != nil }
            return found(index, end - index + 1, candidates, isCertain: isCertain)
        }
        end = next
        return withoutYear(index, end - index + 1, month: next)
    }

    /// `January 15, 2020`, `Jan 15`, `January 2020`.
    private func monthDay(_ index: Int) -> (Found, Int)? {
        guard let month = month(index), isNear(index + 1), let second = digits(index + 1) else { return nil }
        if second.count == 4, (1_850...2_099).contains(number(second)) {
            return found(index, 2, [], isCertain: !DateWords.isOtherWord(word(index)), hasDay: false)
        }
        guard second.count <= 2, (1...31).contains(number(second)) else { return nil }
        let next = skip(index + 2, DateWords.ordinals)
        if let third = digits(next), isNear(next), third.count == 4 || third.count == 2 && second.count == 2 {
            let years = third.count == 4 ? [number(third)] : Self.years(number(third))
            let candidates = years.map { date($0, month, number(second)) }
            let isCertain =
                third.count == 4 && !DateWords.isOtherWord(word(index)) && candidates.contains { $0 != nil }
            return found(index, next - index + 1, candidates, isCertain: isCertain)
        }
        return withoutYear(index, 2, month: index)
    }

    /// A day and a month are a date also without a year, if the month is written out and no other word.
    private func withoutYear(_ index: Int, _ count: Int, month: Int) -> (Found, Int)? {
        let name = word(month)
        guard name.utf8.count >= 4, !DateWords.isAmbiguous(name) else { return nil }
        return found(index, count, [], isCertain: true, hasDay: false)
    }

    private func skip(_ index: Int, _ words: Set<String>) -> Int {
        index < tokens.count && isNear(index) && words.contains(word(index)) ? index + 1 : index
    }

    private func month(_ index: Int) -> Int? {
        guard index < tokens.count, tokens[index].kind == .letter, (3...12).contains(tokens[index].count) else {
            return nil
        }
        return DateWords.month(word(index))
    }

    private func word(_ index: Int) -> String {
        guard index < tokens.count, tokens[index].count <= 12 else { return "" }
        return IdentifierTerms.string((tokens[index].first...tokens[index].last).map { text.symbol($0).scalar })
    }

    // MARK: Tokens

    private func digits(_ index: Int) -> Token? {
        index < tokens.count && tokens[index].kind == .digit ? tokens[index] : nil
    }

    /// The first character of a word of ideographs.
    private func sign(_ index: Int) -> UInt32? {
        guard index < tokens.count, tokens[index].kind == .dense, isNear(index) else { return nil }
        return text.symbol(tokens[index].first).scalar
    }

    /// Whether nothing but blanks and a sign separates a token from the one before it.
    private func isNear(_ index: Int) -> Bool {
        index < tokens.count && (index == 0 || text.gap(before: tokens[index].first) <= 3)
    }

    /// The one character between a token and the one before it.
    private func separator(before index: Int) -> UInt32? {
        guard index < tokens.count, text.gap(before: tokens[index].first) == 1 else { return nil }
        let separator = text.symbols[text.letters[tokens[index].first] - 1].scalar
        return [0x2E, 0x2F, 0x2D, 0x20, 0x5F, 0x3A].contains(separator) ? separator : nil
    }

    private func number(_ token: Token) -> Int { number(token, 0, min(token.count, 9)) }

    private func number(_ token: Token, _ start: Int, _ count: Int) -> Int {
        (0..<count).reduce(0) { $0 * 10 + Int(text.symbol(token.first + start + $1).scalar) - 0x30 }
    }

    /// The years that two digits may mean.
    private static func years(_ number: Int) -> [Int] { [1_900 + number, 2_000 + number] }

    private func date(_ year: Int, _ month: Int, _ day: Int) -> DICOMDate? {
        (1_850...2_099).contains(year) ? DICOMDate(year: year, month: month, day: day) : nil
    }

    /// Day and month in both orders.
    private func dates(_ first: Int, _ second: Int, _ year: Int) -> [DICOMDate?] {
        [date(year, second, first), date(year, first, second)]
    }

    private func found(
        _ index: Int,
        _ count: Int,
        _ candidates: [DICOMDate?],
        isCertain: Bool,
        hasDay: Bool = true,
        markEnds: Bool = false,
        eraLength: Int? = nil
    ) -> (Found, Int)? {
        let candidates = candidates.compactMap(\.self)
        let first = eraLength.map { tokens[index].last + 1 - $0 } ?? tokens[index].first
        var last = tokens[index + count - 1].last
        // The mark of the day.
        if markEnds, last + 1 < text.letters.count, text.gap(before: last + 1) <= 1,
            [0x65E5, 0xC77C].contains(text.symbol(last + 1).scalar)
        {
            last += 1
        }
        guard !candidates.isEmpty || !hasDay, text.isWhole(text.letters[first], text.letters[last]) else { return nil }
        let range = text.symbol(first).start..<text.symbol(last).end
        return (
            Found(range: range, letterCount: last - first + 1, candidates: candidates, isCertain: isCertain), count
        )
    }
}
