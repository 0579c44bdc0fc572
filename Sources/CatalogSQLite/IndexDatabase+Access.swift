import ArchiveCatalog
import DICOMCore
import GRDB
import Platform

extension IndexDatabase {
    /// Runs `body` on the connection that writes; a cancelled caller does not stop it.
    ///
    /// A transaction may carry the records of several peers: one that goes away must not undo those of the others.
    func write<Result: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Result
    ) async throws(CatalogError) -> Result {
        if let workers {
            return try await workers.runToEnd { self.writeInPlace(body) }.get()
        }
        let result: Swift.Result<Result, CatalogError> = await withCheckedContinuation { continuation in
            pool.asyncWriteWithoutTransaction { database in
                do {
                    continuation.resume(returning: .success(try body(database)))
                } catch {
                    continuation.resume(returning: .failure(CatalogError(error)))
                }
            }
        }
        return try result.get()
    }

    /// Runs `body` on the connection that writes.
    ///
    /// Blocks.
    private func writeInPlace<Result>(_ body: (Database) throws -> Result) -> Swift.Result<Result, CatalogError> {
        do {
            return .success(try pool.writeWithoutTransaction(body))
        } catch {
            return .failure(CatalogError(error))
        }
    }

    /// Whether an instance with that SOP Instance UID is there, as far as it can be told without a change of thread.
    ///
    /// - Returns: `nil` where the caller may not block.
    func knowsInPlace(_ sopInstanceUID: UID) throws(CatalogError) -> Bool? {
        guard let workers, workers.isCurrent else { return nil }
        do {
            // One statement sees one state; it needs no transaction around it.
            return try lookups.unsafeRead { database in
                try database.first(Self.findInstance, [sopInstanceUID.string.databaseValue]) { _ in true } ?? false
            }
        } catch {
            throw CatalogError(error)
        }
    }

    private static let findInstance = "SELECT 1 FROM instance WHERE sop_instance_uid = ?"

    /// Runs `body` on one of the connections that read, in one snapshot; a cancelled caller stops it.
    func read<Result: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Result
    ) async throws(CatalogError) -> Result {
        do {
            return try await pool.read(body)
        } catch {
            throw CatalogError(error)
        }
    }

    /// Like ``read(_:)``, and stops `body` after `duration`.
    ///
    /// - Throws: `.timedOut` then.
    func read<Result: Sendable>(
        within duration: Duration,
        _ body: @escaping @Sendable (Database) throws -> Result
    ) async throws(CatalogError) -> Result {
        do {
            return try await withThrowingTaskGroup(of: Result?.self) { group in
                // Cancelling the task that reads interrupts SQLite; the group then waits until it has let go.
                defer { group.cancelAll() }
                group.addTask { try await pool.read(body) }
                group.addTask {
                    try await ContinuousClock().sleep(for: duration)
                    return nil
                }
                guard let answer = try await group.next() ?? nil else { throw CatalogError.outOfTime }
                return answer
            }
        } catch {
            throw CatalogError(error)
        }
    }

    /// Syncs the log.
    ///
    /// A commit under FULL syncs the whole log, so it carries every commit before it, whatever snapshots readers hold;
    /// a checkpoint alone would leave what they keep it from copying. Then the log is copied as far as readers allow.
    func makeDurable() async throws(CatalogError) {
        try await write { database in
            try database.execute(sql: "PRAGMA synchronous = FULL")
            do {
                try database.run("UPDATE total SET durable_marks = durable_marks + 1", [])
                try database.execute(sql: "PRAGMA synchronous = NORMAL")
            } catch {
                try database.execute(sql: "PRAGMA synchronous = NORMAL")
                throw error
            }
            try database.checkpoint(.passive)
        }
    }

    /// Makes all durable, empties the log and closes the connections.
    func close() async throws(CatalogError) {
        try await makeDurable()
        pool.interrupt()
        do {
            try await write { database in _ = try database.checkpoint(.truncate) }
            // The connection that writes goes last: it removes the log.
            try lookups.close()
            try pool.close()
        } catch {
            throw CatalogError(error)
        }
    }
}
