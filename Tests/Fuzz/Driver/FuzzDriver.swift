public import FuzzProperties
import Glibc
import NIOCore

/// Runs libFuzzer on one target.
public enum FuzzDriver {
    /// The argument vector of a program.
    public typealias Arguments = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    /// What libFuzzer calls with each input.
    public typealias Callback = @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt

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
        do throws(PropertyViolation) {
            try target.check(input)
        } catch {
            tell("\(target.name): \(error)\n")
            preconditionFailure("a property does not hold")
        }
        return 0
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
