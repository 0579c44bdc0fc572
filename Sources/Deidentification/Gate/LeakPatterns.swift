/// What a leak scanner looks for: a patient's identifiers, made ready.
///
/// Making it costs more than scanning a small object, so it is made once for all objects of a patient.
public struct LeakPatterns: Sendable {
    let matcher: IdentifierSearch
    let table: BytePatternTable
    let policy: LeakPolicy

    /// Makes the patterns.
    ///
    /// - Parameters:
    ///   - identifiers: Of all objects of the patient that are known.
    ///   - policy: What may stay.
    public init(_ identifiers: SubjectIdentifiers, policy: LeakPolicy = LeakPolicy()) {
        let wanted = identifiers.without(policy.ignored)
        matcher = IdentifierSearch(wanted)
        table = BytePatternTable(BytePatterns(wanted).patterns)
        self.policy = policy
    }
}
