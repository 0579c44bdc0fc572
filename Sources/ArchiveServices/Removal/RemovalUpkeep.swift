import Logging
import Platform

/// What deletion asks for while the archive runs: ends what has been in the bin for its time, goes on with shreddings.
struct RemovalUpkeep: Sendable {
    private static let binInterval: Duration = .seconds(60)
    /// Rounds of the bin between two looks at the epoch of keys: ten minutes.
    private static let epochPeriod = 10

    let removal: RemovalService
    let shredder: ShredService
    let logger: Logger

    /// Works until the task is cancelled.
    func run() async {
        var round = 0
        while !Task.isCancelled {
            await attempt("shreddings") { try await shredder.resume() }
            await attempt("the bin") { _ = try await removal.endExpired() }
            if round % Self.epochPeriod == Self.epochPeriod - 1, !removal.isSuspended() {
                await attempt("the epoch of keys") { try await shredder.endEpochWhenDue() }
            }
            round += 1
            do { try await Task.sleep(for: Self.binInterval) } catch { return }
        }
    }

    private func attempt(_ what: String, _ work: () async throws -> Void) async {
        do {
            try await work()
        } catch is CancellationError {
            return
        } catch {
            guard !Task.isCancelled else { return }
            logger.error(
                "work on deletions failed; it will be tried again",
                metadata: [LogKeys.reason: "\(what)", LogKeys.error: "\(error)"]
            )
        }
    }
}
