import CodecWorkers
import DICOMPixels
import Logging
import NIOPosix
import Platform
import ServiceLifecycle

/// The codecs of this program: processes of their own, and the threads that wait for them.
///
/// No process is there before the first frame that needs one.
struct CodecProcesses: Service {
    let codec: CodecWorkerPool
    /// Reads text in pictures; its processes, too, start with the first one.
    let recognizer: TextWorkerPool
    /// The threads, for what else has to wait.
    let pool: WorkPool
    private let threads: NIOThreadPool

    init(_ limits: PixelLimits, _ logger: Logger) {
        let count = CodecWorkerPool.standardCount
        // A third of them wait for processes with codecs, a third for those that read text, a third run the codecs that
        // are our own; none is one that files or the index wait for.
        threads = NIOThreadPool(numberOfThreads: 3 * count)
        threads.start()
        pool = WorkPool(threads: threads)
        codec = CodecWorkerPool(
            executable: "/proc/self/exe",
            count: count,
            limits: limits,
            workPool: pool,
            logger: logger
        )
        recognizer = TextWorkerPool(
            executable: "/proc/self/exe",
            count: count,
            limits: limits,
            workPool: pool,
            logger: logger
        )
    }

    /// Runs until the doors have closed, then ends the processes.
    func run() async throws {
        await cancelWhenGracefulShutdown {
            await runPools()
        }
    }

    private func runPools() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await codec.run() }
            group.addTask { await recognizer.run() }
        }
    }

    /// Runs for as long as a piece of work, then ends the processes.
    func run<Result: Sendable>(_ work: sending () async throws -> Result) async throws -> Result {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await runPools() }
            defer { group.cancelAll() }
            return try await work()
        }
    }

    /// Ends the threads, when nobody decodes any more.
    func close() async throws {
        try await threads.shutdownGracefully()
    }
}
