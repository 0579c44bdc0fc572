import Glibc
import NIOCore

/// Standard output and standard error, without buffering surprises.
enum Console {
    /// Whether standard error is a terminal, hence somebody watches.
    static var isWatched: Bool { isatty(STDERR_FILENO) == 1 }

    /// Writes a line to standard output.
    static func say(_ line: String) {
        write(line + "\n", to: STDOUT_FILENO)
    }

    /// Writes a line to standard error.
    static func complain(_ line: String) {
        write(line + "\n", to: STDERR_FILENO)
    }

    /// Writes text as it is to standard error.
    static func draw(_ text: String) {
        write(text, to: STDERR_FILENO)
    }

    /// Writes bytes as they are to standard output.
    static func pour(_ bytes: ByteBuffer) {
        write(Array(bytes.readableBytesView), to: STDOUT_FILENO)
    }

    private static func write(_ text: String, to descriptor: Int32) {
        write(Array(text.utf8), to: descriptor)
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            // The pointer stays inside the closure; write(2) only reads it.
            let written = unsafe rest.withUnsafeBytes { bytes in
                unsafe Glibc.write(descriptor, bytes.baseAddress, bytes.count)
            }
            // A closed pipe or terminal: nobody reads any more, which is no reason to fail.
            guard written > 0 || errno == EINTR else { return }
            rest = rest.dropFirst(max(0, written))
        }
    }
}
