import Dispatch
import NIOCore
public import Platform
import Synchronization

/// A disk of which some files give nothing back until they are let go, as a volume behind a network that hangs.
///
/// A stalled call holds its thread, as the system call would.
public final class StallingDisk: Disk {
    private struct State {
        var suffix: String?
        var stalledCount = 0
    }

    private let disk: any Disk
    private let state = Mutex(State())
    private let gate = DispatchSemaphore(value: 0)
    private let onStall: @Sendable () -> Void

    /// Puts itself before another disk; nothing stalls at first.
    ///
    /// - Parameter onStall: Called when a read begins to hang.
    public init(_ disk: any Disk, onStall: @escaping @Sendable () -> Void) {
        self.disk = disk
        self.onStall = onStall
    }

    /// Lets reads of files whose path ends so hang from now on.
    public func stall(pathsEndingIn suffix: String) {
        state.withLock { $0.suffix = suffix }
    }

    /// Lets everything go on.
    public func release() {
        let count = state.withLock { state in
            defer { state = State() }
            return state.stalledCount
        }
        for _ in 0..<count { gate.signal() }
    }

    /// Opens a file.
    public func open(_ path: String, _ mode: DiskOpenMode) throws(DiskError) -> any DiskFile {
        StallingFile(try disk.open(path, mode), path: path, disk: self)
    }

    /// Renames a file.
    public func rename(_ from: String, to: String) throws(DiskError) { try disk.rename(from, to: to) }

    /// Removes a name.
    public func unlink(_ path: String) throws(DiskError) { try disk.unlink(path) }

    /// Makes a directory.
    public func makeDirectory(_ path: String) throws(DiskError) { try disk.makeDirectory(path) }

    /// Makes the names in a directory durable.
    public func syncDirectory(_ path: String) throws(DiskError) { try disk.syncDirectory(path) }

    /// The names in a directory.
    public func list(_ path: String) throws(DiskError) -> [DiskEntry] { try disk.list(path) }

    /// Whether the path names anything.
    public func exists(_ path: String) throws(DiskError) -> Bool { try disk.exists(path) }

    /// Owner and permission bits.
    public func permissions(_ path: String) throws(DiskError) -> DiskPermissions { try disk.permissions(path) }

    /// The path without links.
    public func resolve(_ path: String) throws(DiskError) -> String { try disk.resolve(path) }

    /// Free and total bytes.
    public func freeBytes(_ path: String) throws(DiskError) -> (free: UInt64, total: UInt64) {
        try disk.freeBytes(path)
    }

    fileprivate func pass(_ path: String) {
        let isStalled = state.withLock { state in
            guard let suffix = state.suffix, path.hasSuffix(suffix) else { return false }
            state.stalledCount += 1
            return true
        }
        guard isStalled else { return }
        onStall()
        gate.wait()
    }
}

/// An open file of a ``StallingDisk``.
private final class StallingFile: DiskFile {
    private let file: any DiskFile
    private let path: String
    private let disk: StallingDisk

    init(_ file: any DiskFile, path: String, disk: StallingDisk) {
        self.file = file
        self.path = path
        self.disk = disk
    }

    func write(_ buffer: ByteBuffer, at offset: UInt64) throws(DiskError) { try file.write(buffer, at: offset) }

    func read(at offset: UInt64, count: Int) throws(DiskError) -> ByteBuffer {
        disk.pass(path)
        return try file.read(at: offset, count: count)
    }

    func size() throws(DiskError) -> UInt64 { try file.size() }

    func truncate(to size: UInt64) throws(DiskError) { try file.truncate(to: size) }

    func synchronize() throws(DiskError) { try file.synchronize() }

    func close() throws(DiskError) { try file.close() }
}
