import ArchiveCatalog
import Platform
import Synchronization

/// A job that works in this process: its record as it is now, and what is wished of it.
final class LiveJob: Sendable {
    private struct State {
        var record: JobRecord
        var wish: JobInterruption?
        /// When the registry heard of it last.
        var savedAt: Timestamp
    }

    private let state: Mutex<State>

    init(_ record: JobRecord, savedAt: Timestamp) {
        state = Mutex(State(record: record, wish: nil, savedAt: savedAt))
    }

    var record: JobRecord { state.withLock { $0.record } }

    /// Why it is to stop; the first wish counts, but cancelling always does.
    var wish: JobInterruption? { state.withLock { $0.wish } }

    func interrupt(_ wish: JobInterruption) {
        state.withLock { state in
            if state.wish == nil || wish == .cancelled { state.wish = wish }
        }
    }

    /// Changes the record.
    func update(_ body: (inout JobRecord) -> Void) {
        state.withLock { body(&$0.record) }
    }

    /// The record, when the registry has not heard of it for that long.
    func takeForSaving(now: Timestamp, interval: Duration) -> JobRecord? {
        state.withLock { state in
            guard state.savedAt.advanced(by: interval) <= now || now < state.savedAt else { return nil }
            state.savedAt = now
            return state.record
        }
    }
}
