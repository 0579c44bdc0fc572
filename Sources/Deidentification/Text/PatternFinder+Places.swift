import DICOMCore

/// Streets and organisations, known by the words that go with their names.
extension PatternFinder {
    /// Characters behind a label of an address that may belong to it.
    private static let addressLength = 80
    /// Words of a name.
    private static let nameLength = 3
    /// Letters of the name of an organisation in a script that does not separate words.
    private static let denseNameLength = 8
    /// Letters that are looked at of the end of a word; no ending that is looked for is as long.
    private static let endingLength = 20
    /// Letters of the shortest word for a street: three and `str`.
    private static let shortestStreet = 6

    // MARK: Streets

    mutating func findAddresses() {
        for index in words.indices where words[index].digitCount == 0 {
            findStreet(index)
            let word = string(words[index])
            guard !word.isEmpty else { continue }
            if PlaceWords.streetsBehind.contains(word) || PlaceWords.openStreetsBehind.contains(word) {
                findStreet(index, behind: word)
            }
            if PlaceWords.streetsInFront.contains(word) { findStreet(index, inFront: word) }
            if PlaceWords.addressLabels.contains(word)
                || PlaceWords.addressLabelsWithColon.contains(word) && at(words[index].last + 1) == 0x3A
            {
                findLabelledAddress(from: words[index].last + 1)
            }
        }
        guard hasDense else { return }
        for label in PlaceWords.denseAddressLabels {
            for place in places(of: label) { findLabelledAddress(from: place + label.unicodeScalars.count) }
        }
    }

    /// `Rosenstrasse 12`, `Karl-Marx-Allee 5a`, `Hauptstr. 3`.
    private mutating func findStreet(_ index: Int) {
        // What costs little is asked first: most words are small and stand before no number.
        guard words[index].count >= Self.shortestStreet else { return }
        let number = houseNumber(after: index)
        guard isCapital(index) || number != nil else { return }
        let word = ending(words[index])
        func hasEnding(_ endings: [String]) -> Bool {
            endings.contains { word.hasSuffix($0) && words[index].count >= $0.count + 3 }
        }
        let isCertain = hasEnding(PlaceWords.streetEndings)
        let isOpen =
            isCapital(index) && number != nil && hasEnding(PlaceWords.openStreetEndings)
            && at(words[index].last + 1) != 0x2C && !PlaceWords.noStreets.contains { word.contains($0) }
        guard isCertain || isOpen else { return }
        addStreet(joined(before: index), number ?? index)
    }

    /// `Baker Street 5`, `12 Baker Street`, `Baker Street`.
    private mutating func findStreet(_ index: Int, behind word: String) {
        var first = index
        while index - first < Self.nameLength, isBeside(first, first - 1), isPartOfStreet(first - 1) { first -= 1 }
        let isUsual = PlaceWords.streetsBehind.contains(word)
        guard first < index || isUsual && isBeside(index, index - 1) else { return }
        let numberBehind = houseNumber(after: index)
        let isNamed = first < index && words[first].digitCount == 0
        // Small letters are read as a name only between a number and a word that means nothing but a street.
        if first == index { first -= 1 }
        let numberInFront = isBeside(first, first - 1) && isHouseNumber(first - 1) ? first - 1 : nil
        let hasNumber = numberInFront != nil || numberBehind != nil
        let isStreet = isUsual ? isNamed && isCapital(index) || numberInFront != nil : isNamed && isCapital(index)
        guard isStreet, isUsual || hasNumber else { return }
        addStreet(numberInFront ?? first, numberBehind ?? index)
    }

    /// `12, rue de la Paix`, `Via Roma 5, 00184 Roma`.
    private mutating func findStreet(_ index: Int, inFront word: String) {
        guard let last = name(after: index, limit: 5) else { return }
        let numberInFront = isNear(index, 2) && isHouseNumber(index - 1) ? index - 1 : nil
        let numberBehind = houseNumber(after: last)
        guard numberInFront != nil || numberBehind != nil else { return }
        // Catheters and drugs come by way of vessels, too: a postal code has to follow.
        guard word != "via" || numberBehind.map({ postalCode(after: $0) != nil }) == true else { return }
        addStreet(numberInFront ?? index, numberBehind ?? last)
    }

    /// Adds a street and the place behind it: `Rosenweg 12, 10437 Neustadt`.
    ///
    /// Without a postal code only what ends like the name of a town is one: any noun may follow a comma.
    private mutating func addStreet(_ first: Int, _ last: Int) {
        var end = last
        let code = postalCode(after: last)
        if let code { end = code }
        if isNear(end + 1, 2), isName(words[end + 1]), endsPhrase(end + 1) {
            let word = ending(words[end + 1])
            if code != nil || PlaceWords.townEndings.contains(where: { word.hasSuffix($0) }) { end += 1 }
        }
        add(.address, words[first].first, words[end].last)
    }

    /// The place of a postal code that follows: four to six digits with a name behind them, or five without.
    private func postalCode(after index: Int) -> Int? {
        guard isNear(index + 1, 2) else { return nil }
        let word = words[index + 1]
        guard isDigit(word.first), word.digitCount == word.count, (4...6).contains(word.count) else { return nil }
        let hasName = isNear(index + 2, 1) && isName(words[index + 2])
        return hasName || word.count == 5 ? index + 1 : nil
    }

    /// Whether nothing but punctuation follows a word.
    private func endsPhrase(_ index: Int) -> Bool {
        let place = words[index].last + 1
        return place >= count || [0x2C, 0x2E, 0x3B, 0x0A, 0x0D, 0x29, 0x3002, 0xFF0C].contains(at(place))
    }

    /// What stands behind a label, up to the end of the clause.
    private mutating func findLabelledAddress(from start: Int) {
        var first = start
        while first < count, first - start < 3, !isAlphanumeric(first) { first += 1 }
        guard isAlphanumeric(first) else { return }
        var end = first
        while end < count, end - first < Self.addressLength, !endsClause(end) { end += 1 }
        while end > first, !isAlphanumeric(end - 1) { end -= 1 }
        add(.address, first, end - 1)
    }

    private func endsClause(_ place: Int) -> Bool {
        switch at(place) {
        case 0x0A, 0x0D, 0x3B, 0x29, 0x3002, 0xFF0C, 0x3001: true
        // Behind the comma of an address stands a postal code.
        case 0x2C: !isDigit(place + 1) && !isDigit(place + 2)
        // The point of an abbreviation is followed by a number: `Hauptstr. 3`.
        case 0x2E: !isAlphanumeric(place + 1) && !isDigit(place + 2)
        default: false
        }
    }

    // MARK: Organisations

    mutating func findOrganisations() {
        for index in words.indices where words[index].digitCount == 0 && words[index].count >= 5 {
            let word = string(words[index])
            if !isFollowed(index, by: PlaceWords.noOrganisationBefore),
                PlaceWords.organisations.contains(word) || word == "center" || word == "centre"
            {
                findOrganisation(index, word)
            }
            let hasName = PlaceWords.organisationsBefore.contains(word)
            if hasName || PlaceWords.organisationsWithParticle.contains(word), isCapital(index), !isAllCapitals(index),
                let last = name(after: index, limit: 4), hasName || isParticle(index + 1)
            {
                add(.organisation, words[index].first, words[last].last)
            }
            if isCapital(index), isNamedOrganisation(words[index]) {
                add(.organisation, words[index].first, words[index].last)
            }
        }
        guard hasDense else { return }
        for organisation in PlaceWords.denseOrganisations {
            for place in places(of: organisation) { findDenseOrganisation(place, organisation.unicodeScalars.count) }
        }
    }

    /// `Walpurga Hospital`, `Walpurga General Hospital`, `Walpurga Medical Center`.
    private mutating func findOrganisation(_ index: Int, _ word: String) {
        var first = index
        // Words that say of which kind it is stand between it and its name.
        while index - first < 2, isBeside(first, first - 1), isCapital(first - 1), isKind(first - 1) { first -= 1 }
        guard first < index || !word.hasPrefix("cent") else { return }
        // The `s` of St. Mary's.
        if isBeside(first, first - 1), string(words[first - 1]) == "s",
            [0x27, 0x2019].contains(at(words[first - 1].first - 1))
        {
            first -= 1
        }
        let kinds = first
        while kinds - first < Self.nameLength, isBeside(first, first - 1), isOwnName(first - 1) { first -= 1 }
        guard first < kinds else { return }
        // In German a "Klinik" is also what a patient shows.
        let isHyphened = at(words[index].first - 1) == 0x2D
        guard word != "klinik" || isHyphened || first > 0 && PlaceWords.articles.contains(string(words[first - 1]))
        else {
            return
        }
        add(.organisation, words[first].first, words[index].last)
    }

    private func isKind(_ index: Int) -> Bool {
        let word = string(words[index])
        return CommonWords.contains(word) && !PlaceWords.noNames.contains(word)
    }

    private func isOwnName(_ index: Int) -> Bool {
        guard isName(words[index]), words[index].count >= 3 else { return false }
        let word = string(words[index])
        guard !PlaceWords.noNames.contains(word), !isMedical(index) else { return false }
        // `Chirurgische Abteilung`: adjectives, unless a hyphen makes them a name.
        return at(words[index].last + 1) == 0x2D || !Self.isAdjective(word)
    }

    /// Whether a German word is an adjective by its ending and what stands before that.
    private static func isAdjective(_ word: String) -> Bool {
        guard let ending = ["er", "en", "es", "em", "e"].first(where: { word.hasSuffix($0) }) else { return false }
        let stem = word.dropLast(ending.count)
        return PlaceWords.adjectiveStems.contains { stem.hasSuffix($0) }
    }

    /// Whether a word ends as diseases, procedures and abstract nouns do, or is an abbreviation.
    private func isMedical(_ index: Int) -> Bool {
        let word = ending(words[index])
        return words[index].count <= 4 && isAllCapitals(index)
            || PlaceWords.medicalEndings.contains { ending in
                word == ending || word.hasSuffix(ending) && words[index].count > ending.count + 1
            }
    }

    private func isNamedOrganisation(_ word: Word) -> Bool {
        let text = ending(word)
        for ending in PlaceWords.organisationEndings where text.hasSuffix(ending) {
            let name = text.dropLast(ending.count)
            guard name.count >= 3, !PlaceWords.kindsOfOrganisation.contains(String(name)) else { return false }
            return !CommonWords.contains(name) && !CommonWords.contains(text) && !name.hasSuffix("en")
                && !text.hasSuffix("hospital")
        }
        return false
    }

    private mutating func findDenseOrganisation(_ place: Int, _ length: Int) {
        var first = place
        while place - first < Self.denseNameLength, kind(first - 1) == .dense,
            !(0x3041...0x3096).contains(at(first - 1))
        { first -= 1 }
        guard place - first >= 2 else { return }
        let name = IdentifierTerms.string(text.symbols[first..<place].lazy.map(\.scalar))
        guard !PlaceWords.denseKinds.contains(name) else { return }
        add(.organisation, first, place + length - 1)
    }

    // MARK: Words

    /// The places at which a few characters stand.
    private func places(of text: String) -> [Int] {
        let wanted = FoldedText.fold(text).unicodeScalars.map(\.value)
        guard let start = wanted.first, count >= wanted.count else { return [] }
        return (0...count - wanted.count).filter { place in
            at(place) == start && wanted.indices.allSatisfy { at(place + $0) == wanted[$0] }
        }
    }

    /// The last letters of a word, however long it is.
    private func ending(_ word: Word) -> String {
        IdentifierTerms.string(
            text.symbols[max(word.first, word.last + 1 - Self.endingLength)...word.last].lazy.map(\.scalar)
        )
    }

    /// Whether there is a letter of a script that does not separate words.
    private var hasDense: Bool { text.symbols.contains { $0.kind == .dense } }

    private func isAllCapitals(_ index: Int) -> Bool {
        words[index].count > 1 && text.symbols[words[index].last].isUppercase
    }

    private func isFollowed(_ index: Int, by words: Set<String>) -> Bool {
        isNear(index + 1, 1) && words.contains(string(self.words[index + 1]))
    }

    private func isCapital(_ index: Int) -> Bool {
        words.indices.contains(index) && text.symbols[words[index].first].isUppercase
    }

    /// Whether only a blank, a hyphen or an apostrophe, or a point and a blank, lies between two words.
    private func isBeside(_ index: Int, _ before: Int) -> Bool {
        guard words.indices.contains(before), words.indices.contains(index) else { return false }
        let gap = words[index].first - words[before].last
        let separator = at(words[before].last + 1)
        if gap == 3 { return separator == 0x2E && at(words[before].last + 2) == 0x20 && words[before].count < 4 }
        return gap == 2 && [0x20, 0x2D, 0x27, 0x2019].contains(separator)
    }

    /// The first of the words that hyphens join to this one.
    private func joined(before index: Int) -> Int {
        var first = index
        while index - first < Self.nameLength, words.indices.contains(first - 1),
            words[first].first - words[first - 1].last == 2, at(words[first - 1].last + 1) == 0x2D
        {
            first -= 1
        }
        return first
    }

    private func isPartOfStreet(_ index: Int) -> Bool {
        guard words.indices.contains(index), words[index].digitCount < words[index].count else { return false }
        let word = string(words[index])
        // `5th Avenue`
        if words[index].digitCount > 0 { return isDigit(words[index].first) && word.hasSuffix("th") }
        return isCapital(index) && !CommonWords.contains(word) && !PlaceWords.noNames.contains(word)
    }

    private func isParticle(_ index: Int) -> Bool {
        words.indices.contains(index) && PlaceWords.particles.contains(string(words[index]))
    }

    /// The last word of a name that follows; `nil` where none does.
    private func name(after index: Int, limit: Int) -> Int? {
        var last = index
        var found: Int?
        while last - index < limit, isBeside(last + 1, last) {
            last += 1
            if isParticle(last) { continue }
            guard isName(words[last]), !PlaceWords.noNames.contains(string(words[last])), !isMedical(last) else {
                break
            }
            found = last
        }
        return found
    }

    /// The place of a house number right behind a word: `5`, `12a`, with a blank, a comma or a point between.
    private func houseNumber(after index: Int) -> Int? {
        isNear(index + 1, 2) && isHouseNumber(index + 1) ? index + 1 : nil
    }

    private func isHouseNumber(_ index: Int) -> Bool {
        guard words.indices.contains(index), isDigit(words[index].first) else { return false }
        let word = words[index]
        // `5.2 mm` and `5 mm` are sizes, `6F` is a catheter.
        let isDecimal = [0x2E, 0x2C].contains(at(word.last + 1)) && isDigit(word.last + 2)
        let hasLetter = word.count - word.digitCount == 1 && (0x61...0x65).contains(at(word.last))
        guard (1...4).contains(word.digitCount), word.digitCount == word.count || hasLetter, !isDecimal else {
            return false
        }
        return at(word.last + 1) != 0x25 && at(word.last + 2) != 0x25 && !isFollowed(index, by: PlaceWords.units)
    }
}
