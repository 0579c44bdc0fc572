import CLinux

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The file system of the operating system.
public struct PosixDisk: Disk {
    /// Makes the disk.
    public init() {}

    /// Opens a file.
    public func open(_ path: String, _ mode: DiskOpenMode) throws(DiskError) -> any DiskFile {
        let flags =
            switch mode {
            case .read: O_RDONLY
            case .readWrite: O_RDWR
            case .createNew: O_RDWR | O_CREAT | O_EXCL
            }
        let descriptor = try posixRetrying("open") {
            // The path is copied to a C string for the call only.
            unsafe systemOpen(path, flags | O_CLOEXEC | O_NOCTTY, 0o600)
        }
        return PosixFile(descriptor: descriptor)
    }

    /// Renames a file, replacing what bears the new name.
    public func rename(_ from: String, to: String) throws(DiskError) {
        // Both paths are copied to C strings for the call only.
        try posixRetrying("rename") { unsafe systemRename(from, to) }
    }

    /// Removes a file name.
    public func unlink(_ path: String) throws(DiskError) {
        // The path is copied to a C string for the call only.
        try posixRetrying("unlink") { unsafe systemUnlink(path) }
    }

    /// Removes an empty directory.
    public func removeDirectory(_ path: String) throws(DiskError) {
        // The path is copied to a C string for the call only.
        try posixRetrying("rmdir") { unsafe rmdir(path) }
    }

    /// Exchanges two names at once (Linux 3.15; most local file systems have it).
    public func exchange(_ path: String, with other: String) throws(DiskError) {
        // Both paths are copied to C strings for the call only.
        try posixRetrying("renameat2") { unsafe cassette_exchange(path, other) }
    }

    /// Makes a directory (0700) and its parents and syncs the directory above each new one.
    public func makeDirectory(_ path: String) throws(DiskError) {
        var parent = path.hasPrefix("/") ? "/" : "."
        for component in path.split(separator: "/") {
            let child = parent == "/" ? "/" + component : parent + "/" + component
            do {
                // The path is copied to a C string for the call only.
                try posixRetrying("mkdir") { unsafe mkdir(child, 0o700) }
                try syncDirectory(parent)
            } catch let error {
                guard error.code == .exists else { throw error }
            }
            parent = child
        }
    }

    /// Makes the names in a directory durable.
    public func syncDirectory(_ path: String) throws(DiskError) {
        let descriptor = try posixRetrying("open directory") {
            // The path is copied to a C string for the call only.
            unsafe systemOpen(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)
        }
        // Nothing was written through the descriptor, so an error of close says nothing about the sync.
        defer { _ = systemClose(descriptor) }
        try posixRetrying("fsync directory") { fsync(descriptor) }
    }

    /// The names in a directory, sorted.
    public func list(_ path: String) throws(DiskError) -> [DiskEntry] {
        // The path is copied to a C string for the call only.
        guard let stream = unsafe opendir(path) else { throw DiskError(errno: errno, operation: "opendir") }
        // The stream is closed once, here, and not used afterwards.
        defer { _ = unsafe closedir(stream) }
        var entries: [DiskEntry] = []
        errno = 0
        // The entry stays valid until the next readdir on this stream, which only this thread uses.
        while let entry = unsafe readdir(stream) {
            // d_name is a C string inside the entry.
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                // The name ends with a zero byte within the entry.
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != ".", name != ".." {
                do {
                    let status = try status(path + "/" + name)
                    let isDirectory = status.st_mode & S_IFMT == S_IFDIR
                    let size = isDirectory ? 0 : UInt64(clamping: status.st_size)
                    entries.append(DiskEntry(name: name, isDirectory: isDirectory, size: size))
                } catch let error {
                    // A file may go between readdir and stat.
                    guard error.code == .notFound else { throw error }
                }
            }
            errno = 0
        }
        guard errno == 0 else { throw DiskError(errno: errno, operation: "readdir") }
        return entries.sorted { $0.name < $1.name }
    }

    /// Whether the path names anything.
    public func exists(_ path: String) throws(DiskError) -> Bool {
        do {
            _ = try status(path)
            return true
        } catch let error {
            guard error.code == .notFound else { throw error }
            return false
        }
    }

    /// Owner and permission bits of a file.
    public func permissions(_ path: String) throws(DiskError) -> DiskPermissions {
        let status = try status(path)
        return DiskPermissions(mode: status.st_mode & 0o7777, isOwnedByThisUser: status.st_uid == geteuid())
    }

    /// The absolute path of something that exists, free of symbolic links.
    public func resolve(_ path: String) throws(DiskError) -> String {
        // With a null buffer realpath allocates the result.
        guard let resolved = unsafe realpath(path, nil) else { throw DiskError(errno: errno, operation: "realpath") }
        // The result is ours to free, once.
        defer { unsafe free(resolved) }
        // It is a C string.
        return unsafe String(cString: resolved)
    }

    /// Bytes that this user may still write on the volume of `path`, and its size.
    public func freeBytes(_ path: String) throws(DiskError) -> (free: UInt64, total: UInt64) {
        var volume = statvfs()
        // The structure lives for the call only.
        try posixRetrying("statvfs") { unsafe systemStatvfs(path, &volume) }
        let block = UInt64(volume.f_frsize)
        let (free, freeOverflows) = UInt64(volume.f_bavail).multipliedReportingOverflow(by: block)
        let (total, totalOverflows) = UInt64(volume.f_blocks).multipliedReportingOverflow(by: block)
        return (free: freeOverflows ? .max : free, total: totalOverflows ? .max : total)
    }

    private func status(_ path: String) throws(DiskError) -> stat {
        var status = stat()
        // The structure lives for the call only.
        try posixRetrying("stat") { unsafe stat(path, &status) }
        return status
    }
}

// The methods above bear the names of the system calls that they make.
private func systemOpen(_ path: UnsafePointer<CChar>, _ flags: Int32, _ mode: mode_t) -> Int32 {
    // Passes on what the caller vouches for.
    unsafe open(path, flags, mode)
}

private func systemRename(_ from: UnsafePointer<CChar>, _ to: UnsafePointer<CChar>) -> Int32 {
    // Passes on what the caller vouches for.
    unsafe rename(from, to)
}

private func systemUnlink(_ path: UnsafePointer<CChar>) -> Int32 {
    // Passes on what the caller vouches for.
    unsafe unlink(path)
}

private func systemStatvfs(_ path: UnsafePointer<CChar>, _ volume: UnsafeMutablePointer<statvfs>) -> Int32 {
    // Passes on what the caller vouches for.
    unsafe statvfs(path, volume)
}

private func systemClose(_ descriptor: Int32) -> Int32 {
    close(descriptor)
}
