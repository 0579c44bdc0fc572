/// How many connections and associations there may be at a time.
public struct AdmissionLimits: Sendable, Hashable {
    /// Associations; `limits.association.total`.
    public var associationCount = 128
    /// Associations with one peer address; `limits.association.per-peer`.
    public var associationCountByPeer = 16
    /// Connections that have not asked for an association; `limits.association.half-open`.
    public var halfOpenCount = 64
    /// Connections of one peer address that have not asked for an association; `limits.association.half-open-per-peer`.
    public var halfOpenCountByPeer = 16

    /// Makes the default limits.
    public init() {}
}
