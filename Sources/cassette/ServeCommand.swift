import AccessControl
import ArchiveServices
import ArgumentParser
import CLinux
import DICOMCore
import DICOMGateway
import Glibc
import HTTPGateway
import Logging
import Metrics
import NIOPosix
import Platform
import PrometheusMetrics
import Sealing
import ServiceLifecycle
import UnixSignals

/// The archive as a server.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run the archive: DICOM and DICOMweb.",
        discussion: """
            The first start makes the data folder, its keys and an administrator token. Settings come from the command \
            line or, where that says nothing, from the environment (CASSETTE_AET, CASSETTE_DICOM_PORT, \
            CASSETTE_HTTP_PORT, CASSETTE_BIND, ...) or from a file (--config).
            """
    )

    @OptionGroup var folder: DataFolderOptions
    @OptionGroup var rootKey: RootKeyOptions
    @Option(help: "The AE title of the archive. (default: CASSETTE)")
    var aet: String?
    @Option(help: "The port for DICOM. (default: 11112)")
    var dicomPort: Int?
    @Option(help: "The port for DICOMweb. (default: 8080)")
    var httpPort: Int?
    @Option(help: "The address to listen on. (default: 127.0.0.1)")
    var bind: String?
    @Option(help: "Scheme, host and port under which clients reach DICOMweb, for links in answers.")
    var publicURL: String?
    @Option(help: "Bytes that stay free on the volume, for example 500MiB. (default: 5 %, at least 10GiB)")
    var freeSpaceFloor: String?
    @Option(help: "How much to log: debug, info, notice, warning or error. (default: info)")
    var logLevel: String?
    @Option(help: "The character set of text whose Data Set names none, for example 'ISO_IR 100'. (default: none)")
    var characterSet: String?
    @Flag(help: "Switch authorization off. Only while listening on loopback.")
    var open = false
    @Flag(help: "Begin with an empty registry where the old one is lost: holds are gone. See the refusal to start.")
    var acceptNewRegistry = false

    /// What was typed, by key.
    private var typed: [String: String] {
        let values: [String: String?] = [
            "data": folder.data, "key-file": folder.keyFile, "aet": aet, "dicom-port": dicomPort.map { String($0) },
            "http-port": httpPort.map { String($0) }, "bind": bind, "public-url": publicURL,
            "free-space-floor": freeSpaceFloor, "log-level": logLevel,
            "character-set": characterSet,
        ]
        return values.compactMapValues { $0 }
    }

    func run() async throws {
        // Whatever is made from here on is for the owner only.
        umask(0o077)
        Self.raiseFileLimit()
        Self.limitArenas()
        let settings: ServerSettings
        do throws(ConfigurationProblem) {
            settings = try ServerSettings(typed: typed, file: folder.configuration(), opensAccess: open)
        } catch {
            throw ValidationError((folder.configPath.map { "\($0): " } ?? "") + "\(error)")
        }
        let metrics = Self.bootstrapObservation()
        let (logger, disk) = (Self.logger(settings), PosixDisk())
        let data = DataFolder(settings.data, workingDirectory: Environment.workingDirectory)
        try disk.makeDirectory(data.path)
        guard let lock = try FolderLock(at: data.lock) else {
            throw CommandFailure("Another cassette runs on \(data.path): stop it, or choose another folder with --data")
        }
        let token = try AdministratorToken.readOrMake(data, disk: disk)
        let codecs = CodecProcesses(settings.limits.pixels.frame, logger)
        let open = try await OpenArchive.open(
            data,
            rootKeyPath: rootKey.remembering(settings.keyFile, settings.rootKey, of: data, disk: disk),
            freeSpaceFloor: settings.freeSpaceFloor,
            characterSet: settings.characterSet,
            storage: settings.storage,
            codecs: codecs,
            limits: settings.limits,
            acceptsNewRegistry: acceptNewRegistry,
            logger: logger
        )
        try await Self.report(open, logger)
        Self.warn(settings, logger)
        let server = Server(
            settings: settings,
            folder: data,
            lock: lock,
            token: token.token,
            metricsToken: try AdministratorToken.readOrMakeForMetrics(data, disk: disk),
            metrics: metrics,
            archive: open.archive,
            backups: Self.backupDoor(open, settings, data),
            exports: open.exports,
            codecs: codecs,
            logger: logger
        )
        do {
            try await server.run { dicomPort, httpPort in
                Self.welcome(settings, data, dicomPort, httpPort, token)
            }
        } catch {
            try? await open.close()
            throw CommandFailure("The archive stopped: \(error)")
        }
        try await open.close()
        try await codecs.close()
        logger.info("stopped")
        withExtendedLifetime(lock) {}
    }

    /// Sets up where logs and metrics go, once for the process.
    private static func bootstrapObservation() -> PrometheusMetrics {
        let floodControl = FloodControl()
        LoggingSystem.bootstrap { label in
            FloodControlledLogHandler(StreamLogHandler.standardError(label: label), floodControl)
        }
        let metrics = PrometheusMetrics()
        MetricsSystem.bootstrap(metrics)
        return metrics
    }

    private static func logger(_ settings: ServerSettings) -> Logger {
        var logger = Logger(label: "cassette")
        logger.logLevel = settings.logLevel
        return logger
    }

    private static func backupDoor(
        _ open: OpenArchive,
        _ settings: ServerSettings,
        _ data: DataFolder
    ) -> BackupDoor {
        let rootKeyPath = DataFolderOptions.rootKeyPath(settings.keyFile, data)
        return BackupDoor(service: open.backups) { [storage = settings.storage] place in
            try BackupPlace(place, storage: storage)
                .writable(for: data, rootKeyPath: rootKeyPath, disk: PosixDisk())
        }
    }

    /// One loud line when the loss of the root key would be the loss of everything.
    private static func warnOfEscrow(_ archive: Archive, _ logger: Logger) async throws {
        let status = try await archive.keys.status(as: Principal(.administrator))
        if status.recoveryKeys.isEmpty { logger.warning("\(EscrowAdvice.text)") }
        if status.isRotating { logger.warning("a rotation was interrupted: `cassette keys rotate` goes on with it") }
    }

    /// Many associations keep many packs open; the usual soft limit of 1,024 files is meant for other programs.
    private static func raiseFileLimit() {
        var limit = rlimit()
        // The structure lives for the calls, which only fill and read it.
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        // When it fails, the old limit holds: fewer associations at a time.
        _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    /// Each thread would get a heap of its own, which keeps what its busiest moment took; a few are enough for two dozen
    /// threads that mostly wait.
    private static func limitArenas() {
        // When it fails, there are more heaps.
        _ = mallopt(M_ARENA_MAX, 4)
    }

    private static func report(_ open: OpenArchive, _ logger: Logger) async throws {
        try await warnOfEscrow(open.archive, logger)
        if let rebuild = open.rebuild, rebuild.records > 0 {
            logger.notice("index made again from the packs", metadata: ["instances": "\(rebuild.inserted)"])
        }
        logger.info(
            "recovered",
            metadata: ["openPacks": "\(open.recovery.packs)", "newToIndex": "\(open.recovery.inserted)"]
        )
        logger.info(
            "durability: every answer of success follows fdatasync of the pack; index WAL synced before sealing"
        )
    }

    /// What an operator should know who opens the archive to a network.
    private static func warn(_ settings: ServerSettings, _ logger: Logger) {
        guard !settings.isOnLoopback else { return }
        logger.warning("both doors are without TLS: put a proxy or a network of their own around them")
        if settings.publicURL == nil {
            logger.warning("links in answers begin with the path, which some clients cannot follow: set public-url")
        }
    }

    private static func welcome(
        _ settings: ServerSettings,
        _ folder: DataFolder,
        _ dicomPort: Int,
        _ httpPort: Int,
        _ token: (token: String, isNew: Bool)
    ) {
        Console.say("Cassette \(Version.string)")
        Console.say("  DICOM     \(settings.aet)@\(settings.bind):\(dicomPort)")
        Console.say("  DICOMweb  http://\(settings.localHost):\(httpPort)/dicomweb")
        Console.say("  data      \(folder.path)")
        if settings.opensAccess {
            Console.say("  open      anyone on this machine may do everything (--open)")
        } else if token.isNew {
            Console.say("  token     \(token.token)")
            Console.say("            for administrators, shown once, kept in \(folder.adminToken)")
        } else {
            Console.say("  token     in \(folder.adminToken)")
        }
    }
}
