import NIOCore

/// Runs tasks on an event loop, so that a task and the handler that feeds it share a thread.
final class EventLoopTaskExecutor: TaskExecutor {
    private let eventLoop: any EventLoop

    init(_ eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        eventLoop.execute {
            // The job is run once, here: the only place that it was handed to.
            unsafe job.runSynchronously(on: self.asUnownedTaskExecutor())
        }
    }
}
