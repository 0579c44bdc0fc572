public import ArchiveServices
import HTTPTypes
import Hummingbird
import HummingbirdCore
public import Logging
public import NIOCore
import Platform

/// The HTTP door: DICOMweb (PS3.18) and health, HTTP/1.1.
///
/// It finds out who asks, translates, and maps errors; what may be done and how is up to the services.
public struct HTTPGateway: Sendable {
    private let configuration: HTTPGatewayConfiguration
    private let responder: GatewayResponder
    private let links: Links
    private let eventLoopGroup: any EventLoopGroup
    private let onServing: @Sendable (Int) async -> Void
    private let logger: Logger

    /// Puts the door together.
    ///
    /// - Parameters:
    ///   - health: Asked for each `/health/ready`.
    ///   - onServing: Told the port once connections are accepted.
    public init(
        configuration: HTTPGatewayConfiguration,
        ingest: IngestService,
        query: QueryService,
        retrieve: RetrieveService,
        verification: VerificationService,
        lifecycle: LifecycleServices,
        removal: RemovalService,
        shredder: ShredService,
        projects: ProjectService,
        keys: KeyService,
        backups: BackupDoor? = nil,
        exports: ExportService? = nil,
        metrics: MetricsDoor? = nil,
        authenticator: HTTPAuthenticator,
        health: @escaping @Sendable () async -> Readiness,
        eventLoopGroup: any EventLoopGroup,
        logger: Logger,
        onServing: @escaping @Sendable (Int) async -> Void = { _ in }
    ) {
        self.configuration = configuration
        self.eventLoopGroup = eventLoopGroup
        self.onServing = onServing
        self.logger = logger
        let links = Links(configuration: configuration)
        let limits = configuration.limits
        self.links = links
        responder = GatewayResponder(
            gate: RequestGate(authenticator: authenticator),
            health: health,
            store: StoreRoutes(ingest: ingest, links: links, limits: limits),
            search: SearchRoutes(queries: query, links: links, limits: limits),
            objects: ObjectRoutes(retrieve: retrieve, links: links, logger: logger),
            metadata: MetadataRoutes(retrieve: retrieve, links: links, logger: logger),
            frames: FrameRoutes(retrieve: retrieve, links: links, limits: limits, logger: logger),
            rendered: RenderedRoutes(retrieve: retrieve, links: links, limits: limits, logger: logger),
            verification: VerificationRoutes(verification: verification, backups: backups, logger: logger),
            lifecycle: LifecycleRoutes(services: lifecycle, logger: logger),
            removal: RemovalRoutes(removal: removal, shredder: shredder),
            projects: ProjectRoutes(projects: projects),
            keys: KeyRoutes(keys: keys, logger: logger),
            backups: BackupRoutes(door: backups, logger: logger),
            exports: ExportRoutes(exports: exports),
            projectViews: ProjectViewRoutes(views: exports?.views, links: links, limits: limits, logger: logger),
            metrics: metrics,
            links: links,
            limits: limits,
            logger: logger
        )
    }

    /// Serves until the task is cancelled or the service group around it shuts down gracefully.
    public func run() async throws {
        let limits = configuration.limits
        var connectionLogger = logger
        connectionLogger.logLevel = max(logger.logLevel, .warning)
        let gate = ConnectionGate(limits: limits, logger: logger)
        let application = Application(
            responder: responder,
            server: .http1(configuration: Self.channelConfiguration(limits, gate)),
            configuration: ApplicationConfiguration(
                address: .hostname(configuration.host, port: configuration.port),
                // A burst of connections fills the queue for a moment, and who is dropped there comes back after a second.
                backlog: 1_024
            ),
            onServerRunning: { [links, onServing, logger] channel in
                do {
                    try await AcceptErrorFilter.add(to: channel, logger: logger)
                    try await AcceptGateHandler.add(gate, to: channel)
                } catch {
                    // Nobody is served without limits; this happens when the server is shut down as it starts.
                    logger.error("the limits of connections could not be set up")
                    channel.close(promise: nil)
                    return
                }
                guard let port = channel.localAddress?.port else { return }
                links.bound(to: port)
                await onServing(port)
            },
            eventLoopGroupProvider: .shared(eventLoopGroup),
            // The framework logs requests and errors in words of its own; what an operator needs is logged by the routes.
            logger: connectionLogger
        )
        try await application.run()
    }

    /// How long a client that was refused in the middle of its body may take to hear so.
    private static let lingerTime = TimeAmount.seconds(5)

    private static func channelConfiguration(
        _ limits: HTTPLimits,
        _ gate: ConnectionGate
    ) -> HTTP1Channel.Configuration {
        let idle = TimeAmount.seconds(Int64(limits.idleSeconds))
        return HTTP1Channel.Configuration(
            additionalChannelHandlers: [
                RequestCountHandler(gate: gate), HeaderOverflowHandler(), ExpectContinueHandler(),
                StalledReaderHandler(timeout: idle),
                FramingHandler(), EarlyAnswerHandler(time: min(idle, lingerTime)),
            ],
            idleTimeout: idle,
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: limits.headerLength,
                maxHeaderListSize: limits.headerLength,
                maxHeaderFieldCount: limits.headerFieldCount
            )
        )
    }
}
