import PackStorage
import Platform

/// Why an export does not go on, or cannot begin; holds no value of a Data Set.
public struct ExportError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What went wrong.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// The place cannot be one of an export, or something else lies there.
        case badDestination
        /// What an interrupted export had written is gone or was changed.
        case lost
        /// There is no room for it.
        case noSpace
        /// The place does not answer, or not now.
        case unavailable
        /// The place does not take an object.
        case refused
        /// What was read back is not what was written.
        case damaged
    }

    /// What went wrong.
    public let code: Code
    /// What it was, and what to do.
    public let description: String

    /// Makes an error.
    public init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }

    init(_ error: DiskError, at place: String) {
        self.init(error.code == .noSpace ? .noSpace : .unavailable, "\(place): \(error)")
    }

    init(_ error: BlobStoreError) {
        switch error.code {
        case .disk(.noSpace): self.init(.noSpace, error.description)
        case .corrupt: self.init(.damaged, error.description)
        case .refused, .denied: self.init(.refused, error.description)
        default: self.init(.unavailable, error.description)
        }
    }
}
