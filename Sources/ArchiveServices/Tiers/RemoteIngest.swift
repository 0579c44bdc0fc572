import ArchiveCatalog
public import Logging
public import PackStorage
import Platform

/// Brings what arrives into another store: packs in the background once they are sealed, single objects at once for senders
/// that want to hear "stored" only then.
///
/// The queue is the registry's list of places, so that no end of the program forgets a pack. The door never waits for a
/// store, but where its sender asks for that.
public final class RemoteIngest: Sendable {
    /// Rounds between two looks for sealed packs that nobody announced.
    private static let searchPeriod = 1_000

    /// The store that every new pack is copied to.
    public let store: StoreName
    private let mover: PackMover
    private let timeLimit: Duration
    private let logger: Logger

    /// Makes it.
    ///
    /// - Parameter timeLimit: How long a sender waits for the store before it hears of a failure.
    public init(mover: PackMover, store: StoreName, timeLimit: Duration = .seconds(30), logger: Logger) {
        self.mover = mover
        self.store = store
        self.timeLimit = timeLimit
        self.logger = logger
    }

    /// Puts packs that were just sealed into the queue.
    func announce(_ packs: [PackID]) async {
        guard !packs.isEmpty else { return }
        do throws(PackError) {
            try await mover.announce(packs, to: store)
        } catch {
            // The next search finds them: packs of the data folder without any row.
            logger.error("sealed packs cannot be put into the queue", metadata: [LogKeys.error: "\(error)"])
        }
    }

    /// Copies what waits, one pack after the other, until the task is cancelled.
    func run(every interval: Duration) async {
        var isFirst = true
        var round = 0
        while !Task.isCancelled {
            do {
                if round % Self.searchPeriod == 0 { try await mover.announceMissing(to: store) }
                _ = try await mover.resume(in: [store])
                try await mover.removeSecuredRecords(in: store, listing: isFirst)
                isFirst = false
                round += 1
                try await Task.sleep(for: interval)
            } catch is CancellationError {
                return
            } catch {
                logger.error(
                    "new packs cannot be copied; it will be tried again",
                    metadata: [LogKeys.error: "\(error)", "store": "\(store)"]
                )
                // Cancelled: the condition ends the loop.
                try? await Task.sleep(for: interval)
            }
        }
    }

    /// Returns when the store has a record and its key, or throws when the time is over.
    func secure(_ location: StoredLocation) async throws(PackError) {
        let record = RecordLocation(location)
        do {
            try await withThrowingTaskGroup(of: Void.self) { [mover, store, timeLimit] group in
                group.addTask { try await mover.secure(record, in: store) }
                group.addTask {
                    try await Task.sleep(for: timeLimit)
                    throw PackError(.store(.unavailable), packID: record.packID, offset: record.offset)
                }
                defer { group.cancelAll() }
                try await group.next()
            }
        } catch let error as PackError {
            throw error
        } catch {
            throw PackError(.cancelled, packID: record.packID, offset: record.offset)
        }
    }
}
