import DICOMCore
import PackStorage
import Synchronization

/// What is known to be damaged.
final class IntegrityCondition: Sendable {
    private struct State {
        var instances: Set<UID> = []
        var packs: Set<VerificationReport.DamagedPack> = []
        /// Places in packs that the last full look could not read.
        var problemCount = 0

        var count: Int { instances.count + packs.count + problemCount }
    }

    private let state = Mutex(State())

    /// Damaged instances and packs that are known now.
    var damagedCount: Int { state.withLock { $0.count } }

    /// After a look at everything: what it found is how the archive is.
    func set(_ report: VerificationReport) {
        state.withLock { state in
            state.instances = Set(report.damaged.map(\.sopInstanceUID))
            state.packs = []
            state.problemCount = report.packProblems
        }
    }

    /// After a look at a part.
    func note(damaged: Set<UID>) {
        state.withLock { $0.instances.formUnion(damaged) }
    }

    /// An instance was read back whole.
    func noteSound(_ uid: UID) {
        state.withLock { state in
            guard !state.instances.isEmpty else { return }
            state.instances.remove(uid)
        }
    }

    /// A copy of a pack in another store was read.
    func note(_ pack: PackID, in store: StoreName, isSound: Bool) {
        let copy = VerificationReport.DamagedPack(packID: pack, store: store)
        state.withLock { state in
            if isSound { state.packs.remove(copy) } else { state.packs.insert(copy) }
        }
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
