import NIOCore
public import Platform
import Synchronization

/// A disk in memory that knows what was synced, so that a test can cut the power.
public final class MemoryDisk: Disk {
    private struct State {
        var names: [String: MemoryFile] = [:]
        var directories: Set<String> = ["/"]
        /// Names as of the last sync of their directory.
        var durableNames: [String: MemoryFile] = [:]
        var free: UInt64 = 1 << 40

        /// Every file with its names as of the last sync and as of now, in a fixed order.
        func files() -> [(file: MemoryFile, durable: [String], present: [String])] {
            let all = durableNames.map { ($0.key, $0.value) } + names.map { ($0.key, $0.value) }
            var seen: Set<ObjectIdentifier> = []
            return all.sorted { $0.0 < $1.0 }.compactMap { _, file in
                guard seen.insert(ObjectIdentifier(file)).inserted else { return nil }
                return (
                    file: file,
                    durable: durableNames.filter { $0.value === file }.map(\.key).sorted(),
                    present: names.filter { $0.value === file }.map(\.key).sorted()
                )
            }
        }
    }

    private let state = Mutex(State())

    /// Whether files sync in truth.
    private let syncsFiles: Bool

    /// An empty disk.
    ///
    /// - Parameter syncsFiles: `false` for a disk that only says so: the control by which a test shows that it would notice.
    public init(syncsFiles: Bool = true) {
        self.syncsFiles = syncsFiles
    }

    /// What a new start finds after the power went: synced bytes under synced names.
    ///
    /// - Parameter random: When given, each sector of 512 bytes that was written but not synced survives by chance, and so
    ///   does each name; when absent, none.
    public func afterPowerCut(keepingSome random: SeededRandomSource? = nil) -> MemoryDisk {
        let disk = MemoryDisk()
        state.withLock { old in
            disk.state.withLock { new in
                new.directories = old.directories
                new.free = old.free
                for (file, durable, present) in old.files() {
                    // All names of a file as of the last sync, or all as of now: a rename happens whole or not at all.
                    let copy = MemoryFile(file.contentAfterPowerCut(keepingSome: random))
                    for path in random?.next(below: 2) == 1 ? present : durable {
                        new.names[path] = copy
                        new.durableNames[path] = copy
                    }
                }
            }
        }
        return disk
    }

    /// The bytes of a file; `nil` when there is none.
    public func content(_ path: String) -> [UInt8]? {
        state.withLock { $0.names[path] }?.content
    }

    /// Replaces a file behind the program's back, durably; removes it when `nil`.
    public func setContent(_ path: String, _ bytes: [UInt8]?) {
        state.withLock { state in
            let file = bytes.map { MemoryFile($0) }
            state.names[path] = file
            state.durableNames[path] = file
        }
    }

    /// All files.
    public var paths: [String] { state.withLock { $0.names.keys.sorted() } }

    /// Sets what ``freeBytes(_:)`` tells.
    public func setFree(_ free: UInt64) {
        state.withLock { $0.free = free }
    }

    /// Opens a file.
    public func open(_ path: String, _ mode: DiskOpenMode) throws(DiskError) -> any DiskFile {
        let result = state.withLock { state -> Result<MemoryFile, DiskError> in
            let existing = state.names[path]
            guard mode == .createNew else {
                return existing.map { .success($0) } ?? .failure(DiskError(.notFound, operation: "open"))
            }
            guard existing == nil else { return .failure(DiskError(.exists, operation: "open")) }
            guard state.directories.contains(parent(of: path)) else {
                return .failure(DiskError(.notFound, operation: "open"))
            }
            let file = MemoryFile([])
            state.names[path] = file
            return .success(file)
        }
        return try MemoryHandle(file: result.get(), syncs: syncsFiles)
    }

    /// Renames a file.
    public func rename(_ from: String, to: String) throws(DiskError) {
        let done = state.withLock { state in
            guard let file = state.names[from], state.directories.contains(parent(of: to)) else { return false }
            state.names[from] = nil
            state.names[to] = file
            return true
        }
        guard done else { throw DiskError(.notFound, operation: "rename") }
    }

    /// Removes a name.
    public func unlink(_ path: String) throws(DiskError) {
        guard state.withLock({ $0.names.removeValue(forKey: path) }) != nil else {
            throw DiskError(.notFound, operation: "unlink")
        }
    }

    /// Makes a directory, durable at once.
    public func makeDirectory(_ path: String) throws(DiskError) {
        state.withLock { state in
            var path = path
            while state.directories.insert(path).inserted { path = parent(of: path) }
        }
    }

    /// Makes the names in a directory durable.
    public func syncDirectory(_ path: String) throws(DiskError) {
        let exists = state.withLock { state in
            for (file, durable, present) in state.files()
            where (durable + present).contains(where: { parent(of: $0) == path }) {
                // The whole of a rename becomes durable with either directory, as in a journal of the file system.
                for name in durable { state.durableNames[name] = nil }
                for name in present { state.durableNames[name] = file }
            }
            return state.directories.contains(path)
        }
        guard exists else { throw DiskError(.notFound, operation: "sync directory") }
    }

    /// The names in a directory.
    public func list(_ path: String) throws(DiskError) -> [DiskEntry] {
        let path = path.hasSuffix("/") ? String(path.dropLast()) : path
        return state.withLock { state in
            let files = state.names.filter { parent(of: $0.key) == path }.map { name, file in
                DiskEntry(name: last(of: name), isDirectory: false, size: UInt64(file.content.count))
            }
            let directories = state.directories.filter { $0 != "/" && parent(of: $0) == path }.map { name in
                DiskEntry(name: last(of: name), isDirectory: true, size: 0)
            }
            return (files + directories).sorted { $0.name < $1.name }
        }
    }

    /// Whether a file or directory exists.
    public func exists(_ path: String) throws(DiskError) -> Bool {
        state.withLock { $0.names[path] != nil || $0.directories.contains(path) }
    }

    /// Always 0600 and ours.
    public func permissions(_ path: String) throws(DiskError) -> DiskPermissions {
        DiskPermissions(mode: 0o600, isOwnedByThisUser: true)
    }

    /// The path itself: there are no links.
    public func resolve(_ path: String) throws(DiskError) -> String { path }

    /// What the test has set, of 1 TiB.
    public func freeBytes(_ path: String) throws(DiskError) -> (free: UInt64, total: UInt64) {
        (free: state.withLock { $0.free }, total: 1 << 40)
    }
}

/// The bytes of a file, and which of them were synced.
final class MemoryFile: Sendable {
    private struct State {
        var bytes: [UInt8]
        var durable: [UInt8]
    }

    private let state: Mutex<State>

    init(_ bytes: [UInt8]) {
        state = Mutex(State(bytes: bytes, durable: bytes))
    }

    var content: [UInt8] { state.withLock { $0.bytes } }

    func contentAfterPowerCut(keepingSome random: SeededRandomSource?) -> [UInt8] {
        state.withLock { state in
            guard let random, state.bytes != state.durable else { return state.durable }
            var result = random.next(below: 2) == 1 ? state.bytes : state.durable
            var sector = 0
            while sector < result.count {
                let source = random.next(below: 2) == 1 ? state.bytes : state.durable
                let range = sector..<min(sector + 512, result.count)
                let kept = source.dropFirst(sector).prefix(range.count)
                result.replaceSubrange(range, with: kept + [UInt8](repeating: 0, count: range.count - kept.count))
                sector += 512
            }
            return result
        }
    }

    func write(_ buffer: ByteBuffer, at offset: Int) {
        state.withLock { state in
            if state.bytes.count < offset { state.bytes += [UInt8](repeating: 0, count: offset - state.bytes.count) }
            let end = min(state.bytes.count, offset + buffer.readableBytes)
            state.bytes.replaceSubrange(offset..<end, with: buffer.readableBytesView)
        }
    }

    func read(at offset: Int, count: Int) -> ByteBuffer {
        state.withLock { state in
            let start = min(offset, state.bytes.count)
            return ByteBuffer(bytes: state.bytes[start..<min(start + count, state.bytes.count)])
        }
    }

    func truncate(to size: Int) {
        state.withLock { state in
            if size <= state.bytes.count {
                state.bytes.removeLast(state.bytes.count - size)
            } else {
                state.bytes += [UInt8](repeating: 0, count: size - state.bytes.count)
            }
        }
    }

    func synchronize() {
        state.withLock { $0.durable = $0.bytes }
    }
}

/// An open file of a ``MemoryDisk``.
private final class MemoryHandle: DiskFile {
    private let file: MemoryFile
    private let isClosed = Mutex(false)

    private let syncs: Bool

    init(file: MemoryFile, syncs: Bool) {
        self.file = file
        self.syncs = syncs
    }

    func write(_ buffer: ByteBuffer, at offset: UInt64) throws(DiskError) {
        try checkOpen()
        file.write(buffer, at: Int(offset))
    }

    func read(at offset: UInt64, count: Int) throws(DiskError) -> ByteBuffer {
        try checkOpen()
        return file.read(at: Int(clamping: offset), count: count)
    }

    func size() throws(DiskError) -> UInt64 {
        try checkOpen()
        return UInt64(file.content.count)
    }

    func truncate(to size: UInt64) throws(DiskError) {
        try checkOpen()
        file.truncate(to: Int(size))
    }

    func synchronize() throws(DiskError) {
        try checkOpen()
        if syncs { file.synchronize() }
    }

    func close() throws(DiskError) {
        isClosed.withLock { $0 = true }
    }

    private func checkOpen() throws(DiskError) {
        guard !isClosed.withLock({ $0 }) else { throw DiskError(.closed, operation: "use") }
    }
}

private func parent(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
    return String(path[..<slash])
}

private func last(of path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
}
