import DICOMCore

/// Streets and organisations, known by the words that go with their names.
extension PatternFinder {
    /// Characters behind a label of an address that may belong to it.
    private static let addressLength = 80
    /// Words of a name.
    private static let nameLength = 3

    // MARK: Streets

    mutating func findAddresses() {
        for index in words.indices where words[index].digitCount == 0 {
            let word = string(words[index])
            guard !word.isEmpty else { continue }
            findStreet(index, ending: word)
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
        for label in PlaceWords.denseAddressLabels {
            for place in places(of: label) { findLabelledAddress(from: place + label.unicodeScalars.count) }
        }
    }

    /// `Rosenstrasse 12`, `Karl-Marx-Allee 5a`, `Hauptstr. 3`.
    private mutating func findStreet(_ index: Int, ending word: String) {
        let isCertain = PlaceWords.streetEndings.contains { word.hasSuffix($0) && word.count >= $0.count + 3 }
        let isOpen =
            PlaceWords.openStreetEndings.contains { word.hasSuffix($0) && word.count >= $0.count + 3 }
            && isCapital(index) && !PlaceWords.noStreets.contains(word)
        guard isCertain || isOpen else { return }
        let number = houseNumber(after: index)
        guard isCertain || number != nil else { return }
        addStreet(joined(before: index), number ?? index)
    }

    /// `Baker Street 5`, `12 Baker Street`, `Baker Street`.
    private mutating func findStreet(_ index: Int, behind word: String) {
        var first = index
        while index - first < Self.nameLength, isBeside(first, first - 1), isPartOfStreet(first - 1) { first -= 1 }
        guard first < index || isBeside(index, index - 1) else { return }
        let numberBehind = houseNumber(after: index)
        // Small letters are read as a name only between a number and the word for a street.
        if first == index { first -= 1 }
        let numberInFront = isBeside(first, first - 1) && isHouseNumber(first - 1) ? first - 1 : nil
        let isNamed = first < index && isPartOfStreet(first) && words[first].digitCount == 0
        let isCertain = PlaceWords.streetsBehind.contains(word) && isCapital(index) && isNamed
        guard isCertain || numberInFront != nil || numberBehind != nil && isNamed && isCapital(index) else { return }
        addStreet(numberInFront ?? first, numberBehind ?? index)
    }

    /// `12, rue de la Paix`, `Via Roma 5`.
    private mutating func findStreet(_ index: Int, inFront word: String) {
        guard let last = name(after: index, limit: 5) else { return }
        let numberInFront = isNear(index, 2) && isHouseNumber(index - 1) ? index - 1 : nil
        let numberBehind = houseNumber(after: last)
        let isCertain = word != "via" && word != "ul" || isCapital(index) && numberBehind != nil
        guard isCertain, numberInFront != nil || numberBehind != nil else { return }
        addStreet(numberInFront ?? index, numberBehind ?? last)
    }

    /// Adds a street and the place behind its comma: `Rosenweg 12, 10437 Neustadt`.
    private mutating func addStreet(_ first: Int, _ last: Int) {
        var end = last
        var next = last + 1
        if isNear(next, 2), isDigit(words[next].first), (4...6).contains(words[next].digitCount) {
            end = next
            next += 1
        }
        let hasComma = isNear(next, 2) && at(words[end].last + 1) == 0x2C
        if isNear(next, 2), hasComma || end > last, isName(words[next]), endsPhrase(next) { end = next }
        add(.address, words[first].first, words[end].last)
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
            if PlaceWords.organisations.contains(word) || word == "center" || word == "centre" {
                findOrganisation(index, word)
            }
            let hasName = PlaceWords.organisationsBefore.contains(word)
            if hasName || PlaceWords.organisationsWithParticle.contains(word), isCapital(index),
                let last = name(after: index, limit: 4), hasName || isParticle(index + 1)
            {
                add(.organisation, words[index].first, words[last].last)
            }
            if isNamedOrganisation(word), isCapital(index) { add(.organisation, words[index].first, words[index].last) }
        }
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
        let kinds = first
        while kinds - first < Self.nameLength, isBeside(first, first - 1), isOwnName(first - 1, word) { first -= 1 }
        guard first < kinds else { return }
        add(.organisation, words[first].first, words[index].last)
    }

    private func isKind(_ index: Int) -> Bool {
        let word = string(words[index])
        return CommonWords.contains(word) && !PlaceWords.noNames.contains(word)
    }

    private func isOwnName(_ index: Int, _ organisation: String) -> Bool {
        guard isName(words[index]), words[index].count >= 3 else { return false }
        let word = string(words[index])
        guard !PlaceWords.noNames.contains(word) else { return false }
        // `Chirurgische Abteilung`, `Typische Klinik`: adjectives, unless a hyphen makes them a name.
        let takesAdjectives = ["klinik", "klinikum", "abteilung", "praxis", "ambulanz", "spital"].contains(organisation)
        let isHyphened = at(words[index].last + 1) == 0x2D
        return !takesAdjectives || isHyphened || !Self.isAdjective(word)
    }

    /// Whether a German word is an adjective by its ending and what stands before that.
    private static func isAdjective(_ word: String) -> Bool {
        guard let ending = ["er", "en", "es", "em", "e"].first(where: { word.hasSuffix($0) }) else { return false }
        let stem = word.dropLast(ending.count)
        return PlaceWords.adjectiveStems.contains { stem.hasSuffix($0) }
    }

    private func isNamedOrganisation(_ word: String) -> Bool {
        for ending in PlaceWords.organisationEndings where word.hasSuffix(ending) {
            let name = word.dropLast(ending.count)
            guard name.count >= 3, !PlaceWords.kindsOfOrganisation.contains(String(name)) else { return false }
            return !CommonWords.contains(name) && !CommonWords.contains(word) && !name.hasSuffix("en")
                && !name.hasSuffix("ings")
        }
        return false
    }

    private mutating func findDenseOrganisation(_ place: Int, _ length: Int) {
        var first = place
        while place - first < 8, kind(first - 1) == .dense, !(0x3041...0x3096).contains(at(first - 1)) { first -= 1 }
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
            guard isName(words[last]), !PlaceWords.noNames.contains(string(words[last])) else { break }
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
        // `5.2 mm` is a size.
        let isDecimal = [0x2E, 0x2C].contains(at(word.last + 1)) && isDigit(word.last + 2)
        return (1...4).contains(word.digitCount) && word.count - word.digitCount <= 1 && !isDecimal
    }
}
