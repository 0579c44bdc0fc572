import ArchiveCatalog
import DICOMCore
import Logging
import Platform
import Synchronization

/// Takes the records of all senders and brings them into the catalog in few transactions.
///
/// A record that is handed in is durable in its pack already, and a start after a crash inserts what the catalog lacks; so
/// its sender need not wait for the transaction. Whoever reads the catalog calls ``catchUp()`` first and so sees every
/// acknowledged object. When the catalog refuses to be written, the records stay here, are tried again, and no new
/// object is taken in meanwhile.
final class IndexWriter: Sendable {
    private enum Turn {
        /// A transaction has ended; look again.
        case ended
        case failed(CatalogError)
    }

    private struct State {
        /// In the order in which they came.
        var pending: [InstanceRecord] = []
        var pendingBytes = 0
        var records: [UID: InstanceRecord] = [:]
        var studies: [UID: Int] = [:]
        var isWriting = false
        /// Records handed in, and those of them that are in the catalog, since the start.
        var handedIn = 0
        var done = 0
        var failure: CatalogError?
        var waiting: [CheckedContinuation<Turn, Never>] = []
        /// The task of ``run()`` while there is nothing to write.
        var idle: CheckedContinuation<Void, Never>?
        var isStopped = false
    }

    /// Records, and bytes of them, that may wait before a sender has to.
    private static let backlogLimit = 512
    private static let backlogBytes = 32 << 20
    /// Bytes of the records in one transaction; a single record may have more.
    private static let batchBytes = 16 << 20

    private let catalog: any Catalog
    private let batchLimit: Int
    private let gatheringTime: Duration
    private let logger: Logger
    private let state = Mutex(State())

    /// Makes a writer without records.
    ///
    /// - Parameter gatheringTime: How long ``run()`` lets records gather.
    init(
        catalog: any Catalog,
        logger: Logger,
        batchLimit: Int = 128,
        gatheringTime: Duration = .milliseconds(20)
    ) {
        self.catalog = catalog
        self.logger = logger
        self.batchLimit = batchLimit
        self.gatheringTime = gatheringTime
    }

    /// Waits until there is room, and until what failed before has been written.
    ///
    /// - Throws: What the catalog says now.
    func admit() async throws(CatalogError) {
        let mustWait = state.withLock { state in
            state.failure != nil || state.pending.count >= Self.backlogLimit || state.pendingBytes >= Self.backlogBytes
        }
        if mustWait { try await catchUp() }
    }

    /// Hands a durable record in.
    func add(_ record: InstanceRecord) {
        let idle = state.withLock { state in
            state.pending.append(record)
            state.pendingBytes += Self.weight(record)
            state.records[record.path.sopInstanceUID] = record
            state.studies[record.path.studyInstanceUID, default: 0] += 1
            state.handedIn += 1
            defer { state.idle = nil }
            return state.idle
        }
        idle?.resume()
    }

    /// The record of an instance that is not in the catalog yet.
    func pendingRecord(_ sopInstanceUID: UID) -> InstanceRecord? {
        state.withLock { $0.records[sopInstanceUID] }
    }

    /// Whether records of a study are not in the catalog yet.
    func isPending(study: UID) -> Bool {
        state.withLock { $0.studies[study] != nil }
    }

    /// Waits until all records that were handed in before are in the catalog.
    func catchUp() async throws(CatalogError) {
        let target = state.withLock { $0.handedIn }
        while true {
            let batch = state.withLock { state -> [InstanceRecord]? in
                guard state.done < target else { return nil }
                guard !state.isWriting else { return [] }
                state.isWriting = true
                return self.batch(of: state.pending)
            }
            guard let batch else { return }
            guard batch.isEmpty else {
                try await write(batch)
                continue
            }
            if case .failed(let error) = await turn() { throw error }
        }
    }

    /// Writes what gathers, until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            await withTaskCancellationHandler {
                await waitForRecords()
            } onCancel: {
                let idle = state.withLock { state in
                    state.isStopped = true
                    defer { state.idle = nil }
                    return state.idle
                }
                idle?.resume()
            }
            do {
                try await Task.sleep(for: gatheringTime)
                try await catchUp()
            } catch is CancellationError {
                return
            } catch {
                logger.error(
                    "the index cannot be written; nothing new is stored until it can",
                    metadata: [LogKeys.error: "\(error)"]
                )
                // The next object tries it at once; without one, there is no hurry.
                do { try await Task.sleep(for: .seconds(1)) } catch { return }
            }
        }
    }

    private func waitForRecords() async {
        await withCheckedContinuation { continuation in
            let isDue = state.withLock { state in
                guard state.pending.isEmpty, !state.isStopped else { return true }
                state.idle = continuation
                return false
            }
            if isDue { continuation.resume() }
        }
    }

    private func batch(of pending: [InstanceRecord]) -> [InstanceRecord] {
        var bytes = 0
        let count = pending.prefix(batchLimit).prefix { record in
            defer { bytes += Self.weight(record) }
            return bytes < Self.batchBytes
        }.count
        return Array(pending.prefix(count))
    }

    private static func weight(_ record: InstanceRecord) -> Int {
        record.sealedHeader.count + (record.frameIndex?.count ?? 0) + 1_024
    }

    /// Waits for the end of the transaction that is running.
    private func turn() async -> Turn {
        await withCheckedContinuation { continuation in
            let waits = state.withLock { state in
                guard state.isWriting else { return false }
                state.waiting.append(continuation)
                return true
            }
            if !waits { continuation.resume(returning: .ended) }
        }
    }

    private func write(_ records: [InstanceRecord]) async throws(CatalogError) {
        do throws(CatalogError) {
            let outcomes = try await catalog.insert(records)
            for case .conflict in outcomes {
                // Ruled out when its sender alone held the study; the pack keeps the object, a rebuild reports it.
                logger.critical("the index refused a record that was acknowledged")
            }
            finish(records.count, failure: nil)
        } catch {
            finish(0, failure: error)
            throw error
        }
    }

    private func finish(_ count: Int, failure: CatalogError?) {
        let waiting = state.withLock { state in
            state.isWriting = false
            state.failure = failure
            for record in state.pending.prefix(count) {
                state.pendingBytes -= Self.weight(record)
                state.records[record.path.sopInstanceUID] = nil
                let left = (state.studies[record.path.studyInstanceUID] ?? 1) - 1
                state.studies[record.path.studyInstanceUID] = left > 0 ? left : nil
            }
            state.pending.removeFirst(count)
            state.done += count
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting {
            continuation.resume(returning: failure.map { .failed($0) } ?? .ended)
        }
    }
}
