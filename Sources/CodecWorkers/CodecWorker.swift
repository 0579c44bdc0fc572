import CLinux
import DICOMPixels
import Glibc
import NIOCore
import Synchronization

/// A process that runs codecs, seen from ours.
///
/// Its calls block. It is used by one thread at a time: whoever holds the slot that it is in; so nobody waits for its locks.
final class CodecWorker: Sendable {
    /// What keeps a request from an answer.
    enum Failure: Error, Sendable, Hashable {
        /// The deadline came first.
        case timedOut
        /// The process has ended, or does not keep to the protocol.
        case lost
    }

    let control: ControlSocket
    /// Whether the kernel keeps the process from all but computing.
    let isSealed: Bool
    let child: pid_t
    private let hasEnded = Mutex(false)
    private let work: Mutex<Work>

    /// What changes with each request.
    private struct Work {
        let memory: SharedMemory
        var use = WorkerUse()
    }

    /// What it has done so far.
    var use: WorkerUse { work.withLock { $0.use } }

    /// Starts the process and waits until it is ready.
    init(
        executable: String,
        command: String,
        limits: PixelLimits,
        deadline: NIODeadline
    ) throws(WorkerStartError) {
        let memory = try SharedMemory()
        let memoryDescriptor = memory.descriptor
        work = Mutex(Work(memory: memory))
        let (ours, theirs) = try Self.socketPair()
        control = ControlSocket(descriptor: ours)
        do throws(WorkerStartError) {
            child = try Self.spawn(
                executable,
                command,
                limits.workerMemory,
                control: theirs,
                memory: memoryDescriptor
            )
        } catch {
            close(theirs)
            throw error
        }
        close(theirs)
        guard case .message(let message) = control.receive(upTo: WorkerAnswer.lengthLimit, until: deadline),
            case .ready(let isSealed) = WorkerAnswer(message)?.outcome
        else {
            isSealed = false
            // What is thrown away here is ended once more, which does nothing then.
            throw WorkerStartError("it ends before it is ready: \(end())")
        }
        self.isSealed = isSealed
    }

    deinit {
        _ = end()
    }

    /// Whether the process is there.
    var isAlive: Bool { !hasEnded.withLock { $0 } && control.isConnected }

    /// Lets the process do one thing.
    ///
    /// - Parameters:
    ///   - input: The bytes that `request` is about.
    ///   - resultLimit: How long the result may be.
    /// - Returns: The result, or what the codec says against it.
    /// - Throws: After an error the worker can only be ended.
    func perform(
        _ request: WorkerRequest,
        _ input: ByteBuffer,
        resultLimit: Int,
        deadline: NIODeadline
    ) throws(Failure) -> Result<ByteBuffer, PixelError> {
        try work.withLock { work throws(Failure) in
            try perform(request, input, resultLimit: resultLimit, deadline: deadline, &work)
        }
    }

    private func perform(
        _ request: WorkerRequest,
        _ input: ByteBuffer,
        resultLimit: Int,
        deadline: NIODeadline,
        _ work: inout Work
    ) throws(Failure) -> Result<ByteBuffer, PixelError> {
        let memory = work.memory
        guard memory.grow(to: max(input.readableBytes, resultLimit)) else {
            return .failure(PixelError(.tooLarge, "no memory to share with the codec process"))
        }
        guard memory.put(input) else { throw .lost }
        work.use.frameCount += 1
        work.use.sharedMemory = memory.capacity
        var request = request
        request.number = UInt64(work.use.frameCount)
        request.capacity = memory.capacity
        guard control.send(request.encoded()) else { throw .lost }
        switch control.receive(upTo: WorkerAnswer.lengthLimit, until: deadline) {
        case .timedOut: throw .timedOut
        case .closed: throw .lost
        case .message(let message):
            guard let answer = WorkerAnswer(message), answer.number == request.number else { throw .lost }
            work.use.peakMemory = answer.peakMemory
            switch answer.outcome {
            case .ready: throw .lost
            case .failure(let error): return .failure(error)
            case .result(let length):
                guard length <= resultLimit, let bytes = memory.bytes(length) else { throw .lost }
                return .success(bytes)
            }
        }
    }

    /// Ends the process, if it is still there, and tells how it came to its end.
    func end() -> String {
        let isFirst = hasEnded.withLock { hasEnded in
            defer { hasEnded = true }
            return !hasEnded
        }
        return isFirst ? Self.reap(child) : ""
    }

    /// Kills the process and waits until nothing is left of it.
    ///
    /// The number belongs to the process until it is waited for, which happens only here and only once.
    private static func reap(_ child: pid_t) -> String {
        kill(child, SIGKILL)
        var status: Int32 = 0
        // The number lives for the call.
        while unsafe waitpid(child, &status, 0) < 0 {
            guard errno == EINTR else { return "errno \(errno)" }
        }
        let signal = status & 0x7F
        switch signal {
        case 0: return "exit code \(status >> 8 & 0xFF)"
        case SIGSYS: return "signal \(signal), a system call that it must not make"
        default: return "signal \(signal)"
        }
    }

    private static func socketPair() throws(WorkerStartError) -> (ours: Int32, theirs: Int32) {
        var pair: [Int32] = [-1, -1]
        let type = Int32(SOCK_SEQPACKET.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        // The call fills the two.
        guard unsafe socketpair(AF_UNIX, type, 0, &pair) == 0 else {
            throw WorkerStartError("socketpair: errno \(errno)")
        }
        return (pair[0], pair[1])
    }

    /// Starts a process with copies of the two descriptors.
    static func spawn(
        _ executable: String,
        _ command: String,
        _ memoryLimit: Int,
        control: Int32,
        memory: Int32
    ) throws(WorkerStartError) -> pid_t {
        // Beyond the numbers that they will have, lest one takes the other's place.
        let highControl = try duplicate(control)
        defer { close(highControl) }
        let highMemory = try duplicate(memory)
        defer { close(highMemory) }
        var child: pid_t = 0
        // The strings live for the call, which copies them.
        let failure = unsafe cassette_spawn_worker(
            &child,
            executable,
            "cassette",
            command,
            String(memoryLimit),
            CodecWorkerProcess.environment(of: command),
            highControl,
            highMemory
        )
        guard failure == 0 else { throw WorkerStartError("posix_spawn: errno \(failure)") }
        return child
    }

    private static func duplicate(_ descriptor: Int32) throws(WorkerStartError) -> Int32 {
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 8)
        guard copy >= 0 else { throw WorkerStartError("fcntl: errno \(errno)") }
        return copy
    }
}

/// What a worker has done and has taken so far.
struct WorkerUse: Sendable, Hashable {
    /// Requests.
    var frameCount = 0
    /// The most memory of its own that it has had, in bytes, as it says.
    var peakMemory = 0
    /// Bytes that it shares with us.
    var sharedMemory = 0

    /// When a worker has done enough: what a codec leaves behind ends with its process.
    struct Limit: Sendable, Hashable {
        var frameCount = 4_096
        var peakMemory = 512 << 20
        var sharedMemory = 128 << 20
    }

    /// Whether a fresh process is to follow.
    func isSpent(_ limit: Limit) -> Bool {
        frameCount >= limit.frameCount || peakMemory >= limit.peakMemory || sharedMemory >= limit.sharedMemory
    }
}
