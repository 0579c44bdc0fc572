import Synchronization

/// How many bytes of frames may be in memory at a time, whoever asks for them.
///
/// Who finds none left waits in line. A task holds one reservation at a time, so that none waits for another that waits.
final class MemoryBudget: Sendable {
    private struct Waiter: Sendable {
        let id: Int
        let length: Int
        let continuation: CheckedContinuation<Bool, Never>
    }

    private struct State: Sendable {
        var available: Int
        var waiters: [Waiter] = []
        var nextID = 0
    }

    private enum Turn {
        case granted
        case refused
    }

    /// Who stands in line beyond that is refused.
    private static let waiterLimit = 4_096

    private let limit: Int
    private let state: Mutex<State>

    /// - Parameter limit: Bytes; one frame that is larger than all of it goes alone.
    init(limit: Int) {
        self.limit = max(1, limit)
        state = Mutex(State(available: max(1, limit)))
    }

    /// Waits until so many bytes are free, and takes them.
    ///
    /// - Throws: `.unavailable` when the task is cancelled, or too many wait.
    func reserve(_ length: Int) async throws(ArchiveError) -> MemoryReservation {
        let length = min(max(1, length), limit)
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        let isGranted = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                enter(Waiter(id: id, length: length, continuation: continuation))
            }
        } onCancel: {
            leave(id)
        }
        guard isGranted else { throw ArchiveError(.unavailable, "Too many frames are being made: ask again later") }
        return MemoryReservation(budget: self, length: length)
    }

    private func enter(_ waiter: Waiter) {
        let turn: Turn? = state.withLock { state in
            if Task.isCancelled || state.waiters.count >= Self.waiterLimit { return .refused }
            guard state.waiters.isEmpty, state.available >= waiter.length else {
                state.waiters.append(waiter)
                return nil
            }
            state.available -= waiter.length
            return .granted
        }
        if let turn { waiter.continuation.resume(returning: turn == .granted) }
    }

    private func leave(_ id: Int) {
        let left: Waiter? = state.withLock { state in
            state.waiters.firstIndex { $0.id == id }.map { state.waiters.remove(at: $0) }
        }
        left?.continuation.resume(returning: false)
        // Who stood behind may fit now.
        free(0)
    }

    fileprivate func free(_ length: Int) {
        let next: [Waiter] = state.withLock { state in
            state.available += length
            var granted: [Waiter] = []
            while let first = state.waiters.first, state.available >= first.length {
                state.available -= first.length
                granted.append(state.waiters.removeFirst())
            }
            return granted
        }
        for waiter in next { waiter.continuation.resume(returning: true) }
    }
}

/// Bytes that are taken from a budget until nobody holds this any more.
final class MemoryReservation: Sendable {
    private let budget: MemoryBudget
    private let length: Mutex<Int>

    fileprivate init(budget: MemoryBudget, length: Int) {
        self.budget = budget
        self.length = Mutex(length)
    }

    deinit { budget.free(length.withLock { $0 }) }

    /// Gives back what is not needed any more.
    func shrink(to rest: Int) {
        let freed = length.withLock { length in
            let freed = max(0, length - rest)
            length -= freed
            return freed
        }
        if freed > 0 { budget.free(freed) }
    }
}
