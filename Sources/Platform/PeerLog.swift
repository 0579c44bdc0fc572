public import Logging
import NIOCore
import Synchronization

/// Writes about peers that break a rule, but no more often than an operator can read.
///
/// A peer that comes back a thousand times in a second must not fill the disk with it, nor hide the others: each address
/// has its share, what is too much is counted, and the count stands in the next line about that address.
public final class PeerLog: Sendable {
    private let logger: Logger
    private let rates = Mutex(LogRates(lines: 20, interval: .seconds(1), peerCount: 256))

    /// Makes a log that writes 20 lines in a row about one address, and one more with each second.
    public init(_ logger: Logger) {
        self.logger = logger
    }

    /// Writes a line about a peer, or counts it.
    public func note(_ message: Logger.Message, peer: String?, metadata: Logger.Metadata) {
        let peer = peer ?? ""
        var metadata = metadata
        metadata[LogKeys.peer] = "\(peer)"
        switch rates.withLock({ $0.take(peer, now: .now()) }) {
        case .tooMuch: logger.debug(message, metadata: metadata)
        case .write(let leftOut):
            if leftOut > 0 { metadata[LogKeys.leftOut] = "\(leftOut)" }
            logger.notice(message, metadata: metadata)
        }
    }
}
