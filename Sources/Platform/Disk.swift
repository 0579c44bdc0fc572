#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// How a file is opened.
public enum DiskOpenMode: Sendable, Hashable {
    /// An existing file, for reading only.
    case read
    /// An existing file, for reading and writing.
    case readWrite
    /// A new file that only its owner may read and write (0600); an existing one is an error.
    case createNew
}

/// One name in a directory.
public struct DiskEntry: Sendable, Hashable {
    /// The last component of the path.
    public let name: String
    /// Whether the name is a directory.
    public let isDirectory: Bool
    /// Size in bytes; 0 for a directory.
    public let size: UInt64

    /// Makes an entry.
    public init(name: String, isDirectory: Bool, size: UInt64) {
        self.name = name
        self.isDirectory = isDirectory
        self.size = size
    }
}

/// Who may use a file.
public struct DiskPermissions: Sendable, Hashable {
    /// The permission bits, for example `0o600`.
    public let mode: UInt32
    /// Whether the file belongs to the user of this process.
    public let isOwnedByThisUser: Bool

    /// Makes permissions.
    public init(mode: UInt32, isOwnedByThisUser: Bool) {
        self.mode = mode
        self.isOwnedByThisUser = isOwnedByThisUser
    }
}

/// All file operations of the archive behind one small port, so that a test can put a failing or forgetful disk in its place.
///
/// Every call blocks: run it on a ``WorkPool``.
public protocol Disk: Sendable {
    /// Opens a file.
    func open(_ path: String, _ mode: DiskOpenMode) throws(DiskError) -> any DiskFile
    /// Renames a file, replacing what bears the new name; durable only after both directories are synced.
    func rename(_ from: String, to: String) throws(DiskError)
    /// Removes a file name; durable only after its directory is synced.
    func unlink(_ path: String) throws(DiskError)
    /// Makes a directory (0700) and its parents and syncs the directory above each new one; an existing one is fine.
    func makeDirectory(_ path: String) throws(DiskError)
    /// Makes the names in a directory durable.
    func syncDirectory(_ path: String) throws(DiskError)
    /// The names in a directory, sorted.
    func list(_ path: String) throws(DiskError) -> [DiskEntry]
    /// Whether the path names anything.
    func exists(_ path: String) throws(DiskError) -> Bool
    /// Owner and permission bits of a file.
    func permissions(_ path: String) throws(DiskError) -> DiskPermissions
    /// The absolute path of something that exists, free of symbolic links.
    func resolve(_ path: String) throws(DiskError) -> String
    /// Bytes that this user may still write on the volume of `path`, and its size.
    func freeBytes(_ path: String) throws(DiskError) -> (free: UInt64, total: UInt64)
    /// Removes an empty directory; durable only after the directory above it is synced.
    func removeDirectory(_ path: String) throws(DiskError)
    /// Gives each of two files or directories of one volume the name of the other, at once; durable only after the
    /// directories of both are synced.
    func exchange(_ path: String, with other: String) throws(DiskError)
}

extension Disk {
    /// A disk that has no such operation says so.
    public func removeDirectory(_ path: String) throws(DiskError) {
        throw DiskError(.other(ENOSYS), operation: "rmdir")
    }

    /// A disk that has no such operation says so.
    public func exchange(_ path: String, with other: String) throws(DiskError) {
        throw DiskError(.other(ENOSYS), operation: "exchange")
    }
}
