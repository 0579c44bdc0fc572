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
        handOn()
        return try result.map { $0[0] }.get()
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
