import Synchronization

/// How much damage is known.
final class IntegrityCondition: Sendable {
    private let damaged = Mutex(0)

    /// Damaged instances and packs that the last looks found.
    var damagedCount: Int { damaged.withLock { $0 } }

    func set(damaged count: Int) {
        damaged.withLock { $0 = count }
    }

    func add(damaged count: Int) {
        damaged.withLock { $0 += count }
    }
}

/// How the archive is, for an operator.
public struct ArchiveCondition: Sendable, Hashable {
    /// Why nothing new is stored now; `nil` while the archive stores.
    public let readOnlyReason: String?
    /// Why not all that is stored can be relied on; `nil` when nothing is known to be wrong.
    public let degradedReason: String?

    /// Makes a condition.
    public init(readOnlyReason: String? = nil, degradedReason: String? = nil) {
        self.readOnlyReason = readOnlyReason
        self.degradedReason = degradedReason
    }
}
