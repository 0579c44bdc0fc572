import CLinux
import DICOMCore
import DICOMPixels
import Glibc
import NIOCore

/// The other side of ``CodecWorkerPool``: what a process does that runs codecs.
public enum CodecWorkerProcess {
    /// The argument that makes a program a worker; the limit of its memory follows, in bytes.
    public static let command = "codec-worker"
    /// The argument that makes a program a worker that reads text instead.
    public static let textCommand = "text-worker"
    /// OpenMP, which Tesseract uses, reads it before the program begins; threads are none of what a worker may have.
    private static let oneThread = "OMP_THREAD_LIMIT=1"
    private static let controlDescriptor: Int32 = 3
    private static let memoryDescriptor: Int32 = 4

    /// The only variable of a worker's environment; `nil` for those that run codecs.
    static func environment(of command: String) -> String? { command == textCommand ? oneThread : nil }

    /// Whether these arguments, the program's name included, ask for a worker.
    public static func isAsked(by arguments: [String]) -> Bool {
        arguments.count == 3 && (arguments[1] == command || arguments[1] == textCommand)
    }

    /// Serves until the other end of the socket closes, then ends the process.
    ///
    /// - Parameters:
    ///   - arguments: Those for which `isAsked` holds.
    ///   - codec: What answers requests.
    public static func run(arguments: [String], codec: any FrameCodec = LibraryCodecs()) -> Never {
        guard arguments.count == 3, let memoryLimit = rlim_t(arguments[2]), isSocket(controlDescriptor) else {
            _exit(2)
        }
        // Until a process has had more, Linux tells the peak of the one that started it.
        let inherited = peakMemory
        // What it reads of files it reads now, before it has seen a picture.
        let text = arguments[1] == textCommand ? WorkerText() : nil
        WorkerSandbox.confine(memoryLimit: memoryLimit)
        WorkerSandbox.keepMemory()
        if let text { text.warmUp() } else { warmUp(codec) }
        let isSealed = WorkerSandbox.seal()
        let memory = SharedMemory(descriptor: memoryDescriptor)
        guard say(WorkerAnswer(number: 0, .ready(isSealed: isSealed), peakMemory: 0)) else { _exit(1) }
        while let message = nextMessage() {
            // Only a parent of another build would say what we do not understand.
            guard let request = WorkerRequest(message) else { _exit(3) }
            let outcome = outcome(of: request, memory, codec, text)
            let peak = peakMemory
            let answer = WorkerAnswer(number: request.number, outcome, peakMemory: peak > inherited ? peak : 0)
            guard say(answer) else { break }
        }
        _exit(0)
    }

    private static func outcome(
        of request: WorkerRequest,
        _ memory: SharedMemory,
        _ codec: any FrameCodec,
        _ text: WorkerText?
    ) -> WorkerAnswer.Outcome {
        guard memory.map(request.capacity), let input = memory.bytes(request.inputLength) else {
            return .failure(PixelError(.tooLarge, "the frame does not fit limits.pixels.memory"))
        }
        var limits = PixelLimits()
        limits.frameLength = request.frameLimit
        do throws(PixelError) {
            let result =
                switch request.operation {
                case .decode:
                    try codec.decode(input, in: request.transferSyntax, as: request.format, limits: limits).bytes
                case .encode:
                    try codec.encode(
                        PixelFrame(request.format, input),
                        in: request.transferSyntax,
                        options: request.options,
                        limits: limits
                    )
                case .readText: try (text ?? WorkerText()).words(in: input, request.format)
                }
            guard memory.put(result) else {
                return .failure(PixelError(.notEncodable, "the scheme makes the frame larger than it was"))
            }
            return .result(length: result.readableBytes)
        } catch {
            return .failure(error)
        }
    }

    /// Lets each codec refuse a frame of one byte: what libraries load or look up at their first use is there before the
    /// filter is.
    private static func warmUp(_ codec: any FrameCodec) {
        let format = try? PixelFormat(rows: 1, columns: 1, bitsAllocated: 8, photometricInterpretation: .monochrome2)
        guard let format, let frame = try? PixelFrame(format, ByteBuffer(bytes: [0])) else { return }
        for transferSyntax in warmedUp where !codec.isSafeInProcess(transferSyntax) {
            let limits = PixelLimits()
            let encoded = try? codec.encode(frame, in: transferSyntax, options: EncodingOptions(), limits: limits)
            _ = try? codec.decode(encoded ?? frame.bytes, in: transferSyntax, as: format, limits: limits)
        }
    }

    private static let warmedUp: [TransferSyntax] = [
        .jpegBaseline, .jpegLosslessSV1, .jpegLSLossless, .jpeg2000Lossless, .htj2kLosslessRPCL,
    ]

    /// The most memory that this process, or before it the one that it came from, has had, in bytes.
    private static var peakMemory: Int {
        var usage = rusage()
        // The structure lives for the call.
        guard unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return 0 }
        return Int(usage.ru_maxrss) << 10
    }

    private static func isSocket(_ descriptor: Int32) -> Bool {
        var status = stat()
        // The structure lives for the call.
        return unsafe fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFSOCK
    }

    private static func nextMessage() -> ByteBuffer? {
        var message = ByteBuffer()
        var count = 0
        repeat {
            // As many bytes are writable as the call is told of.
            unsafe message.writeWithUnsafeMutableBytes(minimumWritableBytes: WorkerRequest.length) { bytes in
                // Within the count.
                count = unsafe read(controlDescriptor, bytes.baseAddress, min(bytes.count, WorkerRequest.length))
                return max(0, count)
            }
        } while count < 0 && errno == EINTR
        return count > 0 ? message : nil
    }

    private static func say(_ answer: WorkerAnswer) -> Bool {
        let message = answer.encoded()
        // The call only reads the bytes, and within their count.
        return unsafe message.withUnsafeReadableBytes { bytes in
            unsafe write(controlDescriptor, bytes.baseAddress, bytes.count)
        } == message.readableBytes
    }
}
