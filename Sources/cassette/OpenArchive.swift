import ArchiveCatalog
import ArchiveServices
import CatalogSQLite
import DICOMCore
import Logging
import NIOPosix
import PackStorage
import Platform
import Sealing

/// An archive in this process: the concrete stores, opened and recovered.
///
/// The only place that names them.
struct OpenArchive: Sendable {
    let archive: Archive
    /// What the open packs of the last run held.
    let recovery: RecoveryReport
    /// What all packs held, when the index was made again.
    let rebuild: RecoveryReport?
    private let threads: NIOThreadPool

    /// Threads for files and the database; more than cores, because they wait.
    private static let threadCount = 8

    /// Opens the archive in a folder whose lock the caller holds, making what is missing.
    static func open(
        _ folder: DataFolder,
        rootKeyPath: String,
        rebuildsIndex: Bool = false,
        logger: Logger
    ) async throws -> OpenArchive {
        let threads = NIOThreadPool(numberOfThreads: threadCount)
        threads.start()
        do {
            return try await open(folder, rootKeyPath, rebuildsIndex, WorkPool(threads: threads), threads, logger)
        } catch {
            try await threads.shutdownGracefully()
            throw error
        }
    }

    private static func open(
        _ folder: DataFolder,
        _ rootKeyPath: String,
        _ rebuildsIndex: Bool,
        _ pool: WorkPool,
        _ threads: NIOThreadPool,
        _ logger: Logger
    ) async throws -> OpenArchive {
        let disk = PosixDisk()
        let clock = SystemWallClock()
        let keyring = try await openKeyring(folder, rootKeyPath, disk, pool)
        let packs = PackStore(
            directory: folder.packs,
            disk: disk,
            pool: pool,
            keyring: keyring,
            random: SystemRandomSource(),
            clock: clock,
            logger: logger,
            configuration: PackConfiguration()
        )
        let indexKey = try await keyring.sideKeyBytes("index")
        // The index is a projection: one that was removed is made again from the packs.
        var rebuild: RecoveryReport?
        if try rebuildsIndex || !disk.exists(folder.index) {
            rebuild = try await Self.rebuild(folder, indexKey, packs, keyring, disk, pool, logger)
        }
        let catalog = try await SQLiteCatalog.open(path: folder.index, key: indexKey, pool: pool)
        let archive = Archive(
            packs: packs,
            keyring: keyring,
            catalog: catalog,
            clock: clock,
            limits: DataSetLimits(),
            logger: logger
        )
        return OpenArchive(
            archive: archive,
            recovery: try await archive.recover(),
            rebuild: rebuild,
            threads: threads
        )
    }

    /// Makes everything durable and ends the threads.
    func close() async throws {
        try await archive.close()
        try await threads.shutdownGracefully()
    }

    /// Builds the index beside the old one and puts it in its place when it is whole, so that a crash in between leaves
    /// the old one, or none.
    private static func rebuild(
        _ folder: DataFolder,
        _ key: [UInt8],
        _ packs: PackStore,
        _ keyring: Keyring,
        _ disk: PosixDisk,
        _ pool: WorkPool,
        _ logger: Logger
    ) async throws -> RecoveryReport {
        let draft = folder.index + ".building"
        try remove(draft, disk)
        let catalog = try await SQLiteCatalog.open(path: draft, key: key, pool: pool)
        let report = try await Archive.rebuild(catalog, from: packs, keyring: keyring, logger: logger)
        try await catalog.close()
        try remove(folder.index, disk)
        try disk.rename(draft, to: folder.index)
        try disk.syncDirectory(folder.path)
        return report
    }

    private static func openKeyring(
        _ folder: DataFolder,
        _ rootKeyPath: String,
        _ disk: PosixDisk,
        _ pool: WorkPool
    ) async throws -> Keyring {
        let random = SystemRandomSource()
        let provider = FileRootKeyProvider(
            disk: disk,
            pool: pool,
            path: rootKeyPath,
            random: random,
            refusingUnder: folder.path
        )
        // A new keyring would open none of the packs that are there: both copies of the old one are lost.
        guard try holdsFiles(folder.keyrings, disk) || !holdsFiles([folder.packs], disk) else {
            throw CommandFailure(
                "\(folder.path) holds packs but no keyring: put \(folder.keyrings[0]) back from a backup"
            )
        }
        return try await Keyring.open(
            directories: folder.keyrings,
            provider: provider,
            disk: disk,
            pool: pool,
            random: random,
            clock: SystemWallClock()
        )
    }

    /// Whether there is a file in one of these folders, or in a folder of theirs.
    private static func holdsFiles(_ paths: [String], _ disk: PosixDisk) throws -> Bool {
        for path in paths where try disk.exists(path) {
            for entry in try disk.list(path) {
                guard entry.isDirectory else { return true }
                if try !disk.list(path + "/" + entry.name).isEmpty { return true }
            }
        }
        return false
    }

    private static func remove(_ index: String, _ disk: PosixDisk) throws {
        for suffix in ["-wal", "-shm", ""] where try disk.exists(index + suffix) {
            try disk.unlink(index + suffix)
        }
    }
}
