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

    /// Counts a connection that has not asked for an association yet.
    ///
    /// - Returns: The limit that forbids it, by its name in the configuration; `nil` when it is counted.
    mutating func connect(_ peer: String) -> String? {
        guard total.halfOpen < limits.halfOpenCount else { return "limits.association.half-open" }
        guard byPeer[peer, default: Count()].halfOpen < limits.halfOpenCountByPeer else {
            return "limits.association.half-open-per-peer"
        }
        total.halfOpen += 1
        byPeer[peer, default: Count()].halfOpen += 1
        return nil
    }

    /// Turns a half-open connection into an association.
    ///
    /// - Returns: The limit that forbids it, by its name in the configuration: it stays half-open; else `nil`.
    mutating func associate(_ peer: String) -> String? {
        guard total.associations < limits.associationCount else { return "limits.association.total" }
        guard byPeer[peer, default: Count()].associations < limits.associationCountByPeer else {
            return "limits.association.per-peer"
        }
        total.halfOpen -= 1
        total.associations += 1
        byPeer[peer, default: Count()].halfOpen -= 1
        byPeer[peer, default: Count()].associations += 1
        return nil
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
