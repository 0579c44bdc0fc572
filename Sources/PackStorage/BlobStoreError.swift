public import Platform

/// Why a store of blobs failed.
///
/// Holds no secret: neither keys nor signed addresses, nor what a server wrote beside its code.
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
        /// The blob must be thawed before it can be read.
        case frozen
        /// The store does not answer, or not now: network, overload, an open circuit. Trying later may help.
        case unavailable
        /// The store knows this caller, or does not, and lets it not do that.
        case denied
        /// The bytes that were sent, kept, or received are not those that were meant.
        case corrupt
        /// The store does not do what was asked, and will not when asked again.
        case refused
        /// The task was cancelled.
        case cancelled
    }

    /// The kind of failure.
    public let code: Code
    /// What failed, for an operator.
    public let description: String
    /// How long the store asks to be left alone.
    public let retryAfter: Duration?

    /// Makes an error.
    public init(_ code: Code, _ description: String, retryAfter: Duration? = nil) {
        self.code = code
        self.description = description
        self.retryAfter = retryAfter
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
