public import Logging
import Synchronization

/// The lines that a logger has written.
public final class CapturedLog: Sendable {
    /// One of them.
    public struct Line: Sendable {
        /// How important it is.
        public let level: Logger.Level
        /// Its facts, but for those of the logger itself.
        public let metadata: Logger.Metadata
    }

    private let taken = Mutex<[Line]>([])

    /// Makes a log without lines.
    public init() {}

    /// All lines, the oldest first.
    public var lines: [Line] { taken.withLock { $0 } }

    /// A logger that writes here, whatever the level.
    public func logger() -> Logger {
        Logger(label: "test") { _ in Handler(log: self) }
    }

    private struct Handler: LogHandler {
        let log: CapturedLog
        var logLevel = Logger.Level.trace
        var metadata: Logger.Metadata = [:]

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            log.taken.withLock { $0.append(Line(level: event.level, metadata: event.metadata ?? [:])) }
        }
    }
}
