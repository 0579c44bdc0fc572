import Glibc
import NIOCore

extension Console {
    /// Whether text on standard output may have colours: somebody looks at it and has not asked for none.
    ///
    /// `NO_COLOR` with any text switches them off, as other programs have agreed on; so does a terminal that has none.
    static var hasColours: Bool {
        guard isatty(STDOUT_FILENO) == 1 else { return false }
        return variable("NO_COLOR") == nil && variable("TERM") != "dumb"
    }

    /// Makes text safe for a terminal, which could obey what is not to be seen: line ends become `↵`, other characters
    /// without a shape U+FFFD.
    static func shown(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 < 0x20 || $0 >= 0x7F }) else { return text }
        var shown = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\r": continue
            case "\n": shown.append("↵")
            default: shown.append(isShown(scalar) ? scalar : "\u{FFFD}")
            }
        }
        return String(shown)
    }

    private static func isShown(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
        default: true
        }
    }

    private static func variable(_ name: String) -> String? {
        // getenv returns a string of the environment, which nothing here changes, or NULL.
        guard let value = unsafe getenv(name) else { return nil }
        let text = unsafe String(cString: value)
        return text.isEmpty ? nil : text
    }
}

/// Standard output for much text: gathered into large writes.
struct OutputText {
    private static let pieceLength = 64 << 10

    private var pending = ByteBuffer()

    /// Takes text.
    mutating func write(_ text: String) {
        pending.writeString(text)
        if pending.readableBytes >= Self.pieceLength { flush() }
    }

    /// Takes bytes.
    mutating func write(_ bytes: ByteBuffer) {
        pending.writeImmutableBuffer(bytes)
        if pending.readableBytes >= Self.pieceLength { flush() }
    }

    /// Writes what is gathered.
    mutating func flush() {
        Console.pour(pending)
        pending.clear()
    }
}
