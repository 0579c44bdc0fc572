public import DICOMCore
public import DICOMPixels
public import Logging
public import NIOCore
public import Platform
import Synchronization

/// The port on a pool of processes: a codec that crashes, hangs or eats memory costs one frame.
///
/// Processes start with the first frame that needs one and stay for the next. Frames wait in order of arrival when all
/// are at work. Codecs of our own (native, RLE) run in this process.
public final class CodecWorkerPool: PixelCodec {
    /// What a frame is to a worker.
    struct Job: Sendable {
        let request: WorkerRequest
        let input: ByteBuffer
        let resultLimit: Int
    }

    /// So many frames may wait; each is a task of somebody who is answered only after it.
    static let queueLimit = 4_096
    /// How long a process may take until it is ready.
    static let startTime = TimeAmount.seconds(15)
    private static let sweepInterval: Duration = .seconds(10)

    let executable: String
    let command: String
    let limits: PixelLimits
    let useLimit: WorkerUse.Limit
    let logger: Logger
    let state: Mutex<PoolState>
    private let codec: any FrameCodec
    private let inProcess: InProcessCodec
    private let workPool: WorkPool

    /// Makes a pool without a process.
    ///
    /// - Parameters:
    ///   - executable: The program that is a worker when its argument is `codec-worker`: `/proc/self/exe`.
    ///   - count: Processes at most, at least one.
    ///   - workPool: Threads that may block for as long as a frame may take, at least `count` of them. They must live as
    ///     long as the pool: a worker ends with the thread that started it.
    public convenience init(
        executable: String,
        count: Int,
        limits: PixelLimits,
        workPool: WorkPool,
        logger: Logger
    ) {
        self.init(
            executable: executable,
            count: count,
            limits: limits,
            useLimit: WorkerUse.Limit(),
            workPool: workPool,
            codec: LibraryCodecs(),
            logger: logger
        )
    }

    init(
        executable: String,
        command: String = CodecWorkerProcess.command,
        count: Int,
        limits: PixelLimits,
        useLimit: WorkerUse.Limit,
        queueLimit: Int = queueLimit,
        workPool: WorkPool,
        codec: any FrameCodec,
        logger: Logger
    ) {
        self.executable = executable
        self.command = command
        self.limits = limits
        self.useLimit = useLimit
        self.workPool = workPool
        self.codec = codec
        self.logger = logger
        inProcess = InProcessCodec(workPool: workPool, limits: limits, codec: codec)
        state = Mutex(PoolState(count: max(1, count), queueLimit: queueLimit))
    }

    /// Processes that do for this machine.
    public static var standardCount: Int { min(4, max(1, NIOCore.System.coreCount)) }

    /// Decodes one frame.
    ///
    /// - Throws: What the codec throws; `.timedOut` also for a task that is cancelled; `.workerLost`.
    public func decode(
        _ encoded: ByteBuffer,
        in transferSyntax: TransferSyntax,
        as format: PixelFormat
    ) async throws(PixelError) -> PixelFrame {
        guard codec.canDecode(transferSyntax), !codec.isSafeInProcess(transferSyntax) else {
            return try await inProcess.decode(encoded, in: transferSyntax, as: format)
        }
        try demand(encoded.readableBytes, "the compressed frame")
        let format = format.corrected(by: encoded, in: transferSyntax)
        let result = try format.decoded(from: transferSyntax)
        try demand(result.frameLength, "the frame")
        let request = WorkerRequest(
            .decode,
            in: transferSyntax,
            format,
            frameLimit: limits.frameLength,
            inputLength: encoded.readableBytes
        )
        let bytes = try await perform(Job(request: request, input: encoded, resultLimit: result.frameLength))
        return try PixelFrame(result, bytes)
    }

    /// Encodes one frame.
    ///
    /// - Throws: What the codec throws; `.timedOut` also for a task that is cancelled; `.workerLost`.
    public func encode(
        _ frame: PixelFrame,
        in transferSyntax: TransferSyntax,
        options: EncodingOptions
    ) async throws(PixelError) -> ByteBuffer {
        guard codec.canEncode(transferSyntax), !codec.isSafeInProcess(transferSyntax) else {
            return try await inProcess.encode(frame, in: transferSyntax, options: options)
        }
        let length = frame.bytes.readableBytes
        try demand(length, "the frame")
        let request = WorkerRequest(
            .encode,
            in: transferSyntax,
            frame.format,
            options: options,
            frameLimit: limits.frameLength,
            inputLength: length
        )
        // No scheme makes more of noise, and pages that are not written take no memory.
        return try await perform(
            Job(request: request, input: frame.bytes, resultLimit: min(2 * length + 1 << 16, 1 << 31))
        )
    }

    /// Watches the workers until it is cancelled, then ends them all.
    ///
    /// Frames in progress and waiting ones are given up then; later ones are refused.
    public func run() async {
        while !Task.isCancelled {
            do {
                try await Task.sleep(for: Self.sweepInterval)
                await workPool.runToEnd { self.sweep() }
            } catch {
                break
            }
        }
        await close()
    }

    private func demand(_ length: Int, _ what: String) throws(PixelError) {
        guard length <= limits.frameLength else {
            throw PixelError(.tooLarge, "\(what) has \(length) bytes, \(limits.frameLength) are allowed")
        }
    }

    /// Waits for a worker and lets it do a job.
    func perform(_ job: Job) async throws(PixelError) -> ByteBuffer {
        let slot = try await acquire()
        let interruption = Interruption()
        state.withLock { $0.begin(interruption, in: slot) }
        let outcome: Result<ByteBuffer, PixelError>
        do {
            outcome = try await withTaskCancellationHandler {
                try await workPool.run { self.run(job, in: slot, interruption) }
            } onCancel: {
                interruption.interrupt()
            }
        } catch {
            outcome = .failure(PixelError(.timedOut, "given up before it began"))
        }
        state.withLock { $0.release(slot) }?.perform()
        return try outcome.get()
    }

    private func acquire() async throws(PixelError) -> Int {
        let ticket = state.withLock { $0.nextTicket() }
        let slot: Result<Int, PixelError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                state.withLock { $0.admit(ticket, continuation, isCancelled: Task.isCancelled) }?.perform()
            }
        } onCancel: {
            state.withLock { $0.withdraw(ticket) }?.perform()
        }
        return try slot.get()
    }

    /// Ends all workers; frames in progress are given up.
    private func close() async {
        await withCheckedContinuation { continuation in
            let consequences = state.withLock { $0.close(continuation) }
            for consequence in consequences { consequence.perform() }
        }
        await workPool.runToEnd {
            for worker in self.state.withLock({ $0.takeIdleWorkers { _ in true } }) { _ = worker.end() }
        }
    }
}
