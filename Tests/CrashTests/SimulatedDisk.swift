import NIOCore
import Platform
import Synchronization

/// A disk in memory that writes down every change, for the ``Disk`` port and for SQLite alike.
///
/// Calls see what was written, synced or not. What a power cut would leave is worked out from the log, see
/// ``DiskReplay``.
final class SimulatedDisk: Disk {
    /// What of a write that fails reaches the file all the same.
    enum Written: String, Sendable {
        case nothing, half, all
    }

    /// One call that fails.
    struct Fault: Sendable {
        let call: DiskCall
        /// Which of these calls, counted from 0 from the moment the fault was set.
        let index: Int
        let code: DiskError.Code
        /// Of a write that fails.
        var written = Written.half
        /// Only calls on paths with this end count.
        var suffix = ""
    }

    private struct State {
        var log: DiskLog
        var files: [Int: ByteBuffer] = [:]
        var names: [String: Int] = [:]
        var paths: [Int: String] = [:]
        var directories: Set<String>
        var nextFile = 0
        var isOff = false
        var fault: Fault?
        var faultyCalls = 0
        var hasFailed = false
        var callCounts: [DiskCall: Int] = [:]
    }

    private let state: Mutex<State>

    /// A disk that holds an image, all of it durable.
    convenience init(_ image: DiskImage = DiskImage()) {
        self.init(continuing: DiskLog(base: image))
    }

    /// A disk as it was at the end of a log, synced or not: what a program finds that starts after another was killed.
    init(continuing log: DiskLog) {
        var state = State(log: DiskLog(base: log.base), directories: log.base.directories)
        for (path, bytes) in log.base.files.sorted(by: { $0.key < $1.key }) {
            state.names[path] = state.nextFile
            state.paths[state.nextFile] = path
            state.files[state.nextFile] = bytes
            state.nextFile += 1
        }
        self.state = Mutex(state)
        replay(log)
    }

    /// All that happened so far.
    var log: DiskLog { state.withLock { $0.log } }

    /// All that is there now.
    var image: DiskImage {
        state.withLock { state in
            DiskImage(files: state.names.compactMapValues { state.files[$0] }, directories: state.directories)
        }
    }

    /// Calls of each kind since the last fault was set, or the start.
    var callCounts: [DiskCall: Int] { state.withLock { $0.callCounts } }

    /// Whether the fault has happened.
    var hasFailed: Bool { state.withLock { $0.hasFailed } }

    /// Lets one call fail.
    func fail(_ fault: Fault?) {
        state.withLock { state in
            state.fault = fault
            state.faultyCalls = 0
            state.hasFailed = false
            state.callCounts = [:]
        }
    }

    /// No call works from now on, so that what still has files open cannot change them.
    func powerOff() {
        state.withLock { $0.isOff = true }
    }

    /// Puts into the log that a sender was told something.
    func note(_ acknowledgement: Acknowledgement) {
        state.withLock { state in
            guard !state.isOff else { return }
            state.log.events.append(.acknowledged(acknowledgement))
        }
    }

    // MARK: Calls that both sides use

    func openFile(_ path: String, creating: Bool, exclusively: Bool) -> Result<(file: Int, isNew: Bool), DiskError> {
        state.withLock { state in
            let existing = state.names[path]
            let makes = existing == nil && creating
            if let error = Self.count(makes ? .create : .open, path, &state) { return .failure(error) }
            if let existing {
                guard !exclusively else { return .failure(DiskError(.exists, operation: "open")) }
                return .success((file: existing, isNew: false))
            }
            guard creating, state.directories.contains(parent(of: path)) else {
                return .failure(DiskError(.notFound, operation: "open"))
            }
            let file = state.nextFile
            state.nextFile += 1
            Self.apply(.create(file: file, path: path), path, &state)
            return .success((file: file, isNew: true))
        }
    }

    func write(_ bytes: ByteBuffer, to file: Int, at offset: Int) -> DiskError? {
        state.withLock { state in
            let path = state.paths[file] ?? ""
            if let error = Self.count(.write, path, &state) {
                let part = bytes.getSlice(at: bytes.readerIndex, length: Self.written(of: bytes, state.fault))
                if !state.isOff, let part, part.readableBytes > 0 {
                    Self.apply(.write(file: file, offset: offset, bytes: part), path, &state)
                }
                return error
            }
            guard bytes.readableBytes > 0 else { return nil }
            Self.apply(.write(file: file, offset: offset, bytes: bytes), path, &state)
            return nil
        }
    }

    private static func written(of bytes: ByteBuffer, _ fault: Fault?) -> Int {
        switch fault?.written {
        case .nothing: 0
        case .half, nil: bytes.readableBytes / 2
        case .all: bytes.readableBytes
        }
    }

    func read(_ file: Int, at offset: Int, count: Int) -> Result<ByteBuffer, DiskError> {
        state.withLock { state in
            if let error = Self.count(.read, state.paths[file] ?? "", &state) { return .failure(error) }
            guard let content = state.files[file], offset < content.readableBytes, count > 0 else {
                return .success(ByteBuffer())
            }
            let length = min(count, content.readableBytes - offset)
            return .success(content.getSlice(at: content.readerIndex + offset, length: length) ?? ByteBuffer())
        }
    }

    func truncate(_ file: Int, to size: Int) -> DiskError? {
        change(.truncate, state.withLock { $0.paths[file] ?? "" }, .truncate(file: file, size: size))
    }

    func sync(_ file: Int) -> DiskError? {
        change(.syncFile, state.withLock { $0.paths[file] ?? "" }, .syncFile(file: file))
    }

    func size(of file: Int) -> Int { state.withLock { $0.files[file]?.readableBytes ?? 0 } }

    func contains(_ path: String) -> Bool {
        state.withLock { $0.names[path] != nil || $0.directories.contains(path) }
    }

    func size(at path: String) -> Int? {
        state.withLock { state in state.names[path].flatMap { state.files[$0]?.readableBytes } }
    }

    func remove(_ path: String) -> DiskError? {
        guard state.withLock({ $0.names[path] }) != nil else { return DiskError(.notFound, operation: "unlink") }
        return change(.unlink, path, .unlink(path: path))
    }

    func syncNames(of directory: String) -> DiskError? {
        guard state.withLock({ $0.directories.contains(directory) }) else {
            return DiskError(.notFound, operation: "sync directory")
        }
        return change(.syncDirectory, directory, .syncDirectory(path: directory))
    }

    private func change(_ call: DiskCall, _ path: String, _ operation: DiskOperation) -> DiskError? {
        state.withLock { state in
            if let error = Self.count(call, path, &state) { return error }
            Self.apply(operation, path, &state)
            return nil
        }
    }

    private static func count(_ call: DiskCall, _ path: String, _ state: inout State) -> DiskError? {
        guard !state.isOff else { return DiskError(.io, operation: call.rawValue) }
        state.callCounts[call, default: 0] += 1
        guard let fault = state.fault, fault.call == call, path.hasSuffix(fault.suffix) else { return nil }
        defer { state.faultyCalls += 1 }
        guard state.faultyCalls == fault.index else { return nil }
        state.hasFailed = true
        return DiskError(fault.code, operation: call.rawValue)
    }

    private func replay(_ log: DiskLog) {
        state.withLock { state in
            for event in log.events {
                switch event {
                case .changed(let operation, let site):
                    if case .create(let file, _) = operation { state.nextFile = max(state.nextFile, file + 1) }
                    Self.apply(operation, site, &state)
                case .acknowledged:
                    state.log.events.append(event)
                }
            }
        }
    }

    private static func apply(_ operation: DiskOperation, _ path: String, _ state: inout State) {
        state.log.events.append(.changed(operation, site: path))
        switch operation {
        case .create(let file, let path):
            state.names[path] = file
            state.paths[file] = path
            state.files[file] = ByteBuffer()
        case .write(let file, let offset, let bytes):
            state.files[file, default: ByteBuffer()].overwrite(with: bytes, at: offset)
        case .truncate(let file, let size):
            state.files[file, default: ByteBuffer()].resize(to: size)
        case .rename(let from, let to):
            guard let file = state.names.removeValue(forKey: from) else { return }
            state.names[to] = file
            state.paths[file] = to
        case .unlink(let path): state.names[path] = nil
        case .makeDirectory(let path): state.directories.insert(path)
        case .syncFile, .syncDirectory: break
        }
    }
}

// MARK: The port of the stores

extension SimulatedDisk {
    func open(_ path: String, _ mode: DiskOpenMode) throws(DiskError) -> any DiskFile {
        let isNew = mode == .createNew
        return SimulatedFile(number: try openFile(path, creating: isNew, exclusively: isNew).get().file, disk: self)
    }

    func rename(_ from: String, to: String) throws(DiskError) {
        guard contains(from), contains(parent(of: to)) else { throw DiskError(.notFound, operation: "rename") }
        if let error = change(.rename, from, .rename(from: from, to: to)) { throw error }
    }

    func unlink(_ path: String) throws(DiskError) {
        if let error = remove(path) { throw error }
    }

    func makeDirectory(_ path: String) throws(DiskError) {
        var directory = ""
        for component in path.split(separator: "/") {
            let above = directory.isEmpty ? "/" : directory
            directory += "/" + component
            guard !contains(directory) else { continue }
            if let error = change(.makeDirectory, directory, .makeDirectory(path: directory)) { throw error }
            try syncDirectory(above)
        }
    }

    func syncDirectory(_ path: String) throws(DiskError) {
        if let error = syncNames(of: path) { throw error }
    }

    func list(_ path: String) throws(DiskError) -> [DiskEntry] {
        let path = path.hasSuffix("/") ? String(path.dropLast()) : path
        let image = image
        guard image.directories.contains(path) else { throw DiskError(.notFound, operation: "opendir") }
        let files = image.files.filter { parent(of: $0.key) == path }.map { name, bytes in
            DiskEntry(name: last(of: name), isDirectory: false, size: UInt64(bytes.readableBytes))
        }
        let directories = image.directories.filter { $0 != "/" && parent(of: $0) == path }.map { name in
            DiskEntry(name: last(of: name), isDirectory: true, size: 0)
        }
        return (files + directories).sorted { $0.name < $1.name }
    }

    func exists(_ path: String) throws(DiskError) -> Bool { contains(path) }

    func permissions(_ path: String) throws(DiskError) -> DiskPermissions {
        DiskPermissions(mode: 0o600, isOwnedByThisUser: true)
    }

    func resolve(_ path: String) throws(DiskError) -> String { path }

    func freeBytes(_ path: String) throws(DiskError) -> (free: UInt64, total: UInt64) {
        (free: 1 << 40, total: 1 << 40)
    }

    private func last(of path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }
}

/// An open file of a ``SimulatedDisk``.
private final class SimulatedFile: DiskFile {
    private let number: Int
    private let disk: SimulatedDisk
    private let isClosed = Mutex(false)

    init(number: Int, disk: SimulatedDisk) {
        self.number = number
        self.disk = disk
    }

    func write(_ buffer: ByteBuffer, at offset: UInt64) throws(DiskError) {
        try checkOpen()
        if let error = disk.write(buffer, to: number, at: Int(offset)) { throw error }
    }

    func read(at offset: UInt64, count: Int) throws(DiskError) -> ByteBuffer {
        try checkOpen()
        return try disk.read(number, at: Int(offset), count: count).get()
    }

    func size() throws(DiskError) -> UInt64 { UInt64(disk.size(of: number)) }

    func truncate(to size: UInt64) throws(DiskError) {
        try checkOpen()
        if let error = disk.truncate(number, to: Int(size)) { throw error }
    }

    func synchronize() throws(DiskError) {
        try checkOpen()
        if let error = disk.sync(number) { throw error }
    }

    func close() throws(DiskError) { isClosed.withLock { $0 = true } }

    private func checkOpen() throws(DiskError) {
        guard !isClosed.withLock({ $0 }) else { throw DiskError(.closed, operation: "use") }
    }
}

extension ByteBuffer {
    /// Puts bytes at an offset, with zeros up to there where the buffer is shorter.
    mutating func overwrite(with bytes: ByteBuffer, at offset: Int) {
        if offset > readableBytes { writeRepeatingByte(0, count: offset - readableBytes) }
        let start = readerIndex + offset
        if start + bytes.readableBytes > writerIndex {
            moveWriterIndex(to: start)
            writeImmutableBuffer(bytes)
        } else {
            setBuffer(bytes, at: start)
        }
    }

    /// Cuts the buffer off, or fills it up with zeros.
    mutating func resize(to size: Int) {
        if size < readableBytes {
            moveWriterIndex(to: readerIndex + size)
        } else {
            writeRepeatingByte(0, count: size - readableBytes)
        }
    }
}
