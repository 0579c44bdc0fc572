import Synchronization

/// Ends the wait for a worker when the caller has gone.
final class Interruption: Sendable {
    private struct State {
        var isInterrupted = false
        var control: ControlSocket?
        var process: Int32?
    }

    private let state = Mutex(State())

    /// Whether the caller has gone.
    var isInterrupted: Bool { state.withLock { $0.isInterrupted } }

    /// The process that is waited for.
    var process: Int32? { state.withLock { $0.process } }

    /// A wait for this worker begins; `false` when the caller has gone already.
    func begin(_ worker: CodecWorker) -> Bool {
        state.withLock { state in
            state.control = worker.control
            state.process = worker.child
            return !state.isInterrupted
        }
    }

    /// The wait is over: an interruption no longer reaches the worker.
    func end() {
        state.withLock { state in
            state.control = nil
            state.process = nil
        }
    }

    /// The caller goes.
    func interrupt() {
        state.withLock { state in
            state.isInterrupted = true
            state.control?.interrupt()
        }
    }
}
