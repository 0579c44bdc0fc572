public import Platform

/// The instance whose attributes stand for its series, study and patient: the smallest one.
///
/// Ordered by when it was received, then by record id; so every catalog chooses the same one whatever the order of
/// insertion.
public struct DefiningInstance: Sendable, Hashable, Comparable {
    /// When the instance was received.
    public let receivedAt: Timestamp
    /// The id of its record.
    public let recordID: RandomID

    /// Makes one from its parts.
    public init(receivedAt: Timestamp, recordID: RandomID) {
        self.receivedAt = receivedAt
        self.recordID = recordID
    }

    /// Orders by time, then by record id.
    public static func < (left: DefiningInstance, right: DefiningInstance) -> Bool {
        (left.receivedAt, left.recordID) < (right.receivedAt, right.recordID)
    }
}

extension InstanceRecord {
    /// The record as a candidate for its series, study and patient.
    public var defining: DefiningInstance {
        DefiningInstance(receivedAt: receivedAt, recordID: location.recordID)
    }
}
