import AccessControl
import ArchiveServices
import DICOMCore
import DICOMGateway
import HTTPGateway
import Logging
import NIOPosix
import Platform
import PrometheusMetrics
import ServiceLifecycle
import UnixSignals

/// The doors and the housekeeping of a running archive.
struct Server: Sendable {
    /// How often packs are looked at that may be sealed.
    private static let maintenanceInterval: Duration = .seconds(10)
    /// How long a pack of a living sender must be quiet.
    private static let quietTime: Duration = .seconds(30)

    let settings: ServerSettings
    let folder: DataFolder
    let lock: FolderLock
    let token: String
    /// Opens the metrics alone.
    let metricsToken: String
    let metrics: PrometheusMetrics
    let archive: Archive
    let backups: BackupDoor
    let exports: ExportService
    let codecs: CodecProcesses
    let logger: Logger

    /// Serves until SIGTERM or SIGINT, then lets running work end.
    ///
    /// - Parameter started: Called with the ports for DICOM and HTTP once both doors are open.
    func run(started: @escaping @Sendable (Int, Int) -> Void) async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let dicom = try await DICOMGateway.bind(dicomConfiguration, archive: archive, group: group, logger: logger)
        let dicomPort = dicom.port ?? settings.dicomPort
        let web = HTTPGateway(
            configuration: HTTPGatewayConfiguration(
                host: settings.bind,
                port: settings.httpPort,
                publicURL: settings.publicURL,
                limits: settings.limits.webDoor
            ),
            ingest: archive.ingest,
            query: archive.query,
            retrieve: archive.retrieve,
            verification: archive.verification,
            lifecycle: LifecycleServices(archive),
            removal: archive.removal,
            shredder: archive.shredder,
            projects: archive.projects,
            keys: archive.keys,
            backups: backups,
            exports: exports,
            metrics: metricsDoor,
            authenticator: settings.opensAccess
                ? .anyoneOnLoopback
                : .bearerTokens(
                    BearerTokens(administratorToken: token, monitorToken: metricsToken) { [archive] in
                        archive.projects.principal(presenting: $0)
                    }
                ),
            health: health,
            eventLoopGroup: group,
            logger: logger,
            onServing: { [lock, logger, settings] port in
                do {
                    try lock.announce("http://\(settings.localHost):\(port)\n")
                } catch {
                    logger.error("other commands will not find this server", metadata: [LogKeys.error: "\(error)"])
                }
                started(dicomPort, port)
            }
        )
        // Ended in reverse order: the codecs when nobody needs a frame any more.
        let services: [any Service] = [
            codecs, DICOMService(gateway: dicom), HTTPService(gateway: web),
            MaintenanceService(archive: archive, interval: Self.maintenanceInterval, quietTime: Self.quietTime),
        ]
        let serviceGroup = ServiceGroup(
            configuration: .init(
                services: services.map { .init(service: $0) },
                gracefulShutdownSignals: [.sigterm, .sigint],
                logger: logger
            )
        )
        try await serviceGroup.run()
    }

    private var dicomConfiguration: DICOMGatewayConfiguration {
        let known = KnownApplicationEntities(folder, disk: PosixDisk())
        let logger = logger
        return DICOMGatewayConfiguration(
            host: settings.bind,
            port: settings.dicomPort,
            aeTitle: settings.aet,
            acceptsAnyCaller: settings.isOnLoopback,
            opensAccess: settings.opensAccess,
            limits: settings.limits.dicomDoor,
            isKnown: { title in
                do {
                    return try known.entries().contains { $0.title == title }
                } catch {
                    logger.error("the list of AE titles cannot be read; nobody is let in")
                    return false
                }
            }
        )
    }

    private var metricsDoor: MetricsDoor {
        MetricsDoor(contentType: PrometheusMetrics.contentType) { [archive, metrics] principal in
            try await archive.figures.refresh(as: principal)
            return metrics.text(help: ArchiveFigures.meanings)
        }
    }

    private var health: @Sendable () async -> Readiness {
        { [archive] in
            do {
                _ = try await archive.counts()
                let condition = await archive.condition()
                let reasons = [condition.readOnlyReason.map { "read-only: " + $0 }, condition.degradedReason]
                let known = reasons.compactMap { $0 }
                return known.isEmpty ? .ready : .degraded(known)
            } catch {
                return .notReady("the catalog does not answer")
            }
        }
    }
}

/// The DICOM door as a service with a graceful end.
private struct DICOMService: Service {
    let gateway: DICOMGateway

    func run() async throws {
        try await withGracefulShutdownHandler {
            try await gateway.run()
        } onGracefulShutdown: {
            gateway.beginShutdown()
        }
    }
}

/// The HTTP door as a service; it hears of a graceful end by itself.
private struct HTTPService: Service {
    let gateway: HTTPGateway

    func run() async throws {
        try await gateway.run()
    }
}

/// Seals quiet packs while the archive runs.
private struct MaintenanceService: Service {
    let archive: Archive
    let interval: Duration
    let quietTime: Duration

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await archive.maintain(every: interval, quietFor: quietTime)
        }
    }
}
