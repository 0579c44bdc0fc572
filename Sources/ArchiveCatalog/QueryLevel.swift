/// A level of the query/retrieve hierarchy (PS3.4 C.6), outermost first.
public enum QueryLevel: Int, Sendable, Hashable, Comparable, CaseIterable {
    /// PATIENT.
    case patient
    /// STUDY.
    case study
    /// SERIES.
    case series
    /// IMAGE, also called instance.
    case instance

    /// The value of Query/Retrieve Level (0008,0052).
    public var code: String {
        switch self {
        case .patient: "PATIENT"
        case .study: "STUDY"
        case .series: "SERIES"
        case .instance: "IMAGE"
        }
    }

    /// The level that a Query/Retrieve Level names; `nil` for unknown words.
    public init?(code: some StringProtocol) {
        guard let level = Self.allCases.first(where: { $0.code == code }) else { return nil }
        self = level
    }

    /// Orders from patient to instance.
    public static func < (left: QueryLevel, right: QueryLevel) -> Bool {
        left.rawValue < right.rawValue
    }
}
