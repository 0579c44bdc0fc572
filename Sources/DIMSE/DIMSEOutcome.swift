public import DICOMCore

/// How an operation went: what its final response says.
public struct DIMSEOutcome: Sendable, Hashable {
    /// The status.
    public var status: DIMSEStatus
    /// For people; at most 64 characters are sent. Must hold no value from a Data Set.
    public var errorComment: String?
    /// The elements at fault.
    public var offendingElements: [Tag]

    /// Makes an outcome.
    public init(_ status: DIMSEStatus, errorComment: String? = nil, offendingElements: [Tag] = []) {
        self.status = status
        self.errorComment = errorComment
        self.offendingElements = offendingElements
    }

    /// All is well.
    public static let success = DIMSEOutcome(.success)
}
