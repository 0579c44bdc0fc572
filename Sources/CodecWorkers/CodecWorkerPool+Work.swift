import DICOMPixels
import Logging
import NIOCore
import Platform
import Synchronization

// What happens on a thread that may block; the caller holds the slot.
extension CodecWorkerPool {
    /// Lets the worker of a slot do a job, starting it first if there is none.
    func run(_ job: Job, in slot: Int, _ interruption: Interruption) -> Result<ByteBuffer, PixelError> {
        let worker: CodecWorker
        do throws(PixelError) {
            worker = try readyWorker(in: slot)
        } catch {
            return .failure(error)
        }
        defer { interruption.end() }
        guard interruption.begin(worker) else {
            keep(worker, in: slot)
            return .failure(PixelError(.timedOut, "given up by who asked for it"))
        }
        do throws(CodecWorker.Failure) {
            let deadline = NIODeadline.now() + TimeAmount(limits.time)
            let result = try worker.perform(job.request, job.input, resultLimit: job.resultLimit, deadline: deadline)
            interruption.end()
            keep(worker, in: slot)
            return checked(result, job)
        } catch {
            interruption.end()
            let reason = worker.end()
            guard !interruption.isInterrupted else {
                return .failure(PixelError(.timedOut, "given up by who asked for it"))
            }
            let failure =
                switch error {
                case .timedOut: PixelError(.timedOut, "the codec took longer than limits.pixels.time")
                case .lost: PixelError(.workerLost, "the codec process ended: \(reason)")
                }
            logger.warning(
                "a codec process was lost with its frame",
                metadata: [
                    LogKeys.reason: "\(failure)",
                    LogKeys.transferSyntaxUID: "\(job.request.transferSyntax)",
                ]
            )
            return .failure(failure)
        }
    }

    /// Ends what has died while it waited for work, so that nothing is left of it.
    func sweep() {
        let dead = state.withLock { $0.takeIdleWorkers { !$0.isAlive } }
        for worker in dead { tellOfDeath(worker.end()) }
    }

    private func checked(_ result: Result<ByteBuffer, PixelError>, _ job: Job) -> Result<ByteBuffer, PixelError> {
        guard case .success(let bytes) = result, job.request.operation == .decode,
            bytes.readableBytes != job.resultLimit
        else { return result }
        return .failure(PixelError(.mismatch, "\(bytes.readableBytes) bytes, a frame has \(job.resultLimit)"))
    }

    private func keep(_ worker: CodecWorker, in slot: Int) {
        guard !worker.use.isSpent(useLimit), worker.isAlive else {
            _ = worker.end()
            return
        }
        state.withLock { $0.keep(worker, in: slot) }
    }

    private func readyWorker(in slot: Int) throws(PixelError) -> CodecWorker {
        if let worker = state.withLock({ $0.takeWorker(in: slot) }) {
            guard !worker.isAlive else { return worker }
            tellOfDeath(worker.end())
        }
        if let wait = state.withLock({ $0.backOff.wait(.now()) }) {
            let seconds = wait.nanoseconds / 1_000_000_000 + 1
            throw PixelError(.workerLost, "the codec process does not start; tried again in \(seconds) s")
        }
        do throws(WorkerStartError) {
            let deadline = NIODeadline.now() + Self.startTime
            let worker = try CodecWorker(executable: executable, command: command, limits: limits, deadline: deadline)
            tellOfSeal(state.withLock { $0.started(worker) })
            return worker
        } catch {
            state.withLock { $0.backOff.failed(.now()) }
            logger.error("the codec process does not start", metadata: [LogKeys.reason: "\(error)"])
            throw PixelError(.workerLost, "the codec process does not start: \(error)")
        }
    }

    private func tellOfDeath(_ reason: String) {
        logger.warning("a codec process has ended while it had nothing to do", metadata: [LogKeys.reason: "\(reason)"])
    }

    private func tellOfSeal(_ isNews: Bool) {
        guard isNews else { return }
        logger.warning("the kernel has no seccomp filters: codec processes are confined by limits of memory alone")
    }
}

extension PoolState {
    /// A worker has started; whether it is news that the kernel does not confine it.
    mutating func started(_ worker: CodecWorker) -> Bool {
        backOff.succeeded()
        defer { hasToldOfSeal = hasToldOfSeal || !worker.isSealed }
        return !worker.isSealed && !hasToldOfSeal
    }
}
