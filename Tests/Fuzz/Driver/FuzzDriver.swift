public import FuzzProperties
import Glibc
import NIOCore
import Synchronization

/// Runs libFuzzer on one target.
///
/// All properties are checked for one of 16 inputs (of frames: one of 256), which its bytes choose, so that a failure comes
/// again; the others are only parsed. With `CASSETTE_FUZZ_ALL=1` in the environment each input is checked, as the unit tests do.
public enum FuzzDriver {
    /// The argument vector of a program.
    public typealias Arguments = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    /// What libFuzzer calls with each input.
    public typealias Callback = @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt

    // The environment is read once, before anything could change it.
    private static let isThorough = unsafe getenv("CASSETTE_FUZZ_ALL") != nil
    /// The most that one input has taken, in nanoseconds of the processor.
    private static let slowest = Atomic<UInt64>(1_000_000)
    /// No input may take longer: on a busy machine the clock on the wall says nothing.
    private static let timeLimit: UInt64 = 1_000_000_000

    /// Hands the command line to libFuzzer, which calls back with one input after the other.
    public static func run(_ count: CInt, _ arguments: Arguments, _ callback: @escaping Callback) -> CInt {
        var count = count
        var arguments: Arguments? = unsafe arguments
        // libFuzzer keeps neither pointer beyond the call, and both variables live until it returns.
        return unsafe runDriver(&count, &arguments, callback)
    }

    /// Checks one input and ends the process with the reason if a property does not hold.
    public static func check(_ target: any FuzzTarget.Type, _ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
        // The bytes are libFuzzer's and valid during this call; they are copied at once.
        let input = unsafe ByteBuffer(bytes: UnsafeBufferPointer(start: start, count: count))
        let beginning = now(CLOCK_MONOTONIC)
        examine(target, input)
        if now(CLOCK_MONOTONIC) - beginning > slowest.load(ordering: .relaxed) { measure(target, input) }
        return 0
    }

    private static func examine(_ target: any FuzzTarget.Type, _ input: ByteBuffer) {
        do throws(PropertyViolation) {
            if isThorough { try target.check(input) } else { try target.examine(input) }
        } catch {
            tell("\(target.name): \(error)\n")
            preconditionFailure("a property does not hold")
        }
    }

    /// Examines an input that seemed slow once more, by the clock of the processor, which costs more to ask.
    private static func measure(_ target: any FuzzTarget.Type, _ input: ByteBuffer) {
        let beginning = now(CLOCK_THREAD_CPUTIME_ID)
        examine(target, input)
        let time = now(CLOCK_THREAD_CPUTIME_ID) - beginning
        guard time > slowest.load(ordering: .relaxed) else { return }
        slowest.store(time, ordering: .relaxed)
        tell("\(target.name): the slowest of \(input.readableBytes) bytes takes \(time / 1_000) microseconds\n")
        precondition(time <= timeLimit, "an input takes longer than a second")
    }

    private static func now(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        // The structure lives until the call returns.
        _ = unsafe clock_gettime(clock, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    /// Writes to standard error: an optimised build says nothing of why it stops.
    private static func tell(_ text: String) {
        var text = text
        text.withUTF8 { bytes in
            // The pointer is valid in the closure, and the length is its own.
            _ = unsafe write(STDERR_FILENO, bytes.baseAddress, bytes.count)
        }
    }
}

// A function of libFuzzer's runtime, which the linker adds for `-sanitize=fuzzer`; it has no header.
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<FuzzDriver.Arguments?>,
    _ callback: @escaping FuzzDriver.Callback
) -> CInt
