import AccessControl
public import ArchiveServices
import DICOMCore
import DICOMUpperLayer
import DIMSE
public import Logging
public import NIOCore

/// The DICOM door of the archive: associations in, services behind them.
public final class DICOMGateway: Sendable {
    private let listener: AssociationListener
    private let server: DIMSEServer

    private init(listener: AssociationListener, server: DIMSEServer) {
        self.listener = listener
        self.server = server
    }

    /// Begins to listen.
    ///
    /// - Parameters:
    ///   - group: The event loops that the associations run on.
    /// - Throws: What the operating system says of the address.
    public static func bind(
        _ configuration: DICOMGatewayConfiguration,
        archive: Archive,
        group: any EventLoopGroup,
        logger: Logger
    ) async throws -> DICOMGateway {
        var listening = AssociationListener.Configuration()
        listening.host = configuration.host
        listening.port = configuration.port
        listening.admission = configuration.limits.admission
        listening.limits = configuration.limits.upperLayer
        let admission = AssociationAdmission(configuration)
        let policy = ArchiveNegotiationPolicy()
        let listener = try await AssociationListener.bind(
            listening,
            policy: policy,
            group: group,
            logger: logger,
            admission: { request, _ in await admission.decide(request) }
        )
        let provider = ArchiveServiceProvider(
            archive: archive,
            opensAccess: configuration.opensAccess,
            aeTitle: configuration.aeTitle,
            matching: configuration.limits.matching,
            logger: logger
        )
        return DICOMGateway(
            listener: listener,
            server: DIMSEServer(provider: provider, policy: policy, limits: configuration.limits.dimse, logger: logger)
        )
    }

    /// The port in use.
    public var port: Int? { listener.port }

    /// Serves associations until ``beginShutdown()``.
    public func run() async throws {
        try await listener.run { association in await self.server.run(association) }
    }

    /// Accepts no more associations; those that run may end within the grace time.
    public func beginShutdown() {
        listener.beginShutdown()
    }
}
