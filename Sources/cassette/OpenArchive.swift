import ArchiveCatalog
import ArchiveServices
import CatalogSQLite
import CodecWorkers
import DICOMCore
import DICOMPixels
import Deidentification
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
    /// Takes backups of it.
    let backups: BackupService
    /// Lets de-identified cohorts leave.
    let exports: ExportService
    /// Threads for files and the database.
    let pool: WorkPool
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
        characterSet: CharacterSetSetting? = nil,
        storage: StorageSettings = StorageSettings(),
        codecs: CodecProcesses? = nil,
        limits: ArchiveLimits,
        isRestoring: Bool = false,
        acceptsNewRegistry: Bool = false,
        logger: Logger
    ) async throws -> OpenArchive {
        guard try isRestoring || !PosixDisk().exists(folder.path + "/" + RestoreFolder.markName) else {
            throw CommandFailure(
                "A restore into \(folder.path) was not finished: run the same `cassette restore` again, or remove the folder"
            )
        }
        let threads = NIOThreadPool(numberOfThreads: threadCount)
        threads.start()
        do {
            var limits = limits
            limits.packs.freeSpaceFloorLimit = freeSpaceFloor ?? .max
            var host = ArchiveHost()
            try VolumeMark(folder, rootKeyPath: rootKeyPath).make()
            host.disk = MountedDisk(PosixDisk(), folder: folder.path, mark: folder.volumeMark)
            host.characterSet = characterSet
            host.storage = storage
            host.removal = storage.removal
            host.codecs = codecs
            host.isRestoring = isRestoring
            host.acceptsNewRegistry = acceptsNewRegistry || Environment[RegistryLoss.consentName] == "true"
            return try await open(folder, rootKeyPath, rebuild, limits, host, threads, logger)
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
        _ limits: ArchiveLimits,
        _ host: ArchiveHost,
        _ threads: NIOThreadPool,
        _ logger: Logger
    ) async throws -> OpenArchive {
        let pool = WorkPool(threads: threads)
        let disk = host.disk
        let keyring = try await openKeyring(folder, rootKeyPath, host, pool)
        let loss = RegistryLoss(folder: folder, disk: disk, clock: host.clock)
        let registry = try await openRegistry(folder, keyring, loss, host, pool, fileSystem: limits.catalog.fileSystem)
        let setup = TierSetup(settings: host.storage, folder: folder, host: host, pool: pool, logger: logger)
        let tiers = try await setup.tiers(RegistryPackPlaces(registry))
        let packs = PackStore(
            directory: folder.packs,
            disk: disk,
            pool: pool,
            keyring: keyring,
            random: host.random,
            clock: host.clock,
            logger: logger,
            configuration: limits.packs,
            tiers: tiers
        )
        try await adoptPlaces(packs, loss, logger)
        let assumed = CharacterSetsBySource(folder, disk: disk, standard: host.characterSet, logger: logger).assumed
        let builder = IndexBuilder(
            folder: folder,
            key: try await keyring.sideKeyBytes("index"),
            packs: packs,
            keyring: keyring,
            disk: disk,
            configuration: limits.catalog,
            assumedCharacterSets: assumed,
            pool: pool,
            logger: logger
        )
        let (catalog, rebuild) = try await builder.open(wish)
        let foundation = foundation(packs, keyring, catalog, registry, host, assumed, logger)
        let lifecycle = setup.lifecycle(packs, tiers)
        let removal = removal(lifecycle, loss, host, renewRootKey: try rootKeyRenewal(folder, rootKeyPath, host, pool))
        let archive = assemble(foundation, lifecycle, limits, host, pool, removal)
        return OpenArchive(
            archive: archive,
            backups: try backups(of: archive, registry, folder, rootKeyPath, host, pool),
            exports: exports(of: archive, folder, rootKeyPath, limits, host, pool),
            pool: pool,
            recovery: try await archive.recover(),
            rebuild: rebuild,
            threads: threads
        )
    }

    private static func foundation(
        _ packs: PackStore,
        _ keyring: Keyring,
        _ catalog: SQLiteCatalog,
        _ registry: SQLiteRegistry,
        _ host: ArchiveHost,
        _ assumed: AssumedCharacterSets,
        _ logger: Logger
    ) -> ArchiveFoundation {
        ArchiveFoundation(
            packs: packs,
            keyring: keyring,
            catalog: catalog,
            registry: registry,
            clock: host.clock,
            random: host.random,
            assumedCharacterSets: assumed,
            logger: logger
        )
    }

    private static func removal(
        _ lifecycle: LifecycleSetup,
        _ loss: RegistryLoss,
        _ host: ArchiveHost,
        renewRootKey: (@Sendable (Keyring) async throws -> Void)?
    ) -> RemovalSetup {
        RemovalSetup(
            configuration: host.removal,
            destroyer: lifecycle.mover as? any PackDestroying,
            renewRootKey: renewRootKey,
            isSuspended: { loss.isSuspended }
        )
    }

    private static func assemble(
        _ foundation: ArchiveFoundation,
        _ lifecycle: LifecycleSetup,
        _ limits: ArchiveLimits,
        _ host: ArchiveHost,
        _ pool: WorkPool,
        _ removal: RemovalSetup
    ) -> Archive {
        Archive(
            on: foundation,
            lifecycle: lifecycle,
            removal: removal,
            limits: limits.dataSet,
            pixels: PixelSetup(
                codec: host.codecs?.codec ?? InProcessCodec(workPool: pool, limits: limits.pixels.frame),
                pool: host.codecs?.pool ?? pool,
                limits: limits.pixels
            )
        )
    }

    private static func backups(
        of archive: Archive,
        _ registry: SQLiteRegistry,
        _ folder: DataFolder,
        _ rootKeyPath: String,
        _ host: ArchiveHost,
        _ pool: WorkPool
    ) throws -> BackupService {
        let rootKey = try RootKeySetting.remembered(besides: rootKeyPath, disk: host.disk)
            .provider(rootKeyPath: rootKeyPath, dataDirectory: folder.path, host: host, pool: pool).identifier
        return archive.backups(
            from: BackupFiles(folder: folder, registry: registry, disk: host.disk, pool: pool).source(rootKey),
            disk: host.disk,
            pool: pool,
            random: host.random,
            clock: host.clock
        )
    }

    private static func exports(
        of archive: Archive,
        _ folder: DataFolder,
        _ rootKeyPath: String,
        _ limits: ArchiveLimits,
        _ host: ArchiveHost,
        _ pool: WorkPool
    ) -> ExportService {
        let place = ExportPlace(
            folder: folder,
            rootKeyPath: rootKeyPath,
            storage: host.storage,
            disk: host.disk,
            pool: pool
        )
        let research = host.storage.research
        let cleaner = PixelCleaner(
            rules: research.rules,
            codec: host.codecs?.codec ?? InProcessCodec(workPool: pool, limits: limits.pixels.frame),
            recognizer: host.codecs?.recognizer
        )
        let setup = ExportSetup(
            folder: folder.exports,
            disk: host.disk,
            pool: pool,
            cleaner: cleaner,
            names: research.names,
            digests: research.digests,
            frameLengthLimit: limits.pixels.frame.frameLength,
            program: "cassette " + Version.string
        ) { try await place.open($0, $1) }
        return archive.exports(setup, clock: host.clock)
    }

    /// Makes everything durable and ends the threads.
    func close() async throws {
        try await archive.close()
        try await threads.shutdownGracefully()
    }

    private static func adoptPlaces(_ packs: PackStore, _ loss: RegistryLoss, _ logger: Logger) async throws {
        guard let survey = try await loss.adoptPlaces(packs) else { return }
        logger.error(
            "the registry is a new one: holds are gone, deletions and compaction rest for a day or until the mark is removed",
            metadata: ["mark": "\(loss.markPath)", "packsNotAdopted": "\(survey.problems.count)"]
        )
    }

    private static func openKeyring(
        _ folder: DataFolder,
        _ rootKeyPath: String,
        _ host: ArchiveHost,
        _ pool: WorkPool
    ) async throws -> Keyring {
        let disk = host.disk
        let setting = try RootKeySetting.remembered(besides: rootKeyPath, disk: disk)
        // A new keyring would open none of the packs that are there: both copies of the old one are lost.
        guard try holdsFiles(folder.keyrings, disk) || !holdsFiles([folder.packs], disk) else {
            throw CommandFailure(
                "\(folder.path) holds packs but no keyring: put \(folder.keyrings[0]) back from a backup"
            )
        }
        func open(_ provider: any RootKeyProvider) async throws(KeyringError) -> Keyring {
            try await Keyring.open(
                directories: folder.keyrings,
                provider: provider,
                disk: disk,
                pool: pool,
                random: host.random,
                clock: host.clock
            )
        }
        // Nothing beside a key file of the operator's is touched, nor what is restored with it.
        if setting == .file, rootKeyPath == folder.defaultRootKey, !host.isRestoring {
            return try await renewal(folder, rootKeyPath, host, pool).open(open)
        }
        return try await open(
            try setting.provider(rootKeyPath: rootKeyPath, dataDirectory: folder.path, host: host, pool: pool)
        )
    }

    /// A key file that was named by the operator may serve other archives, too: that one only the operator changes.
    private static func rootKeyRenewal(
        _ folder: DataFolder,
        _ rootKeyPath: String,
        _ host: ArchiveHost,
        _ pool: WorkPool
    ) throws -> (@Sendable (Keyring) async throws -> Void)? {
        let isFile = try RootKeySetting.remembered(besides: rootKeyPath, disk: host.disk) == .file
        guard isFile, rootKeyPath == folder.defaultRootKey else { return nil }
        let renewal = renewal(folder, rootKeyPath, host, pool)
        return { try await renewal.renew($0) }
    }

    private static func renewal(
        _ folder: DataFolder,
        _ rootKeyPath: String,
        _ host: ArchiveHost,
        _ pool: WorkPool
    ) -> RootKeyRenewal {
        RootKeyRenewal(
            path: rootKeyPath,
            dataDirectory: folder.path,
            disk: host.disk,
            pool: pool,
            random: host.random
        )
    }

    private static func openRegistry(
        _ folder: DataFolder,
        _ keyring: Keyring,
        _ loss: RegistryLoss,
        _ host: ArchiveHost,
        _ pool: WorkPool,
        fileSystem: String?
    ) async throws -> SQLiteRegistry {
        let holdsPacks = try holdsFiles([folder.packs], host.disk)
        try await loss.check(keyring, holdsPacks: holdsPacks, isAccepted: host.acceptsNewRegistry)
        return try await SQLiteRegistry.open(
            path: folder.registry,
            key: try await keyring.sideKeyBytes("registry"),
            disk: host.disk,
            pool: pool,
            fileSystem: fileSystem
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
}
