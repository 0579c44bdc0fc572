/// A disk that makes nothing new in a folder whose volume is gone: an empty mount point is never written into.
///
/// The folder holds a mark, made when it was set up. A folder without it is not the one that was opened, so what would be
/// made in it would be lost to sight once the volume is mounted again. Files that are open go on.
public struct MountedDisk: Disk {
    private let disk: any Disk
    private let folder: String
    private let mark: String

    /// Watches over one folder of a disk.
    ///
    /// - Parameter mark: The path of a file in the folder that is there as long as its volume is.
    public init(_ disk: any Disk, folder: String, mark: String) {
        self.disk = disk
        self.folder = folder
        self.mark = mark
    }

    private func check(_ path: String, _ operation: String) throws(DiskError) {
        guard path == folder || path.hasPrefix(folder + "/") else { return }
        guard try disk.exists(mark) else { throw DiskError(.volumeGone, operation: operation) }
    }

    /// Opens a file; a new one only while the volume is there.
    public func open(_ path: String, _ mode: DiskOpenMode) throws(DiskError) -> any DiskFile {
        if mode == .createNew { try check(path, "open") }
        return try disk.open(path, mode)
    }

    /// Renames a file while the volume is there.
    public func rename(_ from: String, to: String) throws(DiskError) {
        try check(to, "rename")
        try disk.rename(from, to: to)
    }

    /// Removes a file name.
    public func unlink(_ path: String) throws(DiskError) {
        try disk.unlink(path)
    }

    /// Removes an empty directory.
    public func removeDirectory(_ path: String) throws(DiskError) {
        try disk.removeDirectory(path)
    }

    /// Exchanges two names while the volume is there.
    public func exchange(_ path: String, with other: String) throws(DiskError) {
        try check(other, "renameat2")
        try disk.exchange(path, with: other)
    }

    /// Makes a directory while the volume is there.
    public func makeDirectory(_ path: String) throws(DiskError) {
        try check(path, "mkdir")
        try disk.makeDirectory(path)
    }

    /// Makes the names in a directory durable.
    public func syncDirectory(_ path: String) throws(DiskError) {
        try disk.syncDirectory(path)
    }

    /// The names in a directory, sorted.
    public func list(_ path: String) throws(DiskError) -> [DiskEntry] {
        try disk.list(path)
    }

    /// Whether the path names anything.
    public func exists(_ path: String) throws(DiskError) -> Bool {
        try disk.exists(path)
    }

    /// Owner and permission bits of a file.
    public func permissions(_ path: String) throws(DiskError) -> DiskPermissions {
        try disk.permissions(path)
    }

    /// The absolute path of something that exists, free of symbolic links.
    public func resolve(_ path: String) throws(DiskError) -> String {
        try disk.resolve(path)
    }

    /// Bytes that this user may still write on the volume of `path`, and its size; none on a volume that is gone.
    public func freeBytes(_ path: String) throws(DiskError) -> (free: UInt64, total: UInt64) {
        try check(path, "statvfs")
        return try disk.freeBytes(path)
    }
}
