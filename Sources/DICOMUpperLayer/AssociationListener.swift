public import Logging
public import NIOCore
import NIOPosix
import Platform
import Synchronization

/// Listens at one address and serves the associations that are asked for there (PS3.8 9.1).
public final class AssociationListener: Sendable {
    /// What a listener needs to know.
    public struct Configuration: Sendable {
        /// The name or address to listen at.
        public var host = "127.0.0.1"
        /// The port; 0: any free one.
        public var port = 11_112
        /// Limits of each association.
        public var limits = UpperLayerLimits()
        /// Connections and associations at a time.
        public var admission = AdmissionLimits()
        /// How long associations may go on after `beginShutdown()` before they are aborted.
        public var shutdownGrace: Duration = .seconds(20)

        /// Makes the default configuration.
        public init() {}
    }

    /// What the owner of the listener says to a request.
    public enum Admission: Sendable {
        /// Go on, with what to answer to a user identity that wants a positive response.
        case accept(userIdentityResponse: ByteBuffer?)
        /// Refuse.
        case reject(AssociateReject)
    }

    /// Judges a request by its titles, its user identity, and the address of the peer (without port).
    public typealias AdmissionRule = @Sendable (AssociateRequest, _ peerAddress: String?) async -> Admission

    private let configuration: Configuration
    private let policy: any NegotiationPolicy
    private let admission: AdmissionRule
    private let logger: Logger
    private let peerLog: PeerLog
    private let gate: AdmissionGate
    let server: NIOAsyncChannel<AcceptedConnection, Never>
    private let shared: Mutex<Shared>

    private struct Shared {
        var pipes: [ObjectIdentifier: AssociationPipe] = [:]
        var isShuttingDown = false
    }

    private init(
        configuration: Configuration,
        policy: any NegotiationPolicy,
        admission: @escaping AdmissionRule,
        logger: Logger,
        peerLog: PeerLog,
        gate: AdmissionGate,
        server: NIOAsyncChannel<AcceptedConnection, Never>
    ) {
        self.configuration = configuration
        self.policy = policy
        self.admission = admission
        self.logger = logger
        self.peerLog = peerLog
        self.gate = gate
        self.server = server
        shared = Mutex(Shared())
    }

    /// Opens the port.
    ///
    /// Nobody is served before `run`.
    ///
    /// - Throws: `.bindFailed`.
    public static func bind(
        _ configuration: Configuration,
        policy: any NegotiationPolicy = ArchiveNegotiationPolicy(),
        group: any EventLoopGroup,
        logger: Logger,
        admission: @escaping AdmissionRule
    ) async throws(UpperLayerError) -> AssociationListener {
        let limits = configuration.limits
        let peerLog = PeerLog(logger)
        let gate = AdmissionGate(limits: configuration.admission, peerLog: peerLog)
        do {
            let server = try await ServerBootstrap(group: group)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                // A burst fills the queue for a moment, and who is dropped there comes back after a second.
                .serverChannelOption(.backlog, value: 1_024)
                .serverChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(AdmissionHandler(gate: gate))
                    }
                }
                .childAssociationOptions(limits)
                .bind(host: configuration.host, port: configuration.port) { channel in
                    AcceptedConnection.make(channel, limits: limits, logger: logger)
                }
            try await AcceptErrorFilter.add(to: server.channel, logger: logger)
            return AssociationListener(
                configuration: configuration,
                policy: policy,
                admission: admission,
                logger: logger,
                peerLog: peerLog,
                gate: gate,
                server: server
            )
        } catch {
            throw UpperLayerError(.bindFailed)
        }
    }

    /// The port that is listened at.
    public var port: Int? { server.channel.localAddress?.port }

    /// Serves until `beginShutdown()`, or until the task is cancelled, which aborts what goes on.
    ///
    /// Returns when the last association is over. `serve` is called once for each association that is established, each
    /// in a child task; when it returns without the association being over, the association is aborted.
    ///
    /// - Throws: `.listenerLost` when the port is closed by anything but `beginShutdown()`.
    public func run(_ serve: @escaping @Sendable (Association) async -> Void) async throws {
        try await withThrowingDiscardingTaskGroup { group in
            try await server.executeThenClose { connections in
                for try await connection in connections {
                    accept(connection, into: &group, serve)
                }
            }
            guard shared.withLock({ $0.isShuttingDown }) else { throw UpperLayerError(.listenerLost) }
            let grace = server.channel.eventLoop.scheduleTask(in: TimeAmount(configuration.shutdownGrace)) {
                self.abortAll()
            }
            group.addTask {
                await self.lastIsClosed()
                grace.cancel()
            }
        }
    }

    /// Stops listening; what goes on may finish within the `shutdownGrace`.
    public func beginShutdown() {
        shared.withLock { $0.isShuttingDown = true }
        server.channel.close(promise: nil)
    }
}

extension AssociationListener {
    private func accept(
        _ connection: AcceptedConnection,
        into group: inout ThrowingDiscardingTaskGroup<any Error>,
        _ serve: @escaping @Sendable (Association) async -> Void
    ) {
        // A connection that has closed again by now has given its place back; what it ended of is told all the same.
        guard gate.begin(connection.channel) else { return tellEnd(of: connection) }
        let isWelcome = shared.withLock { shared in
            guard !shared.isShuttingDown else { return false }
            shared.pipes[ObjectIdentifier(connection.pipe)] = connection.pipe
            return true
        }
        guard isWelcome else {
            gate.end(connection.channel)
            connection.channel.close(promise: nil)
            return
        }
        group.addTask(executorPreference: EventLoopTaskExecutor(connection.channel.eventLoop)) {
            await withTaskCancellationHandler {
                await self.serveConnection(connection, serve)
            } onCancel: {
                connection.channel.close(promise: nil)
            }
        }
    }

    private func serveConnection(
        _ connection: AcceptedConnection,
        _ serve: @Sendable (Association) async -> Void
    ) async {
        if case .request(let request) = await connection.pipe.handshake() {
            let decision = await decide(request, connection)
            switch decision {
            case .accept(let response):
                if let limit = gate.associate(connection.channel) {
                    reject(.localLimitExceeded, request, connection, limit: limit)
                } else {
                    await establish(request, connection, userIdentityResponse: response, serve)
                }
            case .reject(let reject): self.reject(reject, request, connection)
            }
        }
        tellEnd(of: connection)
        await connection.pipe.closed()
        shared.withLock { $0.pipes[ObjectIdentifier(connection.pipe)] = nil }
        gate.end(connection.channel)
    }

    private func tellEnd(of connection: AcceptedConnection) {
        guard let complaint = connection.pipe.end?.complaint else { return }
        peerLog.note(complaint.message, peer: connection.peerAddress, metadata: complaint.metadata)
    }

    private func decide(_ request: AssociateRequest, _ connection: AcceptedConnection) async -> Admission {
        if let refusal = Negotiation.refusal(of: request, isSecure: connection.isSecure) { return .reject(refusal) }
        return await admission(request, connection.peerAddress)
    }

    private func reject(
        _ reject: AssociateReject,
        _ request: AssociateRequest,
        _ connection: AcceptedConnection,
        limit: String? = nil
    ) {
        var metadata: Logger.Metadata = [
            "result": "\(reject.result)", "source": "\(reject.source)", LogKeys.reason: "\(reject.reason)",
        ]
        // A well-formed title is printable; any other is not told.
        if let calling = request.callingAETitle { metadata[LogKeys.callingAETitle] = "\(calling)" }
        if let limit { metadata[LogKeys.limit] = "\(limit)" }
        peerLog.note("association rejected", peer: connection.peerAddress, metadata: metadata)
        connection.pipe.command(.reject(reject))
    }

    private func establish(
        _ request: AssociateRequest,
        _ connection: AcceptedConnection,
        userIdentityResponse: ByteBuffer?,
        _ serve: @Sendable (Association) async -> Void
    ) async {
        guard let calling = request.callingAETitle, let called = request.calledAETitle else { return }
        let accept = Negotiation(request: request, policy: policy, limits: configuration.limits)
            .accept(userIdentityResponse: userIdentityResponse)
        let association = Association(
            description: AssociationDescription(
                callingAETitle: calling,
                calledAETitle: called,
                peerAddress: connection.peerAddress,
                isSecure: connection.isSecure,
                presentationContexts: Negotiation.contexts(of: request, accept),
                peerInformation: request.userInformation
            ),
            pipe: connection.pipe
        )
        connection.pipe.command(.accept(accept))
        let titles: Logger.Metadata = [LogKeys.callingAETitle: "\(calling)", LogKeys.calledAETitle: "\(called)"]
        logger.debug("association established", metadata: titles)
        await serve(association)
        if association.end == nil { association.abort() }
        logger.debug("association over", metadata: titles)
    }

    private func abortAll() {
        for pipe in shared.withLock({ Array($0.pipes.values) }) {
            pipe.command(.abort(.provider(.notSpecified)))
            pipe.close()
        }
    }

    private func lastIsClosed() async {
        for pipe in shared.withLock({ Array($0.pipes.values) }) {
            await pipe.closed()
        }
    }
}
