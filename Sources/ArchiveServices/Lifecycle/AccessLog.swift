import ArchiveCatalog
import DICOMCore
import Logging
import Platform
import Synchronization

/// When studies were read, gathered in memory and written to the registry together.
///
/// A reader waits for nothing; a crash costs what was gathered last, which makes a study look older by minutes.
final class AccessLog: Sendable {
    /// A study that was noted within this time is not noted again.
    private static let resolution: Duration = .seconds(600)
    /// Studies that are remembered at most; the rest is forgotten and noted anew.
    private static let memoryLimit = 16_384

    private struct State {
        var pending: [UID: Timestamp] = [:]
        var noted: [UID: Timestamp] = [:]
    }

    private let state = Mutex(State())
    private let registry: any StudyNoteRegistry
    private let clock: any WallClock
    private let logger: Logger

    init(registry: any StudyNoteRegistry, clock: any WallClock, logger: Logger) {
        self.registry = registry
        self.clock = clock
        self.logger = logger
    }

    /// Remembers that a study is being read.
    func note(_ study: UID) {
        let now = clock.now()
        state.withLock { state in
            if let last = state.noted[study], last <= now, now < last.advanced(by: Self.resolution) { return }
            if state.noted.count >= Self.memoryLimit { state.noted.removeAll(keepingCapacity: true) }
            state.noted[study] = now
            state.pending[study] = now
        }
    }

    /// What is not yet in the registry.
    func pending(_ study: UID) -> Timestamp? {
        state.withLock { $0.pending[study] }
    }

    /// Writes what was gathered.
    func flush() async {
        let gathered = state.withLock { state in
            let gathered = state.pending
            state.pending = [:]
            return gathered
        }
        guard !gathered.isEmpty else { return }
        do throws(RegistryError) {
            try await registry.noteAccesses(gathered)
        } catch {
            logger.error(
                "times of access cannot be kept; it will be tried again",
                metadata: [LogKeys.error: "\(error)"]
            )
            state.withLock { state in state.pending.merge(gathered) { max($0, $1) } }
        }
    }
}
