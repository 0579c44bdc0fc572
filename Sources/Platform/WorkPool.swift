public import NIOPosix

/// Threads for work that blocks: system calls on files, SQLite, codecs.
///
/// Event loops and the cooperative pool never do it.
public struct WorkPool: Sendable {
    private let threads: NIOThreadPool

    /// Makes a pool on threads that the caller has started and will shut down.
    public init(threads: NIOThreadPool) {
        self.threads = threads
    }

    /// Runs `body` on one of the threads and returns what it returns.
    ///
    /// - Throws: What `body` throws, or `CancellationError` when the task was cancelled before `body` began.
    public func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await threads.runIfActive(body)
    }
}
