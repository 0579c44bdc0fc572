import Glibc
import PackStorage
import Platform

/// Where backups go, as typed: a folder.
struct BackupPlace: Sendable {
    /// The folder, absolute.
    let path: String

    init(_ typed: String) {
        path = DataFolder(typed, workingDirectory: Environment.workingDirectory).path
    }

    /// Opens the place for reading.
    func existing(disk: any Disk, pool: WorkPool) throws -> any BlobStore {
        guard try disk.exists(path) else { throw CommandFailure("There is no folder \(path)") }
        return store(disk: disk, pool: pool)
    }

    /// Opens the place for a backup; a folder that is not there is made.
    ///
    /// - Throws: When it lies in the data folder, which it is to outlive, or holds the root key, which no backup may.
    func writable(for folder: DataFolder, rootKeyPath: String, disk: any Disk, pool: WorkPool) throws -> any BlobStore {
        try disk.makeDirectory(path)
        let place = try disk.resolve(path)
        let data = try disk.resolve(folder.path)
        guard !Self.lies(place, in: data), !Self.lies(data, in: place) else {
            throw CommandFailure("A backup must outlive its archive: choose a place outside of \(folder.path)")
        }
        if try disk.exists(rootKeyPath), Self.lies(try disk.resolve(rootKeyPath), in: place) {
            throw CommandFailure(
                "The root key lies in \(path), and whoever has both opens everything: keep the key elsewhere"
            )
        }
        return store(disk: disk, pool: pool)
    }

    private func store(disk: any Disk, pool: WorkPool) -> any BlobStore {
        LocalBlobStore(directory: path, disk: disk, pool: pool, random: SystemRandomSource())
    }

    private static func lies(_ path: String, in folder: String) -> Bool {
        path == folder || path.hasPrefix(folder.hasSuffix("/") ? folder : folder + "/")
    }
}
