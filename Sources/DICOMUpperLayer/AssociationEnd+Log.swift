import Logging
import Platform

extension AssociationEnd {
    /// What an operator should know of an end that a rule or a limit brought about; `nil` for all others.
    var complaint: (message: Logger.Message, metadata: Logger.Metadata)? {
        switch self {
        case .released, .rejected, .abortedByPeer, .abortedLocally, .connectionLost: nil
        case .unexpectedPDU: ("association aborted", [LogKeys.reason: "a PDU that must not come in this state"])
        case .invalidPDU(let error): ("association aborted", error.metadata)
        case .associateTimedOut:
            ("connection closed", [LogKeys.reason: "no request in time", LogKeys.limit: "limits.association.artim"])
        case .idle:
            (
                "association aborted",
                [LogKeys.reason: "silent or not reading", LogKeys.limit: "limits.association.idle-time"]
            )
        case .tooSlow: ("association aborted", [LogKeys.reason: "too slow", LogKeys.limit: "limits.association.pace"])
        }
    }
}

extension PDUError {
    fileprivate var metadata: Logger.Metadata {
        var metadata: Logger.Metadata = [LogKeys.reason: "\(code)", "pduType": "\(pduType)"]
        if let limit {
            metadata[LogKeys.limit] = "\(limit.name)"
            metadata["value"] = "\(limit.value)"
        }
        return metadata
    }
}
