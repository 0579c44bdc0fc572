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
        rebuild: IndexRebuild = .ifMissing,
        freeSpaceFloor: UInt64? = nil,
        logger: Logger
    ) async throws -> OpenArchive {
        let threads = NIOThreadPool(numberOfThreads: threadCount)
        threads.start()
        do {
            var configuration = PackConfiguration()
            configuration.freeSpaceFloorLimit = freeSpaceFloor ?? .max
            return try await open(folder, rootKeyPath, rebuild, configuration, ArchiveHost(), threads, logger)
        } catch {
            try await threads.shutdownGracefully()
            throw error
        }
    }

    /// Opens the archive on any host; the threads stay the caller's when it fails.
    static func open(
        _ folder: DataFolder,
        _ rootKeyPath: String,
        _ wish: IndexRebuild,
        _ configuration: PackConfiguration,
        _ host: ArchiveHost,
        _ threads: NIOThreadPool,
        _ logger: Logger
    ) async throws -> OpenArchive {
        let pool = WorkPool(threads: threads)
        let disk = host.disk
        let keyring = try await openKeyring(folder, rootKeyPath, host, pool)
        let packs = PackStore(
            directory: folder.packs,
            disk: disk,
            pool: pool,
            keyring: keyring,
            random: host.random,
            clock: host.clock,
            logger: logger,
            configuration: configuration
        )
        let indexKey = try await keyring.sideKeyBytes("index")
        // The index is a projection: one that was removed is made again from the packs.
        var rebuild: RecoveryReport?
        if try wish != .ifMissing || isMissing(folder.index, disk) {
            rebuild = try await Self.rebuild(folder, wish == .forced, indexKey, packs, keyring, host, pool, logger)
        }
        let catalog = try await SQLiteCatalog.open(
            path: folder.index,
            key: indexKey,
            pool: pool,
            configuration: host.index
        )
        let archive = Archive(
            packs: packs,
            keyring: keyring,
            catalog: catalog,
            clock: host.clock,
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
        _ isForced: Bool,
        _ key: [UInt8],
        _ packs: PackStore,
        _ keyring: Keyring,
        _ host: ArchiveHost,
        _ pool: WorkPool,
        _ logger: Logger
    ) async throws -> RecoveryReport {
        let disk = host.disk
        let draft = folder.index + ".building"
        try remove(draft, disk)
        let catalog = try await SQLiteCatalog.open(path: draft, key: key, pool: pool, configuration: host.index)
        let report = try await Archive.rebuild(catalog, from: packs, keyring: keyring, logger: logger)
        try await catalog.close()
        // An index that knows more than the packs that can be read now is worth keeping: a disk may not be mounted.
        guard try report.isWhole || isForced || !disk.exists(folder.index) else {
            try remove(draft, disk)
            throw CommandFailure(
                "\(report.problemCount) packs or records cannot be read, so the old index stays. Is a disk missing? "
                    + "`cassette index rebuild --force` takes what there is (\(report.inserted) instances)"
            )
        }
        try remove(folder.index, disk)
        try disk.rename(draft, to: folder.index)
        try disk.syncDirectory(folder.path)
        return report
    }

    private static func openKeyring(
        _ folder: DataFolder,
        _ rootKeyPath: String,
        _ host: ArchiveHost,
        _ pool: WorkPool
    ) async throws -> Keyring {
        let disk = host.disk
        let provider = FileRootKeyProvider(
            disk: disk,
            pool: pool,
            path: rootKeyPath,
            random: host.random,
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
            random: host.random,
            clock: host.clock
        )
    }

    /// Whether there is a file in one of these folders, or in a folder of theirs.
    private static func holdsFiles(_ paths: [String], _ disk: any Disk) throws -> Bool {
        for path in paths where try disk.exists(path) {
            for entry in try disk.list(path) {
                guard entry.isDirectory else { return true }
                if try !disk.list(path + "/" + entry.name).isEmpty { return true }
            }
        }
        return false
    }

    /// Whether there is no index, or one that was cut off before its first page, which SQLite would take for an empty one.
    private static func isMissing(_ index: String, _ disk: any Disk) throws -> Bool {
        guard try disk.exists(index) else { return true }
        guard try disk.open(index, .read).size() <= SQLiteCatalog.sealHeaderLength else { return false }
        try remove(index, disk)
        return true
    }

    private static func remove(_ index: String, _ disk: any Disk) throws {
        // The database first: without it the next start rebuilds, whatever of the rest is left by a crash in between.
        for suffix in ["", "-wal", "-shm"] where try disk.exists(index + suffix) {
            try disk.unlink(index + suffix)
        }
    }
}

/// When the index is made again from the packs.
enum IndexRebuild: Sendable {
    /// When there is none.
    case ifMissing
    /// In any case, but a good index is not given up for packs that cannot be read.
    case wanted
    /// In any case.
    case forced
}

extension RecoveryReport {
    /// What could not be read, or contradicts what was.
    var problemCount: Int {
        problems.count { $0.kind != .tornTail && $0.kind != .strangers } + conflicts + unreadable
    }

    /// Whether all packs were read, and there were any.
    var isWhole: Bool { problemCount == 0 && packs > 0 }
}
