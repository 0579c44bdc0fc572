public import DICOMUpperLayer

/// Why a message could not be received or sent.
public struct DIMSEError: Error, Hashable, Sendable {
    /// What went wrong.
    public let code: Code

    /// What can go wrong.
    public enum Code: Sendable, Hashable {
        /// The association ended before the message did.
        case associationEnded(AssociationEnd)
        /// The connection to a peer could not be opened.
        case connectFailed
        /// The peer asked to release in the middle of a message.
        case releasedMidMessage
        /// A Command Set that cannot be decoded, or lacks what every command has.
        case commandInvalid
        /// A Command Set longer than `limits.dimse.command-length`.
        case commandTooLong
        /// Fragments of a command and a Data Set, or of two contexts, mixed up.
        case fragmentUnexpected
        /// A Data Set longer than `limits.data-set.instance-length`, or `limits.dimse.identifier-length` for a query.
        case dataSetTooLong
        /// A response that answers no request of ours.
        case responseUnexpected
        /// The peer has sent C-CANCEL.
        case cancelled
        /// No accepted presentation context for what is to be sent.
        case noPresentationContext
    }

    /// Makes an error.
    public init(_ code: Code) {
        self.code = code
    }

    /// What to tell the peer when this ends the association; `nil` when it is over already.
    var abort: Abort? {
        switch code {
        case .associationEnded, .connectFailed: nil
        case .releasedMidMessage, .fragmentUnexpected: .provider(.unexpectedPDU)
        case .commandInvalid, .commandTooLong: .provider(.invalidPDUParameterValue)
        case .dataSetTooLong, .responseUnexpected, .cancelled, .noPresentationContext: .serviceUser
        }
    }
}
