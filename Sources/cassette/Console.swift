import Glibc

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

    private static func write(_ text: String, to descriptor: Int32) {
        var rest = Array(text.utf8)[...]
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
