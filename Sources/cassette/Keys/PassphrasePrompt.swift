import Glibc

/// Asks for a passphrase at the terminal without showing it.
enum PassphrasePrompt {
    private static let lengthLimit = 1_024

    /// What was typed; `nil` when there is no terminal, or nothing was typed.
    static func ask(_ question: String) -> String? {
        // The terminal itself: standard input may be a pipe.
        let terminal = unsafe open("/dev/tty", O_RDWR | O_CLOEXEC)
        guard terminal >= 0 else { return nil }
        defer { close(terminal) }
        var settings = termios()
        // The structure lives for the call only.
        guard unsafe tcgetattr(terminal, &settings) == 0 else { return nil }
        var silent = settings
        silent.c_lflag &= ~tcflag_t(ECHO)
        // As above.
        guard unsafe tcsetattr(terminal, TCSAFLUSH, &silent) == 0 else { return nil }
        write(question, to: terminal)
        let typed = readLine(from: terminal)
        // As above; a terminal that does not take its settings back is left as it is.
        _ = unsafe tcsetattr(terminal, TCSAFLUSH, &settings)
        write("\n", to: terminal)
        return typed
    }

    private static func readLine(from descriptor: Int32) -> String? {
        var bytes: [UInt8] = []
        while bytes.count < lengthLimit {
            var byte: UInt8 = 0
            // One byte is read into a variable that outlives the call.
            let count = unsafe read(descriptor, &byte, 1)
            guard count == 1, byte != UInt8(ascii: "\n") else { break }
            bytes.append(byte)
        }
        return bytes.isEmpty ? nil : String(validating: bytes, as: UTF8.self)
    }

    private static func write(_ text: String, to descriptor: Int32) {
        let bytes = Array(text.utf8)
        // The array outlives the call; a terminal that is gone hears nothing.
        _ = unsafe Glibc.write(descriptor, bytes, bytes.count)
    }
}
