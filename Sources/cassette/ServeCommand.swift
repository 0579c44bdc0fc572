import AccessControl
import ArchiveServices
import ArgumentParser
import DICOMCore
import DICOMGateway
import Glibc
import HTTPGateway
import Logging
import NIOPosix
import Platform
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
            CASSETTE_HTTP_PORT, CASSETTE_BIND).
            """
    )

    @OptionGroup var folder: DataFolderOptions
    @Option(help: "The AE title of the archive. (default: CASSETTE)", transform: aeTitle)
    var aet: AETitle?
    @Option(help: "The port for DICOM. (default: 11112)")
    var dicomPort: Int?
    @Option(help: "The port for DICOMweb. (default: 8080)")
    var httpPort: Int?
    @Option(help: "The address to listen on. (default: 127.0.0.1)")
    var bind: String?
    @Option(help: "How much to log: debug, info, notice, warning or error. (default: info)")
    var logLevel: String?
    @Flag(help: "Switch authorization off. Only while listening on loopback.")
    var open = false

    func run() async throws {
        // Whatever is made from here on is for the owner only.
        umask(0o077)
        let settings = try ServerSettings(self)
        LoggingSystem.bootstrap { label in
            StreamLogHandler.standardError(label: label)
        }
        var logger = Logger(label: "cassette")
        logger.logLevel = settings.logLevel
        let disk = PosixDisk()
        let data = folder.folder
        try disk.makeDirectory(data.path)
        guard let lock = try FolderLock(at: data.lock) else {
            throw CommandFailure("Another cassette runs on \(data.path): stop it, or choose another folder with --data")
        }
        let token = try AdministratorToken.readOrMake(data, disk: disk)
        let open = try await OpenArchive.open(data, rootKeyPath: folder.rootKeyPath, logger: logger)
        Self.report(open, logger)
        let server = Server(
            settings: settings,
            folder: data,
            lock: lock,
            token: token.token,
            archive: open.archive,
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
        logger.info("stopped")
        withExtendedLifetime(lock) {}
    }

    private static func report(_ open: OpenArchive, _ logger: Logger) {
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

    private static func welcome(
        _ settings: ServerSettings,
        _ folder: DataFolder,
        _ dicomPort: Int,
        _ httpPort: Int,
        _ token: (token: String, isNew: Bool)
    ) {
        Console.say("Cassette \(Version.string)")
        Console.say("  DICOM     \(settings.aet)@\(settings.bind):\(dicomPort)")
        Console.say("  DICOMweb  http://\(settings.bind):\(httpPort)/dicomweb")
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
