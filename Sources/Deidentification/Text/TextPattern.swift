/// What identifies somebody by its form, whoever it is.
public enum TextPattern: String, Sendable, Hashable, CaseIterable {
    /// An e-mail address.
    case email
    /// A URL.
    case url
    /// An IP address.
    case ipAddress = "ip-address"
    /// A telephone number: international, of the form of the US, of the forms of Europe, or behind a label.
    case telephone
    /// A number that a state gives to a person: US, Switzerland, Sweden, Italy, Spain, Germany.
    case nationalID = "national-id"
    /// A number behind a label such as `MRN` or `Pat.-Nr.`
    case recordNumber = "record-number"
    /// A date with its day, or a month with its year, or a year of birth.
    case date
    /// An age above 89 years.
    case age
    /// A postal code behind a label.
    case postalCode = "postal-code"
    /// A name behind a title: `Dr. Miller`.
    case titledName = "titled-name"
    /// A street with its number, or what stands behind the label of an address.
    case address
    /// The name of a hospital, a practice, a department or a university.
    case organisation
}

/// The patterns that are looked for.
public typealias TextPatterns = Set<TextPattern>

extension Set<TextPattern> {
    /// All of them.
    public static let all = Set(TextPattern.allCases)
}
