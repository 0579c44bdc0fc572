import NIOCore
import Platform
import Sealing
import Synchronization

/// Where packs lie, and the files that are open for reading.
///
/// Everything here blocks and runs on the pool.
final class PackFiles: Sendable {
    let directory: String
    let disk: any Disk
    let sealedPacks: LocalBlobStore
    private let files: Mutex<LRUCache<PackID, any DiskFile>>

    init(directory: String, disk: any Disk, sealedPacks: LocalBlobStore, openFileLimit: Int) {
        self.directory = directory
        self.disk = disk
        self.sealedPacks = sealedPacks
        files = Mutex(LRUCache(limit: openFileLimit))
    }

    var openDirectory: String { directory + "/open" }
    var quarantineDirectory: String { directory + "/quarantine" }

    func openPath(_ id: PackID) -> String { openDirectory + "/" + id.hex }

    /// The file of a pack, wherever it lies now.
    ///
    /// A pack goes one way, from the open ones to the sealed ones, so looking in that order cannot miss it; a file that is
    /// open stays the same file when it is renamed.
    func file(_ id: PackID) throws(DiskError) -> any DiskFile {
        if let file = files.withLock({ $0.value(for: id) }) { return file }
        let file = try openAnywhere(id)
        files.withLock { $0.insert(file, for: id) }
        return file
    }

    /// The open packs, and the names among them that are no pack's.
    func openPacks() throws(DiskError) -> (packs: [PackID], strangers: Int) {
        guard try disk.exists(openDirectory) else { return (packs: [], strangers: 0) }
        let names = try disk.list(openDirectory)
        let packs = names.compactMap { $0.isDirectory ? nil : PackID(hex: $0.name) }
        return (packs: packs, strangers: names.count - packs.count)
    }

    /// Drops the open file of a pack that is gone.
    func forget(_ id: PackID) {
        files.withLock { $0.remove(id) }
    }

    private func openAnywhere(_ id: PackID) throws(DiskError) -> any DiskFile {
        do {
            return try disk.open(openPath(id), .read)
        } catch let error {
            guard error.code == .notFound else { throw error }
            return try sealedPacks.file(id.blobKey)
        }
    }
}
