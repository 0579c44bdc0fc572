/// Counts connections and associations, in all and by peer, and says when it is enough.
struct AdmissionLedger: Sendable {
    private struct Count {
        var associations = 0
        var halfOpen = 0
    }

    private let limits: AdmissionLimits
    private var total = Count()
    private var byPeer: [String: Count] = [:]

    init(limits: AdmissionLimits) {
        self.limits = limits
    }

    /// Counts a connection that has not asked for an association yet; `false`: too many.
    mutating func connect(_ peer: String) -> Bool {
        guard total.halfOpen < limits.halfOpenCount,
            byPeer[peer, default: Count()].halfOpen < limits.halfOpenCountByPeer
        else { return false }
        total.halfOpen += 1
        byPeer[peer, default: Count()].halfOpen += 1
        return true
    }

    /// Turns a half-open connection into an association; `false`: too many, it stays half-open.
    mutating func associate(_ peer: String) -> Bool {
        guard total.associations < limits.associationCount,
            byPeer[peer, default: Count()].associations < limits.associationCountByPeer
        else { return false }
        total.halfOpen -= 1
        total.associations += 1
        byPeer[peer, default: Count()].halfOpen -= 1
        byPeer[peer, default: Count()].associations += 1
        return true
    }

    /// Forgets a connection that is closed.
    mutating func close(_ peer: String, wasAssociated: Bool) {
        var count = byPeer[peer, default: Count()]
        if wasAssociated {
            total.associations -= 1
            count.associations -= 1
        } else {
            total.halfOpen -= 1
            count.halfOpen -= 1
        }
        byPeer[peer] = count.associations == 0 && count.halfOpen == 0 ? nil : count
    }
}
