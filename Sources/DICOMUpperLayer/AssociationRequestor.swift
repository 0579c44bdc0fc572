public import DICOMCore
public import Logging
public import NIOCore
import NIOPosix

/// Asks peers for associations (PS3.8 9.1.1).
public struct AssociationRequestor: Sendable {
    private let group: any EventLoopGroup
    private let limits: UpperLayerLimits
    private let logger: Logger

    /// Makes a requestor whose connections live on the event loops of `group`.
    public init(group: any EventLoopGroup, limits: UpperLayerLimits = UpperLayerLimits(), logger: Logger) {
        self.group = group
        self.limits = limits
        self.logger = logger
    }

    /// Opens a connection and negotiates.
    ///
    /// - Parameter contexts: Abstract syntaxes with the transfer syntaxes to propose for each; the identifiers 1, 3, 5...
    ///   are given in their order. At most 128.
    /// - Throws: `.connectFailed`; `.ended` with `.rejected` when the peer refuses, with another end when it is lost.
    public func connect(
        host: String,
        port: Int,
        calling: AETitle,
        called: AETitle,
        contexts: [(abstractSyntax: UID, transferSyntaxes: [TransferSyntax])],
        roleSelections: [RoleSelection] = []
    ) async throws(UpperLayerError) -> Association {
        precondition(contexts.count <= 128, "an association has at most 128 presentation contexts")
        var information = UserInformation.ofThisImplementation(maximumLength: limits.pduLength)
        information.roleSelections = roleSelections
        let request = AssociateRequest(
            calledAETitle: called,
            callingAETitle: calling,
            presentationContexts: contexts.enumerated().map { index, context in
                ProposedPresentationContext(
                    id: UInt8(2 * index + 1),
                    abstractSyntax: context.abstractSyntax,
                    transferSyntaxes: context.transferSyntaxes
                )
            },
            userInformation: information
        )
        let connection = try await open(host: host, port: port, request: request)
        let handshake = await withTaskCancellationHandler {
            await connection.pipe.handshake()
        } onCancel: {
            connection.pipe.command(.abort(.serviceUser))
        }
        guard case .accept(let accept) = handshake else {
            throw UpperLayerError(.ended(connection.pipe.end ?? .connectionLost))
        }
        return Association(
            description: AssociationDescription(
                callingAETitle: calling,
                calledAETitle: called,
                peerAddress: connection.peerAddress,
                isSecure: connection.isSecure,
                presentationContexts: Negotiation.contexts(of: request, accept),
                peerInformation: accept.userInformation
            ),
            pipe: connection.pipe
        )
    }

    private func open(
        host: String,
        port: Int,
        request: AssociateRequest
    ) async throws(UpperLayerError) -> AcceptedConnection {
        do {
            return try await ClientBootstrap(group: group)
                .connectTimeout(TimeAmount(limits.connectTimeout))
                .associationOptions(limits)
                .connect(host: host, port: port) { [limits, logger] channel in
                    AcceptedConnection.make(channel, limits: limits, request: request, logger: logger)
                }
        } catch {
            throw UpperLayerError(.connectFailed)
        }
    }
}
