import ArchiveCatalog
import GRDB

/// What the connection that writes keeps from one transaction to the next.
///
/// A Mutex could not hold the inserter: its statements belong to the region of the Database that GRDB lends to a closure, so
/// they may be taken out of a Mutex, but not be put back.
// Sendable unchecked: only closures that GRDB runs on the connection that writes touch it, one at a time.
final class InsertMemory: @unchecked Sendable {
    private var inserter: RecordInserter?

    /// Adds records in one transaction.
    func insert(_ records: [InstanceRecord], into database: Database) throws -> [InsertOutcome] {
        let known = inserter
        // Back only after the commit: after a failure nothing of it may be believed.
        inserter = nil
        var outcomes: [InsertOutcome] = []
        var used: RecordInserter?
        try database.inTransaction(.immediate) {
            let inserter = try known ?? RecordInserter(database)
            for record in records {
                outcomes.append(try inserter.insert(record))
            }
            try inserter.finish()
            used = inserter
            return .commit
        }
        inserter = used
        return outcomes
    }

    /// Changes the tables in one transaction in another way than by adding records.
    ///
    /// What was known is forgotten: rows change that it holds.
    func change<Result>(_ database: Database, _ body: (RecordInserter) throws -> Result) throws -> Result {
        inserter = nil
        var result: Result?
        try database.inTransaction(.immediate) {
            result = try body(try RecordInserter(database))
            return .commit
        }
        guard let result else { throw CatalogError.damagedRow }
        return result
    }

    /// Lets go of the statements, before the connection is closed.
    func forget() {
        inserter = nil
    }
}
