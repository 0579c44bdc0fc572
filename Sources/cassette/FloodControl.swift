import Logging
import NIOCore
import Platform
import Synchronization

/// Keeps one message from filling the log: of each, so many lines in a row are written and so many more with time.
///
/// Messages are constant texts, so that there are few of them; the next line of a message tells how many were left out.
/// Lines at debug level were asked for and are all written.
final class FloodControl: Sendable {
    private let rates = Mutex<[String: LogRate]>([:])

    /// 1,000 lines in a row, and 20 a second.
    private static let fresh = LogRate(lines: 1_000, interval: .milliseconds(50))

    func take(_ message: String) -> LogRate.Answer {
        rates.withLock { $0[message, default: Self.fresh].take(now: .now()) }
    }
}

/// A log handler behind flood control.
struct FloodControlledLogHandler: LogHandler {
    private var handler: StreamLogHandler
    private let control: FloodControl

    init(_ handler: StreamLogHandler, _ control: FloodControl) {
        self.handler = handler
        self.control = control
    }

    var logLevel: Logger.Level {
        get { handler.logLevel }
        set { handler.logLevel = newValue }
    }

    var metadata: Logger.Metadata {
        get { handler.metadata }
        set { handler.metadata = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { handler[metadataKey: key] }
        set { handler[metadataKey: key] = newValue }
    }

    func log(event: LogEvent) {
        guard event.level > .debug else { return handler.log(event: event) }
        switch control.take(event.message.description) {
        case .tooMuch: return
        case .write(let leftOut):
            var event = event
            if leftOut > 0 { event.metadata = (event.metadata ?? [:]).merging([LogKeys.leftOut: "\(leftOut)"]) { $1 } }
            handler.log(event: event)
        }
    }
}
