public import NIOPosix

/// Threads for work that blocks: system calls on files, SQLite, codecs.
///
/// Event loops and the cooperative pool never do it.
public struct WorkPool: Sendable {
    private let threads: NIOThreadPool
    private let executor: WorkPoolExecutor

    /// Makes a pool on threads that the caller has started and will shut down.
    public init(threads: NIOThreadPool) {
        self.threads = threads
        executor = WorkPoolExecutor(threads: threads)
    }

    /// Runs tasks on the threads of the pool.
    ///
    /// A task that prefers it does its blocking work in place: one change of thread for a chain of steps instead of two
    /// for each.
    public var taskExecutor: any TaskExecutor { executor }

    /// Whether the current task runs on the threads of this pool, so that it may block.
    public var isCurrent: Bool {
        // The reference to the task does not leave the closure, and the executor lives as long as the pool.
        unsafe withUnsafeCurrentTask { task in unsafe task?.unownedTaskExecutor == executor.asUnownedTaskExecutor() }
    }

    /// Runs `body` on one of the threads and returns what it returns.
    ///
    /// - Throws: What `body` throws, or `CancellationError` when the task was cancelled before `body` began.
    public func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        guard isCurrent else { return try await threads.runIfActive(body) }
        try Task.checkCancellation()
        return try body()
    }

    /// Runs `body` on one of the threads, whether or not the task is cancelled.
    public func runToEnd<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async -> Result {
        guard !isCurrent else { return body() }
        return await withCheckedContinuation { continuation in
            threads.submit { _ in continuation.resume(returning: body()) }
        }
    }
}

/// Hands the jobs of tasks to the threads of a pool.
private final class WorkPoolExecutor: TaskExecutor {
    private let threads: NIOThreadPool

    init(threads: NIOThreadPool) {
        self.threads = threads
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        // A pool that is shut down runs the closure at once: a task must come to its end in any case.
        threads.submit { _ in
            // The job is run once, here: the only place that it was handed to.
            unsafe job.runSynchronously(on: self.asUnownedTaskExecutor())
        }
    }
}
