import NIOCore

/// What a disk holds after everything on it is durable: names and bytes.
struct DiskImage: Sendable {
    var files: [String: ByteBuffer] = [:]
    var directories: Set<String> = ["/"]

    /// Equal for equal images, within this process.
    var fingerprint: Int {
        var hasher = Hasher()
        for (path, bytes) in files.sorted(by: { $0.key < $1.key }) {
            hasher.combine(path)
            hasher.combine(bytes.readableBytes)
            // The bytes are only read during the call.
            unsafe bytes.withUnsafeReadableBytes { unsafe hasher.combine(bytes: $0) }
        }
        for path in directories.sorted() { hasher.combine(path) }
        return hasher.finalize()
    }
}

/// A call that changes a disk, with the number of the file it changed.
enum DiskOperation: Sendable {
    case create(file: Int, path: String)
    case write(file: Int, offset: Int, bytes: ByteBuffer)
    case truncate(file: Int, size: Int)
    case syncFile(file: Int)
    case rename(from: String, to: String)
    case unlink(path: String)
    case makeDirectory(path: String)
    case syncDirectory(path: String)

    /// The kind, for tables.
    var kind: DiskCall {
        switch self {
        case .create: .create
        case .write: .write
        case .truncate: .truncate
        case .syncFile: .syncFile
        case .rename: .rename
        case .unlink: .unlink
        case .makeDirectory: .makeDirectory
        case .syncDirectory: .syncDirectory
        }
    }
}

/// The kinds of calls of a disk.
enum DiskCall: String, Sendable, CaseIterable {
    case open, create
    case read = "pread"
    case write = "pwrite"
    case truncate
    case syncFile = "fdatasync"
    case rename, unlink
    case makeDirectory = "mkdir"
    case syncDirectory = "directory sync"
}

/// What a sender knows about an object.
struct Acknowledgement: Sendable, Hashable {
    enum Answer: Sendable, Hashable {
        /// It was told that the object is stored.
        case stored
        /// It was told that the object is refused.
        case refused
        /// It has sent the object again and does not know yet.
        case sentAgain
        /// Somebody has asked for its deletion or restoration and does not know yet.
        case asked
        /// Somebody was told that it is deleted.
        case deleted
        /// Somebody was told that its study is shredded: its key is gone for ever.
        case shredded
    }

    /// Index of the object in the scenario.
    let object: Int
    let answer: Answer
}

/// Everything that happened to a disk since a moment at which all of it was durable.
struct DiskLog: Sendable {
    enum Event: Sendable {
        case changed(DiskOperation, site: String)
        case acknowledged(Acknowledgement)
    }

    let base: DiskImage
    var events: [Event] = []

    /// The events up to and including the `count`-th change, and what was told before the next one.
    func prefix(changes count: Int) -> DiskLog {
        var seen = 0
        var log = DiskLog(base: base)
        for event in events {
            if case .changed = event {
                guard seen < count else { break }
                seen += 1
            }
            log.events.append(event)
        }
        return log
    }

    var changeCount: Int {
        events.count { if case .changed = $0 { true } else { false } }
    }

    var acknowledgements: [Acknowledgement] {
        events.compactMap { if case .acknowledged(let acknowledgement) = $0 { acknowledgement } else { nil } }
    }
}

/// The directory of a path.
func parent(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
    return String(path[..<slash])
}
