/// Why options make no profile.
public enum ProfileError: Error, Sendable, Hashable {
    /// Two options of which each forbids what the other demands.
    case contradiction(DeidentificationOption, DeidentificationOption)
}

extension ProfileError: CustomStringConvertible {
    /// What is wrong, and what to choose.
    public var description: String {
        switch self {
        case .contradiction(let one, let other):
            "The options \(one.rawValue) and \(other.rawValue) contradict each other: choose one of them"
        }
    }
}
