import Synchronization

/// Lets many tasks in at a time, or one that must be alone.
///
/// Who wants to be alone waits for those inside, and nobody enters before it has had its turn.
public final class SharedGate: Sendable {
    private struct State {
        var inside = 0
        var isTaken = false
        /// Those who want to be alone, in their order.
        var alone: [CheckedContinuation<Void, Never>] = []
        /// Those who wait to enter.
        var outside: [CheckedContinuation<Void, Never>] = []

        /// Whose turn it is now that the gate may have come free.
        mutating func next() -> [CheckedContinuation<Void, Never>] {
            guard !isTaken else { return [] }
            guard alone.isEmpty else {
                guard inside == 0 else { return [] }
                isTaken = true
                return [alone.removeFirst()]
            }
            defer { outside = [] }
            inside += outside.count
            return outside
        }
    }

    private let state = Mutex(State())

    /// Makes a gate that nobody is in.
    public init() {}

    /// Does work beside others.
    public func together<Result>(_ work: () async throws -> Result) async rethrows -> Result {
        await wait { $0.outside.append($1) }
        defer { leave { $0.inside -= 1 } }
        return try await work()
    }

    /// Does work alone.
    ///
    /// Waits for ever when called by work that is inside.
    public func alone<Result>(_ work: () async throws -> Result) async rethrows -> Result {
        await wait { $0.alone.append($1) }
        defer { leave { $0.isTaken = false } }
        return try await work()
    }

    private func wait(_ line: (inout State, CheckedContinuation<Void, Never>) -> Void) async {
        await withCheckedContinuation { continuation in
            let next = state.withLock { state in
                line(&state, continuation)
                return state.next()
            }
            for each in next { each.resume() }
        }
    }

    private func leave(_ change: (inout State) -> Void) {
        let next = state.withLock { state in
            change(&state)
            return state.next()
        }
        for each in next { each.resume() }
    }
}
