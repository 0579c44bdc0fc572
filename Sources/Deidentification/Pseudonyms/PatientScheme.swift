/// What stands in front of the pseudonyms of a project: 1 to 16 letters, digits, hyphens and underscores.
public struct PseudonymPrefix: Sendable, Hashable {
    /// The text.
    public let string: String

    /// The longest prefix: with it, a pseudonym is never longer than LO and PN allow.
    public static let lengthLimit = 16

    /// For projects without a prefix of their own.
    public static let standard = PseudonymPrefix(literal: "PROJ")

    /// Accepts letters and digits of ASCII, hyphens and underscores; `nil` for anything else.
    public init?(_ text: String) {
        let isAllowed = text.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x5F: true
            default: false
            }
        }
        guard isAllowed, (1...Self.lengthLimit).contains(text.utf8.count) else { return nil }
        string = text
    }

    private init(literal: StaticString) {
        string = literal.description
    }
}

/// How the pseudonym of a patient is made.
public enum PatientScheme: Sendable {
    /// The prefix, a hyphen, and 20 characters that follow from the project key: needs no table.
    case keyed(prefix: PseudonymPrefix)

    /// The prefix, a hyphen and the number that the caller has for the patient, with at least four digits.
    ///
    /// A patient that has no number gets a keyed pseudonym.
    case numbered(prefix: PseudonymPrefix, number: @Sendable (PatientKey) -> Int?)

    var prefix: PseudonymPrefix {
        switch self {
        case .keyed(let prefix): prefix
        case .numbered(let prefix, _): prefix
        }
    }
}
