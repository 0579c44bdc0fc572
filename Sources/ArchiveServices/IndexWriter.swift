import ArchiveCatalog
import Synchronization

/// Gathers the records of all senders into few transactions.
///
/// No timer: while one transaction runs, the records that arrive wait, and the next transaction takes them all. A sender
/// that finds no transaction running starts one at once, so a lone sender never waits for company.
final class IndexWriter: Sendable {
    private struct Waiter {
        let record: InstanceRecord
        let continuation: CheckedContinuation<Turn, Never>
    }

    private enum Turn {
        /// The record was written (or not) by another task.
        case done(Result<InsertOutcome, CatalogError>)
        /// It is this task's turn to write a batch, its own record among it.
        case write
    }

    private struct State {
        var waiting: [Waiter] = []
        var isWriting = false
        /// Records handed in, and those of them whose transaction has ended, since the start.
        var handedIn = 0
        var done = 0
        var drains: [(target: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let catalog: any Catalog
    private let batchLimit: Int
    private let state = Mutex(State())

    init(catalog: any Catalog, batchLimit: Int = 64) {
        self.catalog = catalog
        self.batchLimit = batchLimit
    }

    /// Adds a record; returns when the transaction that holds it has ended.
    func insert(_ record: InstanceRecord) async throws(CatalogError) -> InsertOutcome {
        let writesAtOnce = state.withLock { state in
            state.handedIn += 1
            return Self.begin(&state)
        }
        if !writesAtOnce, case .done(let result) = await turn(record) { return try result.get() }
        let companions = state.withLock { state in
            let companions = Array(state.waiting.prefix(batchLimit - 1))
            state.waiting.removeFirst(companions.count)
            return companions
        }
        let result = await write([record] + companions.map(\.record))
        let (next, drains) = state.withLock { Self.end(1 + companions.count, &$0) }
        for (position, companion) in companions.enumerated() {
            companion.continuation.resume(returning: .done(result.map { $0[position + 1] }))
        }
        next?.resume(returning: .write)
        for drain in drains { drain.resume() }
        return try result.map { $0[0] }.get()
    }

    /// Waits until all records that were handed in before are in the catalog, or refused by it.
    func drain() async {
        await withCheckedContinuation { continuation in
            let isDrained = state.withLock { state in
                guard state.done < state.handedIn else { return true }
                state.drains.append((state.handedIn, continuation))
                return false
            }
            if isDrained { continuation.resume() }
        }
    }

    private func turn(_ record: InstanceRecord) async -> Turn {
        await withCheckedContinuation { continuation in
            // The transaction that was running a moment ago may have ended meanwhile.
            let writes = state.withLock { state in
                guard !Self.begin(&state) else { return true }
                state.waiting.append(Waiter(record: record, continuation: continuation))
                return false
            }
            if writes { continuation.resume(returning: .write) }
        }
    }

    private func write(_ records: [InstanceRecord]) async -> Result<[InsertOutcome], CatalogError> {
        do throws(CatalogError) {
            let outcomes = try await catalog.insert(records)
            guard outcomes.count == records.count else {
                return .failure(CatalogError(.failed, "the database answered another number of records"))
            }
            return .success(outcomes)
        } catch {
            return .failure(error)
        }
    }

    private static func begin(_ state: inout State) -> Bool {
        guard !state.isWriting else { return false }
        state.isWriting = true
        return true
    }

    /// Counts what was written, and hands on to the next writer.
    private static func end(
        _ count: Int,
        _ state: inout State
    ) -> (next: CheckedContinuation<Turn, Never>?, drains: [CheckedContinuation<Void, Never>]) {
        state.done += count
        let done = state.done
        let drains = state.drains.filter { $0.target <= done }.map(\.continuation)
        state.drains.removeAll { $0.target <= done }
        guard !state.waiting.isEmpty else {
            state.isWriting = false
            return (nil, drains)
        }
        // `isWriting` stays true: between this call and the next writer's turn nobody else may begin.
        return (state.waiting.removeFirst().continuation, drains)
    }
}
