import DICOMCore
import Synchronization

/// Which studies objects are being stored into, and which take none because they are being destroyed.
///
/// Whoever destroys the key of a study must know that nobody is about to acknowledge an object under it.
final class StudyTraffic: Sendable {
    private struct State {
        var inside: [UID: Int] = [:]
        var closed: Set<UID> = []
        var waiting: [UID: [CheckedContinuation<Void, Never>]] = [:]
    }

    private let state = Mutex(State())

    /// Begins to store into a study; `false` when it takes nothing.
    func enter(_ study: UID) -> Bool {
        state.withLock { state in
            guard !state.closed.contains(study) else { return false }
            state.inside[study, default: 0] += 1
            return true
        }
    }

    /// Ends what ``enter(_:)`` began.
    func leave(_ study: UID) {
        let waiting = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            let left = (state.inside[study] ?? 1) - 1
            state.inside[study] = left > 0 ? left : nil
            guard left <= 0 else { return [] }
            return state.waiting.removeValue(forKey: study) ?? []
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Lets nobody in any more, and waits until everybody is out.
    func close(_ study: UID) async {
        await withCheckedContinuation { continuation in
            let isEmpty = state.withLock { state in
                state.closed.insert(study)
                guard state.inside[study] != nil else { return true }
                state.waiting[study, default: []].append(continuation)
                return false
            }
            if isEmpty { continuation.resume() }
        }
    }

    /// Lets objects in again.
    func open(_ study: UID) {
        _ = state.withLock { $0.closed.remove(study) }
    }
}
