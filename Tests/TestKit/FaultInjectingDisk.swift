import NIOCore
public import Platform
import Synchronization

/// A disk whose n-th changing call fails.
///
/// A write that fails has written its first half.
///
/// Loop n from 0 until a run succeeds without a fault: then every call has failed once.
public final class FaultInjectingDisk: Disk {
    /// What happens after the fault.
    public enum Aftermath: Sendable {
        /// Later calls work.
        case recovers
        /// Every later changing call fails as well.
        case staysBroken
    }

    fileprivate struct State {
        var callCount = 0
        var faultyCall: Int?
        var code: DiskError.Code = .io
        var aftermath = Aftermath.recovers
        var hasFailed = false
    }

    private let disk: any Disk
    fileprivate let state = Mutex(State())

    /// Puts itself before another disk; without a fault at first.
    public init(_ disk: any Disk) {
        self.disk = disk
    }

    /// Lets the n-th changing call from now on fail, counted from 0.
    public func failCall(_ index: Int, code: DiskError.Code, aftermath: Aftermath = .recovers) {
        state.withLock { $0 = State(faultyCall: index, code: code, aftermath: aftermath) }
    }

    /// No fault from now on.
    public func heal() {
        state.withLock { $0 = State() }
    }

    /// Whether the fault has happened.
    public var hasFailed: Bool { state.withLock { $0.hasFailed } }

    /// Changing calls so far.
    public var callCount: Int { state.withLock { $0.callCount } }

    /// Opens a file; changing when it makes one.
    public func open(_ path: String, _ mode: DiskOpenMode) throws(DiskError) -> any DiskFile {
        if mode == .createNew { try count("open") }
        return FaultInjectingFile(try disk.open(path, mode), disk: self)
    }

    /// Renames a file.
    public func rename(_ from: String, to: String) throws(DiskError) {
        try count("rename")
        try disk.rename(from, to: to)
    }

    /// Removes a name.
    public func unlink(_ path: String) throws(DiskError) {
        try count("unlink")
        try disk.unlink(path)
    }

    /// Makes a directory; changing when it does not exist.
    public func makeDirectory(_ path: String) throws(DiskError) {
        if try !disk.exists(path) { try count("mkdir") }
        try disk.makeDirectory(path)
    }

    /// Makes the names in a directory durable.
    public func syncDirectory(_ path: String) throws(DiskError) {
        try count("fsync directory")
        try disk.syncDirectory(path)
    }

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

    fileprivate func count(_ operation: String) throws(DiskError) {
        let code = state.withLock { state -> DiskError.Code? in
            let index = state.callCount
            state.callCount += 1
            guard let faulty = state.faultyCall else { return nil }
            guard index == faulty || (index > faulty && state.aftermath == .staysBroken) else { return nil }
            state.hasFailed = true
            return state.code
        }
        if let code { throw DiskError(code, operation: operation) }
    }
}

/// An open file of a ``FaultInjectingDisk``.
private final class FaultInjectingFile: DiskFile {
    private let file: any DiskFile
    private let disk: FaultInjectingDisk

    init(_ file: any DiskFile, disk: FaultInjectingDisk) {
        self.file = file
        self.disk = disk
    }

    func write(_ buffer: ByteBuffer, at offset: UInt64) throws(DiskError) {
        do {
            try disk.count("pwrite")
        } catch let error {
            var half = buffer
            if let half = half.readSlice(length: buffer.readableBytes / 2) { try file.write(half, at: offset) }
            throw error
        }
        try file.write(buffer, at: offset)
    }

    func read(at offset: UInt64, count: Int) throws(DiskError) -> ByteBuffer {
        try file.read(at: offset, count: count)
    }

    func size() throws(DiskError) -> UInt64 { try file.size() }

    func truncate(to size: UInt64) throws(DiskError) {
        try disk.count("ftruncate")
        try file.truncate(to: size)
    }

    func synchronize() throws(DiskError) {
        try disk.count("fdatasync")
        try file.synchronize()
    }

    func close() throws(DiskError) { try file.close() }
}
