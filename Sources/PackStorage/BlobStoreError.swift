public import Platform

/// Why a store of blobs failed.
public struct BlobStoreError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of failure.
    public enum Code: Hashable, Sendable {
        /// There is no such blob.
        case notFound
        /// The key is taken.
        case exists
        /// More was asked for than one read returns.
        case rangeTooLong
        /// The source of the bytes failed.
        case bodyFailed
        /// The disk failed.
        case disk(DiskError.Code)
        /// The task was cancelled.
        case cancelled
    }

    /// The kind of failure.
    public let code: Code
    /// What failed, for an operator.
    public let description: String

    /// Makes an error.
    public init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }

    /// The error for what the disk or the pool threw.
    init(_ error: any Error) {
        switch error {
        case let error as BlobStoreError: self = error
        case let error as DiskError where error.code == .notFound: self.init(.notFound, "there is no such blob")
        case let error as DiskError: self.init(.disk(error.code), error.description)
        default: self.init(.cancelled, "the work on the store was cancelled")
        }
    }
}
