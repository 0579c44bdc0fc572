import ArchiveCatalog
public import ArchiveServices
public import NIOCore
import Platform

/// How scrubbing is told: the same over HTTP and on the command line.
public enum ScrubJSON {
    /// The pass that works, the last one, and the damage that is known.
    public static func status(_ status: ScrubStatus) -> ByteBuffer {
        var text = JSONText()
        text.raw("{\"damaged\":\(status.damagedCount)")
        if let current = status.current {
            text.raw(",\"current\":")
            write(current, &text)
        }
        if let last = status.last {
            text.raw(",\"last\":")
            write(last, &text)
        }
        text.raw("}")
        return text.buffer
    }

    private static func write(_ pass: ScrubPass, _ text: inout JSONText) {
        text.raw("{\"job\":")
        text.string(pass.job.id.hex)
        text.raw(",\"state\":")
        text.string(pass.job.state.rawValue)
        for (name, time) in [("started", pass.job.started), ("ended", pass.job.ended)] {
            guard let time else { continue }
            text.raw(",\"\(name)\":")
            text.string(time.description)
        }
        text.raw(",\"checked\":\(pass.checked),\"packs\":\(pass.packs),\"total\":\(pass.job.progress.total)")
        text.raw(",\"bytes\":\(pass.bytes),\"unread\":\(pass.unread),\"repaired\":\(pass.repaired)")
        text.raw(",\"damaged\":\(pass.damaged)}")
    }
}
