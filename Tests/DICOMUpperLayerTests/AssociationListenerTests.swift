import DICOMCore
import Logging
import NIOCore
import NIOPosix
import Testing

@testable import DICOMUpperLayer

private let group = MultiThreadedEventLoopGroup.singleton
private let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
private let archive = UID(literal: "1.2.840.10008.5.1.4.1.1.2")

private func title(_ text: String) throws -> AETitle { try #require(AETitle(text)) }

/// Runs a listener on a free port for as long as `body` takes.
private func withListener(
    change: (inout AssociationListener.Configuration) -> Void = { _ in },
    admission: @escaping AssociationListener.AdmissionRule = { _, _ in .accept(userIdentityResponse: nil) },
    serve: @escaping @Sendable (Association) async -> Void = serveUntilRelease,
    _ body: (AssociationListener, Int) async throws -> Void
) async throws {
    var configuration = AssociationListener.Configuration()
    configuration.port = 0
    configuration.shutdownGrace = .milliseconds(50)
    change(&configuration)
    let listener = try await AssociationListener.bind(
        configuration,
        group: group,
        logger: logger,
        admission: admission
    )
    let port = try #require(listener.port)
    async let running: Void = listener.run(serve)
    do {
        try await body(listener, port)
    } catch {
        listener.beginShutdown()
        throw error
    }
    listener.beginShutdown()
    try await running
}

@Sendable private func serveUntilRelease(_ association: Association) async {
    while true {
        switch await association.receive() {
        case .value: continue
        case .releaseRequested: return association.respondToRelease()
        case .ended: return
        }
    }
}

private func connect(_ port: Int, limits: UpperLayerLimits = UpperLayerLimits()) async throws -> Association {
    try await AssociationRequestor(group: group, limits: limits, logger: logger).connect(
        host: "127.0.0.1",
        port: port,
        calling: title("TEST"),
        called: title("CASSETTE"),
        contexts: [(archive, [.explicitVRLittleEndian])]
    )
}

private func rejection(_ port: Int) async -> AssociationEnd? {
    do {
        _ = try await connect(port)
        return nil
    } catch let error as UpperLayerError {
        if case .ended(let end) = error.code { return end }
    } catch {}
    return nil
}

@Suite(.timeLimit(.minutes(5))) struct `A listener` {
    @Test func `agrees on contexts, carries values of any length, and releases`() async throws {
        let serve: @Sendable (Association) async -> Void = { association in
            var length = 0
            while case .value(let value) = await association.receive() {
                length += value.bytes.readableBytes
                guard value.isLast else { continue }
                let answer = PresentationDataValue(
                    presentationContextID: value.presentationContextID,
                    isCommand: false,
                    isLast: true,
                    bytes: ByteBuffer(integer: length)
                )
                do { try await association.send([answer]) } catch { return }
            }
            association.respondToRelease()
        }
        try await withListener(serve: serve) { _, port in
            let association = try await connect(port)
            #expect(association.description.presentationContexts[1]?.abstractSyntax == archive)
            let length = 3_000_000

            try await association.send([
                .init(
                    presentationContextID: 1,
                    isCommand: false,
                    isLast: true,
                    bytes: ByteBuffer(repeating: 7, count: length)
                )
            ])

            let answer = PresentationDataValue(
                presentationContextID: 1,
                isCommand: false,
                isLast: true,
                bytes: ByteBuffer(integer: length)
            )
            #expect(await association.receive() == .value(answer))
            #expect(await association.release() == .released)
        }
    }

    @Test func `asks its owner, who may refuse`() async throws {
        let admission: AssociationListener.AdmissionRule = { request, address in
            #expect(request.callingAETitle?.string == "TEST")
            #expect(address == "127.0.0.1")
            return .reject(.callingAETitleNotRecognized)
        }
        try await withListener(admission: admission) { _, port in
            #expect(await rejection(port) == .rejected(.callingAETitleNotRecognized))
        }
    }

    @Test func `rejects one association more than a peer may have, for the time being`() async throws {
        let change: (inout AssociationListener.Configuration) -> Void = { $0.admission.associationCountByPeer = 1 }
        try await withListener(change: change) { listener, port in
            let first = try await connect(port)

            #expect(await rejection(port) == .rejected(.localLimitExceeded))

            #expect(await first.release() == .released)
            await first.closed()
        }
    }

    @Test func `aborts an association that is silent`() async throws {
        let change: (inout AssociationListener.Configuration) -> Void = { $0.limits.idle = .milliseconds(60) }
        try await withListener(change: change) { _, port in
            let association = try await connect(port)

            #expect(await association.receive() == .ended(.abortedByPeer(.provider(.notSpecified))))
        }
    }

    @Test func `aborts a peer that sends the rest of a message too slowly`() async throws {
        let serve: @Sendable (Association) async -> Void = { association in
            while case .value = await association.receive(isMidMessage: true) {}
            #expect(association.end == .tooSlow)
        }
        let change: (inout AssociationListener.Configuration) -> Void = {
            $0.limits.throughputWindow = .seconds(1)
            $0.limits.throughputFloor = 1_000_000
        }
        try await withListener(change: change, serve: serve) { _, port in
            let association = try await connect(port)
            try await association.send([
                .init(presentationContextID: 1, isCommand: false, isLast: false, bytes: ByteBuffer(string: "slow"))
            ])

            #expect(await association.receive() == .ended(.abortedByPeer(.provider(.notSpecified))))
        }
    }

    @Test func `aborts what still goes on when the grace of a shutdown is over`() async throws {
        try await withListener { listener, port in
            let association = try await connect(port)
            listener.beginShutdown()

            guard case .ended = await association.receive() else {
                Issue.record("still goes on")
                return
            }
        }
    }

    @Test func `aborts when the service returns before the end`() async throws {
        let serve: @Sendable (Association) async -> Void = { _ in }
        try await withListener(serve: serve) { _, port in
            let association = try await connect(port)

            #expect(await association.receive() == .ended(.abortedByPeer(.serviceUser)))
        }
    }

    @Test func `closes connections beyond the half-open limit and serves the others`() async throws {
        let change: (inout AssociationListener.Configuration) -> Void = { $0.admission.halfOpenCountByPeer = 2 }
        try await withListener(change: change) { listener, port in
            let silent = try await withThrowingTaskGroup(of: (any Channel).self) { tasks in
                for _ in 0..<5 {
                    tasks.addTask {
                        try await ClientBootstrap(group: group).connect(host: "127.0.0.1", port: port).get()
                    }
                }
                return try await tasks.reduce(into: []) { $0.append($1) }
            }

            // Three of the five are closed by the listener; the test ends only if they are.
            await withTaskGroup(of: Void.self) { tasks in
                for channel in silent {
                    tasks.addTask {
                        await withCheckedContinuation { done in
                            channel.closeFuture.whenComplete { _ in done.resume() }
                        }
                    }
                }
                for _ in 0..<3 { await tasks.next() }
                for channel in silent { channel.close(promise: nil) }
            }
        }
    }

    @Test func `goes on when a connection fails while it is set up`() async throws {
        try await withListener { listener, port in
            listener.server.channel.pipeline.fireErrorCaught(ChannelError.ioOnClosedChannel)

            let association = try await connect(port)
            #expect(await association.release() == .released)
        }
    }

    @Test func `says when the address is taken`() async throws {
        try await withListener { _, port in
            var configuration = AssociationListener.Configuration()
            configuration.port = port

            let error = await #expect(throws: UpperLayerError.self) {
                try await AssociationListener.bind(configuration, group: group, logger: logger) { _, _ in
                    .accept(userIdentityResponse: nil)
                }
            }

            #expect(error?.code == .bindFailed)
        }
    }

    @Test func `a requestor says when nobody listens`() async throws {
        let error = await #expect(throws: UpperLayerError.self) { try await connect(1) }

        #expect(error?.code == .connectFailed)
    }
}
