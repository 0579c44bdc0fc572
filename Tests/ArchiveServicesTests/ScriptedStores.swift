import ArchiveServices
import PackStorage
import Synchronization

/// Stores that note what is asked of them, and keep new packs as widely as the test says.
final class ScriptedStores: PackDestroying {
    struct State {
        var isKept = false
        var carried: Set<PackID> = []
        var destroyed: Set<PackID> = []
    }

    let state = Mutex(State())

    func destroy(_ pack: PackID) async throws(PackError) {
        state.withLock { _ = $0.destroyed.insert(pack) }
    }

    func carry(_ successor: PackID, asWidelyAs old: [PackID]) async throws(PackError) {
        state.withLock { _ = $0.carried.insert(successor) }
    }

    func isKept(_ successor: PackID, asWidelyAs old: PackID) async throws(PackError) -> Bool {
        state.withLock { $0.isKept }
    }
}
