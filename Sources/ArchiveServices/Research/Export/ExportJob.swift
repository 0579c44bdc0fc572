import ArchiveCatalog
import Logging
import Platform
import Sealing

/// One export: patient by patient, each object through the gate, then the documents and the final name.
///
/// Stopped at any instant, it goes on behind the last patient that was kept, and ends with the same bytes.
struct ExportJob: JobKind {
    static let identifier = "research.export"

    var identifier: String { Self.identifier }
    /// They share the codecs; two go on while one waits for a peer.
    var simultaneousCount: Int { 2 }
    let setup: ExportSetup
    let projects: ProjectService
    let retrieve: RetrieveService
    let keyring: Keyring
    let clock: any WallClock
    let logger: Logger

    func run(_ context: JobContext) async throws {
        guard let parameters = ExportParameters(context.parameters) else {
            throw ExportError(.badDestination, "The export was asked for by another version: begin a new one")
        }
        let target = try await setup.target(parameters.destination, for: context.id)
        do {
            var run = try await ExportRun(self, parameters, target, context)
            try await run.run()
            await target.destination.close()
        } catch JobInterruption.cancelled {
            await target.destination.close()
            do {
                try await target.destination.abandon(context.id)
                try await setup.forget(context.id)
            } catch {
                logger.warning(
                    "what a cancelled export had written could not be taken away",
                    metadata: [LogKeys.error: "\(error)"]
                )
            }
            throw JobInterruption.cancelled
        } catch {
            await target.destination.close()
            throw error
        }
    }
}
