import DICOMCore
import DICOMUpperLayer
import NIOCore
import Synchronization
import Testing

@testable import DIMSE

/// Services that remember what they were asked for.
final class RecordingServices: DIMSEServiceProvider, DIMSEServices {
    struct Stored: Sendable {
        var request: CStoreRequest
        var bytes: [UInt8]
        var failure: DIMSEError?
    }

    struct Record: Sendable {
        var stored: [Stored] = []
        var identifiers: [DataSet] = []
        var endedCount = 0
    }

    let record = Mutex(Record())
    private let takesBody: Bool
    private let search: @Sendable (CFindRequest, @Sendable (DataSet) async throws -> Void) async throws -> DIMSEOutcome

    init(
        takesBody: Bool = true,
        search:
            @escaping @Sendable (CFindRequest, @Sendable (DataSet) async throws -> Void) async throws ->
            DIMSEOutcome = { _, _ in .success }
    ) {
        self.takesBody = takesBody
        self.search = search
    }

    func open(_ association: AssociationDescription) async -> any DIMSEServices { self }

    func store(_ request: CStoreRequest, body: DIMSEBody) async -> DIMSEOutcome {
        var stored = Stored(request: request, bytes: [])
        if takesBody {
            do throws(DIMSEError) {
                for try await piece in body { stored.bytes += Array(piece.readableBytesView) }
            } catch {
                stored.failure = error
            }
        }
        record.withLock { $0.stored.append(stored) }
        return .success
    }

    func find(
        _ request: CFindRequest,
        identifier: DataSet,
        respond: @escaping MatchResponder
    ) async -> DIMSEOutcome {
        record.withLock { $0.identifiers.append(identifier) }
        do { return try await search(request) { try await respond($0, .pending) } } catch {
            return DIMSEOutcome(.processingFailure)
        }
    }

    func ended() async { record.withLock { $0.endedCount += 1 } }

    /// Runs a listener with these services for as long as `body` takes, and until all associations are over.
    func served(limits: DIMSELimits = DIMSELimits(), _ body: (Int) async throws -> Void) async throws {
        var configuration = AssociationListener.Configuration()
        configuration.port = 0
        configuration.shutdownGrace = .seconds(1)
        configuration.admission.associationCountByPeer = 1_000
        let listener = try await AssociationListener.bind(configuration, group: group, logger: logger) { _, _ in
            .accept(userIdentityResponse: nil)
        }
        let port = try #require(listener.port)
        let server = DIMSEServer(provider: self, limits: limits, logger: logger)
        async let running: Void = listener.run { await server.run($0) }
        do {
            try await body(port)
        } catch {
            listener.beginShutdown()
            throw error
        }
        listener.beginShutdown()
        try await running
    }
}
