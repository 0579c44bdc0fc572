import ArchiveServices
import CatalogSQLite
import NIOCore
import Platform

/// The small files of a data folder that belong into a backup: what no pack holds.
struct BackupFiles: Sendable {
    private static let lengthLimit = 1 << 32

    let folder: DataFolder
    let registry: SQLiteRegistry
    let disk: any Disk
    let pool: WorkPool

    /// What a backup of the folder takes.
    ///
    /// - Parameter rootKey: Names the root key.
    func source(_ rootKey: String) -> BackupSource {
        BackupSource(
            rootKey: rootKey,
            files: { try await read() }
        )
    }

    /// The files that are there; of the registry a copy that holds every transaction that has ended.
    private func read() async throws -> [(name: String, bytes: ByteBuffer)] {
        var files: [(name: String, bytes: ByteBuffer)] = []
        let registryBytes = try await registry.whileQuiet { try whole(folder.registry) }
        if let registryBytes { files.append((Self.name(folder.registry), registryBytes)) }
        for path in [folder.applicationEntities, folder.adminToken] {
            let bytes = try await pool.run { try whole(path) }
            if let bytes { files.append((Self.name(path), bytes)) }
        }
        return files
    }

    private func whole(_ path: String) throws -> ByteBuffer? {
        guard try disk.exists(path) else { return nil }
        let file = try disk.open(path, .read)
        let size = try file.size()
        guard size < Self.lengthLimit else { throw CommandFailure("\(path) is too long for a backup") }
        let bytes = try file.read(at: 0, count: Int(size))
        try file.close()
        return bytes
    }

    private static func name(_ path: String) -> String {
        String(path.split(separator: "/").last ?? "")
    }
}
