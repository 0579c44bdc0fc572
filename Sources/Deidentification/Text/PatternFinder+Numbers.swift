extension PatternFinder {
    /// Digits in groups, with what separates them.
    private struct Groups {
        var lengths: [Int] = []
        var separators: Set<UInt32> = []
        /// The place of the last digit.
        var last = 0

        var digitCount: Int { lengths.reduce(0, +) }
    }

    /// Reads groups of digits with at most two separators between them.
    private func groups(from start: Int, limit: Int = 24) -> Groups {
        var groups = Groups()
        var place = start
        while groups.lengths.count < limit {
            let digits = digitCount(from: place)
            guard digits > 0 else { break }
            groups.lengths.append(digits)
            groups.last = place + digits - 1
            place += digits
            var skipped: [UInt32] = []
            while skipped.count < 2, [0x20, 0x2D, 0x2E, 0x2F, 0x28, 0x29].contains(at(place)) {
                skipped.append(at(place))
                place += 1
            }
            guard !skipped.isEmpty, isDigit(place) else { break }
            groups.separators.formUnion(skipped)
        }
        return groups
    }

    // MARK: Telephones

    mutating func findTelephones() {
        for word in words where isDigit(word.first) {
            let before = at(word.first - 1)
            // Not the rest of a longer number, and not behind a decimal point.
            guard before != 0x2E, before != 0x2C, before != 0x2D || !isDigit(word.first - 2) else { continue }
            let groups = groups(from: word.first)
            guard !isAlphanumeric(groups.last + 1), at(groups.last + 1) != 0x2E || !isDigit(groups.last + 2) else {
                continue
            }
            let isNumber =
                before == 0x2B ? isInternational(groups, word.first) : isNational(groups, word.first, before)
            if isNumber { add(.telephone, before == 0x2B || before == 0x28 ? word.first - 1 : word.first, groups.last) }
        }
    }

    private func isInternational(_ groups: Groups, _ first: Int) -> Bool {
        guard (8...15).contains(groups.digitCount), at(first) != 0x30 else { return false }
        // `+1.00000 0.5` is no telephone number: points stand in all gaps, and in more than one, or in none.
        guard groups.separators.contains(0x2E) else { return true }
        return groups.separators == [0x2E] && groups.lengths.count > 2
    }

    private func isNational(_ groups: Groups, _ first: Int, _ before: UInt32) -> Bool {
        let lengths = groups.lengths
        let separators = groups.separators
        // The US: (555) 123-4567, 555-123-4567, 555.123.4567.
        if lengths == [3, 3, 4] {
            return before == 0x28 || separators == [0x2D] || separators == [0x2E] || separators.contains(0x29)
        }
        if lengths == [1, 3, 3, 4], at(first) == 0x31, separators == [0x2D] { return true }
        guard at(first) == 0x30, (8...15).contains(groups.digitCount), lengths.count > 1 else { return false }
        // France: 01 23 45 67 89, 01.23.45.67.89.
        if lengths == [2, 2, 2, 2, 2] { return separators.count == 1 }
        guard !separators.contains(0x2E), let area = lengths.first, area >= 3 else { return false }
        let isInternational = at(first + 1) == 0x30 && groups.digitCount >= 11 && area >= 4
        let rest = groups.digitCount - area
        guard rest >= 5 else { return false }
        // `001 002 003` is no number to call.
        return isInternational || separators.contains(0x2F) || separators.contains(0x2D) && lengths.count <= 4
            || lengths[1] >= 4
    }

    // MARK: Numbers of states

    mutating func findNationalIDs() {
        for word in words {
            guard isDigit(word.first), !isDigit(word.first - 2) || at(word.first - 1) == 0x20 else {
                if isItalianOrGerman(word) { add(.nationalID, word.first, word.last) }
                continue
            }
            let groups = groups(from: word.first)
            let goesOn = isAlphanumeric(groups.last + 1) || at(groups.last + 1) == 0x2E && isDigit(groups.last + 2)
            if !goesOn, isNationalID(groups, word.first) { add(.nationalID, word.first, groups.last) }
            if isSpanish(word) { add(.nationalID, word.first, word.last) }
        }
    }

    private func isNationalID(_ groups: Groups, _ first: Int) -> Bool {
        switch groups.lengths {
        // US Social Security Number.
        case [3, 2, 4]: return groups.separators == [0x2D]
        // Swiss AHV number.
        case [3, 4, 4, 2]: return number(from: first, 3) == 756 && groups.separators == [0x2E]
        // Swedish and Danish numbers, which begin with the date of birth.
        case [6, 4], [8, 4]:
            let start = groups.lengths[0] == 8 ? first + 4 : first + 2
            let month = number(from: start, 2)
            let day = number(from: start + 2, 2)
            let other = number(from: start - 2, 2)
            return groups.separators == [0x2D]
                && ((1...12).contains(month) && (1...31).contains(day) || (1...31).contains(other))
        // Numbers of states without their separators (9 digits in the US, 10 to 13 elsewhere), and others that count
        // nothing: no dose, size or cell count has so many digits.
        case let lengths where lengths.count == 1: return (9...16).contains(lengths[0])
        default: return false
        }
    }

    /// Eight digits and a letter, unless they are a date with a time behind it.
    private func isSpanish(_ word: Word) -> Bool {
        guard word.count == 9, word.digitCount == 8, isDigit(word.first), kind(word.last) == .letter else {
            return false
        }
        let month = number(from: word.first + 4, 2)
        return at(word.last) != 0x74 || !(1...12).contains(month)
    }

    /// The Italian `RSSMRA85T10A562S` and the German `A123456789`.
    private func isItalianOrGerman(_ word: Word) -> Bool {
        if word.count == 10 { return word.digitCount == 9 && kind(word.first) == .letter }
        guard word.count == 16, word.digitCount == 7 else { return false }
        let digits: Set = [6, 7, 9, 10, 12, 13, 14]
        return (0..<16).allSatisfy { isDigit(word.first + $0) == digits.contains($0) }
    }

    // MARK: Behind labels

    mutating func findLabelled(_ patterns: TextPatterns) {
        for (index, word) in words.enumerated() {
            if patterns.contains(.age) { findAge(index, word) }
            guard word.count <= 20, !isDigit(word.first) else { continue }
            let label = string(word)
            if patterns.contains(.telephone), PatternLabels.telephone.contains(label) { findLabelledTelephone(word) }
            if patterns.contains(.recordNumber) { findRecordNumber(index, label) }
            if patterns.contains(.postalCode), PatternLabels.postalCode.contains(label) { findPostalCode(index) }
            if patterns.contains(.date), PatternLabels.birth.contains(label) { findBirth(index) }
            if patterns.contains(.titledName) { findTitledName(index, label) }
        }
    }

    /// Whether little enough lies between a word and the one before it.
    func isNear(_ index: Int, _ limit: Int = 3) -> Bool {
        index > 0 && index < words.count && words[index].first - words[index - 1].last <= limit + 1
    }

    private mutating func findLabelledTelephone(_ word: Word) {
        var place = word.last + 1
        while place - word.last <= 4, !isAlphanumeric(place), place < count { place += 1 }
        let groups = groups(from: place)
        guard groups.digitCount >= 5, groups.digitCount <= 20 else { return }
        add(.telephone, at(place - 1) == 0x2B ? place - 1 : place, groups.last)
    }

    private mutating func findRecordNumber(_ index: Int, _ label: String) {
        var next = index + 1
        let isLabel = PatternLabels.recordNumber.contains(label)
        guard isLabel || PatternLabels.qualified.contains(label) else { return }
        var isQualified = isLabel || label == "id"
        while isNear(next), PatternLabels.qualifiers.contains(string(words[next])) {
            isQualified = true
            next += 1
        }
        guard isQualified, isNear(next, 4), words[next].digitCount > 0 else { return }
        // What is joined to it by a hyphen, a slash or a point belongs to it.
        var last = next
        while last + 1 < words.count, words[last + 1].first - words[last].last == 2,
            [0x2D, 0x2E, 0x2F, 0x5F].contains(at(words[last].last + 1)), words[last + 1].digitCount > 0
        {
            last += 1
        }
        let length = words[next...last].reduce(0) { $0 + $1.count }
        guard length >= (label == "id" ? 5 : 3) else { return }
        add(.recordNumber, words[next].first, words[last].last)
    }

    private mutating func findPostalCode(_ index: Int) {
        guard isNear(index + 1) else { return }
        let code = words[index + 1]
        guard code.digitCount > 0, (3...10).contains(code.count) else { return }
        // `SW1A 2AA` has two parts.
        let second = index + 2
        let hasSecond =
            isNear(second, 1) && code.count <= 4 && words[second].count == 3 && words[second].digitCount == 1
        add(.postalCode, code.first, hasSecond ? words[second].last : code.last)
    }

    /// The year behind `born` and the like; full dates are found without a label.
    private mutating func findBirth(_ index: Int) {
        guard isNear(index + 1, 4) else { return }
        let word = words[index + 1]
        guard word.digitCount == word.count else { return }
        let isYear = word.count == 4 && (1_850...2_099).contains(number(from: word.first, 4))
        if isYear || word.count == 6 || word.count == 8 { add(.date, word.first, word.last) }
    }

    /// `92 years old`, `91-jährig`, `095Y`; `90Y` is a nuclide.
    private mutating func findAge(_ index: Int, _ word: Word) {
        let digits = digitCount(from: word.first, limit: 4)
        guard (2...3).contains(digits) else { return }
        let age = number(from: word.first, digits)
        guard (90...130).contains(age), at(word.first - 1) != 0x2E, at(word.first - 1) != 0x2C else { return }
        if word.count > digits {
            let unit = IdentifierTerms.string(
                text.symbols[(word.first + digits)...word.last].prefix(12).lazy.map(\.scalar)
            )
            let isAge = unit == "y" ? digits == 3 || age > 91 : PatternLabels.years.contains(unit)
            if isAge { add(.age, word.first, word.last) }
            return
        }
        guard isNear(index + 1, 1), PatternLabels.years.contains(string(words[index + 1])) else { return }
        add(.age, word.first, word.last)
    }

    // MARK: Titles

    private mutating func findTitledName(_ index: Int, _ label: String) {
        guard PatternLabels.titles.contains(label) else { return }
        let title = words[index]
        let hasPoint = at(title.last + 1) == 0x2E
        // DR and MR are modalities.
        let isCapitals = text.symbols[title.last].isUppercase
        guard hasPoint || !isCapitals, text.symbols[title.first].isUppercase || hasPoint else { return }
        var next = index + 1
        while isNear(next, 2), PatternLabels.titles.contains(string(words[next])) { next += 1 }
        guard isNear(next, 2), isName(words[next]) else { return }
        var last = next
        while last - next < 2, isNear(last + 1, 1),
            at(words[last].last + 1) == 0x20 || at(words[last].last + 1) == 0x2D,
            isName(words[last + 1])
        {
            last += 1
        }
        add(.titledName, words[next].first, words[last].last)
    }

    func isName(_ word: Word) -> Bool {
        guard word.digitCount == 0, word.count >= 2 else { return false }
        let isCapital = text.symbols[word.first].isUppercase || kind(word.first) == .dense
        return isCapital && !CommonWords.contains(string(word))
    }
}
