/// How an association came to its end.
public enum AssociationEnd: Sendable, Hashable {
    /// Both sides agreed.
    case released
    /// The requestor's request was refused.
    case rejected(AssociateReject)
    /// The peer sent A-ABORT.
    case abortedByPeer(Abort)
    /// The user on this side aborted.
    case abortedLocally
    /// The peer broke the protocol: the bytes were no PDU.
    case invalidPDU(PDUError)
    /// The peer broke the protocol: the PDU must not come in this state.
    case unexpectedPDU
    /// The connection went away.
    case connectionLost
    /// The peer did not send its request, or its answer to ours, within ARTIM.
    case associateTimedOut
    /// The peer was silent, or did not read, for longer than the `idle` limit.
    case idle
    /// The peer sent less than the `throughputFloor` limit in the middle of a message.
    case tooSlow
}

/// Why an operation of the upper layer failed.
public struct UpperLayerError: Error, Hashable, Sendable {
    /// What failed.
    public let code: Code

    /// What can fail.
    public enum Code: Sendable, Hashable {
        /// The connection could not be opened.
        case connectFailed
        /// The association is over.
        case ended(AssociationEnd)
        /// No address to listen at, or it is taken.
        case bindFailed
    }

    init(_ code: Code) {
        self.code = code
    }
}

extension UpperLayerError: CustomStringConvertible {
    /// What failed, for people.
    public var description: String {
        switch code {
        case .connectFailed: "the connection to the peer could not be opened"
        case .bindFailed: "the address cannot be listened at"
        case .ended(let end): "the association is over: \(end)"
        }
    }
}
