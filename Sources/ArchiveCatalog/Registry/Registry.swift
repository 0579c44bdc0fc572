/// What no pack holds and no walk can bring back: where packs lie, jobs, holds, requests that wait.
///
/// Unlike the ``Catalog`` it is no projection: a write is durable when it returns, and it belongs into every backup. One
/// protocol for each concern, so that a service names only what it needs.
public protocol Registry: Sendable, JobRegistry, PlaceRegistry, StudyNoteRegistry, RemovalRegistry, ProjectRegistry {
    /// Lets go of the database.
    func close() async throws(RegistryError)
}

/// Why the registry could not do what was asked.
public struct RegistryError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What went wrong.
    public enum Code: String, Sendable, Hashable {
        /// The database cannot be opened: another key, or no database of ours.
        case cannotOpen
        /// A newer version of this program made it.
        case newer
        /// A page failed its authentication, or a row makes no sense; the registry must be restored from a backup.
        case damaged
        /// The volume is full.
        case noSpace
        /// Something that a write relied on has changed meanwhile.
        case conflict
        /// The database reported another failure.
        case failed
        /// The task that asked was cancelled.
        case cancelled
    }

    /// What went wrong.
    public let code: Code
    /// What to look at or do; holds no value of a Data Set.
    public let advice: String

    /// Makes an error.
    public init(_ code: Code, _ advice: String) {
        self.code = code
        self.advice = advice
    }

    /// Code and advice.
    public var description: String { "The registry failed (\(code.rawValue)): \(advice)" }
}
