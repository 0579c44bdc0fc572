/// How the texts of one object are cleaned, with what is known to identify its patient.
public struct ObjectTexts: Sendable {
    /// Takes out of a descriptor or free text all that may identify somebody: identifiers, names, patterns.
    public let clean: @Sendable (String) -> String
    /// Takes out of a text that stays as it is what certainly identifies: the patient's own identifiers.
    public let scrub: @Sendable (String) -> String

    /// Puts both together.
    public init(clean: @escaping @Sendable (String) -> String, scrub: @escaping @Sendable (String) -> String) {
        self.clean = clean
        self.scrub = scrub
    }
}

extension ObjectTexts {
    /// Cleans by what identifies the patient, a list of names, and patterns.
    ///
    /// - Parameters:
    ///   - identifiers: Of the object and of other objects of the patient.
    ///   - profile: What it retains may stand in texts, too.
    ///   - names: Names that go from what is cleaned, whoever the patient is.
    public init(identifiers: SubjectIdentifiers, profile: DeidentificationProfile, names: NameList = .empty) {
        let wanted = identifiers.unwanted(by: profile)
        var patterns = TextPatterns.all
        if profile.options.contains(.retainLongitudinalFullDates) { patterns.remove(.date) }
        if profile.options.contains(.retainInstitutionIdentity) { patterns.remove(.organisation) }
        let cleaner = TextCleaner(identifiers: wanted, names: names, patterns: patterns)
        let scrubber = TextCleaner(identifiers: wanted, patterns: [])
        self.init(clean: { cleaner.clean($0).text }, scrub: { scrubber.clean($0).text })
    }
}
