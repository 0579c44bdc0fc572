public import DICOMUpperLayer
public import Logging
import Platform

/// Serves the operations of associations as SCP (PS3.7 8).
public struct DIMSEServer: Sendable {
    private let provider: any DIMSEServiceProvider
    private let policy: ArchiveNegotiationPolicy
    private let limits: DIMSELimits
    private let peerLog: PeerLog

    /// Makes a server.
    ///
    /// - Parameter policy: That of the listener: tells storage SOP classes from others.
    public init(
        provider: any DIMSEServiceProvider,
        policy: ArchiveNegotiationPolicy = ArchiveNegotiationPolicy(),
        limits: DIMSELimits = DIMSELimits(),
        logger: Logger
    ) {
        self.provider = provider
        self.policy = policy
        self.limits = limits
        peerLog = PeerLog(logger)
    }

    /// Serves one association to its end.
    public func run(_ association: Association) async {
        let services = await provider.open(association.description)
        var session = DIMSESession(association: association, services: services, policy: policy, limits: limits)
        do throws(DIMSEError) {
            try await session.serve()
        } catch {
            if let abort = error.abort {
                var metadata: Logger.Metadata = [
                    LogKeys.reason: "\(error.code)",
                    LogKeys.callingAETitle: "\(association.description.callingAETitle)",
                ]
                if error.code == .commandTooLong { metadata[LogKeys.limit] = "limits.dimse.command-length" }
                peerLog.note("association aborted", peer: association.description.peerAddress, metadata: metadata)
                association.abort(abort)
            }
        }
        await services.ended()
    }
}
