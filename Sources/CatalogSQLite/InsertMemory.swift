import ArchiveCatalog
import GRDB

/// What the connection that writes keeps from one transaction to the next.
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

    /// Lets go of the statements, before the connection is closed.
    func forget() {
        inserter = nil
    }
}
