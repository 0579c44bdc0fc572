/// Why a file operation failed.
///
/// Holds no path: names of ours are random, and others' names do not belong in logs.
public struct DiskError: Error, Hashable, Sendable {
    /// The kind of failure.
    public enum Code: Hashable, Sendable {
        /// No such file or directory.
        case notFound
        /// The name exists already.
        case exists
        /// The volume or the quota is full.
        case noSpace
        /// The device failed.
        case io
        /// The user of this process may not do that.
        case permission
        /// The limit of open files is reached.
        case tooManyOpen
        /// The file was used after it was closed.
        case closed
        /// The volume of the folder is not mounted any more.
        case volumeGone
        /// Any other `errno`.
        case other(Int32)
    }

    /// The kind of failure.
    public let code: Code
    /// The operation that failed, for example `pwrite`.
    public let operation: String

    /// Makes an error.
    public init(_ code: Code, operation: String) {
        self.code = code
        self.operation = operation
    }
}

extension DiskError: CustomStringConvertible {
    /// What failed and why, for an operator.
    public var description: String {
        let reason =
            switch code {
            case .notFound: "no such file or directory"
            case .exists: "the name exists already"
            case .noSpace: "no space left on the volume; free some or raise the quota"
            case .io: "the device reported an error; check the volume"
            case .permission: "permission denied; check owner and mode"
            case .tooManyOpen: "too many open files; raise the limit (ulimit -n)"
            case .closed: "the file is closed"
            case .volumeGone: "the volume of the folder is gone: mount it again"
            case .other(let number): "errno " + String(number)
            }
        return operation + ": " + reason
    }
}
