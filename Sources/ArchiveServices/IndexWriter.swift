import ArchiveCatalog

/// Gathers the records of all senders into few transactions.
///
/// No timer: while one transaction runs, the records that arrive wait, and the next transaction takes them all. A sender
/// that finds no transaction running starts one at once, so a lone sender never waits for company.
actor IndexWriter {
    private let catalog: any Catalog
    private let batchLimit: Int
    private var waiting: [Waiter] = []
    private var isWriting = false
    /// Records handed in, and those of them whose transaction has ended, since the start.
    private var handedIn = 0
    private var done = 0
    private var drains: [(target: Int, continuation: CheckedContinuation<Void, Never>)] = []

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

    init(catalog: any Catalog, batchLimit: Int = 64) {
        self.catalog = catalog
        self.batchLimit = batchLimit
    }

    /// Adds a record; returns when the transaction that holds it has ended.
    func insert(_ record: InstanceRecord) async throws(CatalogError) -> InsertOutcome {
        handedIn += 1
        if isWriting {
            let turn = await withCheckedContinuation { continuation in
                waiting.append(Waiter(record: record, continuation: continuation))
            }
            if case .done(let result) = turn { return try result.get() }
        }
        isWriting = true
        let companions = Array(waiting.prefix(batchLimit - 1))
        waiting.removeFirst(companions.count)
        let result = await write([record] + companions.map(\.record))
        for (position, companion) in companions.enumerated() {
            companion.continuation.resume(returning: .done(result.map { $0[position + 1] }))
        }
        done += 1 + companions.count
        for drain in drains where drain.target <= done { drain.continuation.resume() }
        drains.removeAll { $0.target <= done }
        handOn()
        return try result.map { $0[0] }.get()
    }

    /// Waits until all records that were handed in before are in the catalog, or refused by it.
    func drain() async {
        guard done < handedIn else { return }
        let target = handedIn
        await withCheckedContinuation { drains.append((target, $0)) }
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

    private func handOn() {
        guard !waiting.isEmpty else {
            isWriting = false
            return
        }
        // `isWriting` stays true: between this call and the next writer's turn nobody else may begin.
        waiting.removeFirst().continuation.resume(returning: .write)
    }
}
