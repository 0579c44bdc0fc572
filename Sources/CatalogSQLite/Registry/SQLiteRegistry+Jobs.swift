public import ArchiveCatalog
import GRDB
public import Platform

extension RegistryMigration {
    static let jobs1 = RegistryMigration(
        name: "jobs-1",
        statements: [
            """
            CREATE TABLE job (
              id BLOB PRIMARY KEY,
              kind TEXT NOT NULL,
              parameters BLOB NOT NULL,
              principal TEXT NOT NULL,
              created INTEGER NOT NULL,
              state TEXT NOT NULL,
              done INTEGER NOT NULL,
              total INTEGER NOT NULL,
              unit TEXT NOT NULL,
              bytes INTEGER NOT NULL,
              failures INTEGER NOT NULL,
              message TEXT NOT NULL,
              resumption BLOB NOT NULL,
              started INTEGER,
              ended INTEGER,
              failure TEXT
            ) STRICT, WITHOUT ROWID
            """,
            "CREATE INDEX job_open ON job (created, id) WHERE ended IS NULL",
            "CREATE INDEX job_ended ON job (ended DESC) WHERE ended IS NOT NULL",
        ]
    )
}

extension SQLiteRegistry {
    private static let columns = """
        id, kind, parameters, principal, created, state, done, total, unit, bytes, failures, message, resumption, \
        started, ended, failure
        """

    /// Writes a job as it is now.
    public func save(_ job: JobRecord) async throws(RegistryError) {
        try await write { database in
            let values: [DatabaseValue] = [
                SQLBinding.id(job.id), job.kind.databaseValue, SQLBinding.bytes(job.parameters),
                job.principal.databaseValue, job.created.microseconds.databaseValue, job.state.rawValue.databaseValue,
                job.progress.done.databaseValue, job.progress.total.databaseValue, job.progress.unit.databaseValue,
                SQLBinding.length(job.progress.bytes), job.progress.failures.databaseValue,
                job.progress.message.databaseValue, SQLBinding.bytes(job.resumption),
                job.started?.microseconds.databaseValue ?? .null, job.ended?.microseconds.databaseValue ?? .null,
                job.failure?.databaseValue ?? .null,
            ]
            let marks = values.map { _ in "?" }.joined(separator: ", ")
            try database.execute(
                sql: "INSERT OR REPLACE INTO job (\(Self.columns)) VALUES (\(marks))",
                arguments: StatementArguments(values)
            )
        }
    }

    /// The job of that id.
    public func job(_ id: RandomID) async throws(RegistryError) -> JobRecord? {
        try await read { database in
            try Row.fetchOne(
                database,
                sql: "SELECT \(Self.columns) FROM job WHERE id = ?",
                arguments: [SQLBinding.id(id)]
            ).map(Self.job)
        }
    }

    /// Jobs that have not ended, oldest first.
    public func openJobs() async throws(RegistryError) -> [JobRecord] {
        try await read { database in
            try Row.fetchAll(
                database,
                sql: "SELECT \(Self.columns) FROM job WHERE ended IS NULL ORDER BY created, id"
            ).map(Self.job)
        }
    }

    /// Jobs that have ended, the one that ended last first.
    public func endedJobs(limit: Int) async throws(RegistryError) -> [JobRecord] {
        try await read { database in
            try Row.fetchAll(
                database,
                sql: "SELECT \(Self.columns) FROM job WHERE ended IS NOT NULL ORDER BY ended DESC, id LIMIT ?",
                arguments: [max(0, limit)]
            ).map(Self.job)
        }
    }

    /// Jobs of one kind that have ended, the one that ended last first.
    public func endedJobs(ofKind kind: String, limit: Int) async throws(RegistryError) -> [JobRecord] {
        try await read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT \(Self.columns) FROM job WHERE ended IS NOT NULL AND kind = ? ORDER BY ended DESC, id LIMIT ?
                    """,
                arguments: [kind, max(0, limit)]
            ).map(Self.job)
        }
    }

    /// Forgets the jobs that ended before that instant, but the last one of each kind.
    public func removeJobs(endedBefore time: Timestamp) async throws(RegistryError) {
        try await write { database in
            try database.execute(
                sql: """
                    DELETE FROM job WHERE ended IS NOT NULL AND ended < ? AND ended < (
                      SELECT max(other.ended) FROM job AS other WHERE other.kind = job.kind AND other.ended IS NOT NULL
                    )
                    """,
                arguments: [time.microseconds]
            )
        }
    }

    private static func job(_ row: Row) throws -> JobRecord {
        guard let kind = row.text(1), let parameters = row.bytes(2), let resumption = row.bytes(12),
            let state = row.text(5).flatMap({ JobState(rawValue: $0) })
        else { throw RegistryError.damagedRow }
        var job = JobRecord(
            id: try row.id(0),
            kind: kind,
            parameters: parameters,
            principal: row.text(3) ?? "",
            created: Timestamp(microseconds: row.integer(4))
        )
        job.state = state
        job.progress = JobProgress(
            done: Int(clamping: row.integer(6)),
            total: Int(clamping: row.integer(7)),
            unit: row.text(8) ?? "",
            bytes: UInt64(bitPattern: row.integer(9)),
            failures: Int(clamping: row.integer(10)),
            message: row.text(11) ?? ""
        )
        job.resumption = resumption
        job.started = row.time(13)
        job.ended = row.time(14)
        job.failure = row.text(15)
        return job
    }
}

extension Row {
    /// The instant in that column; `nil` for NULL.
    fileprivate func time(_ index: Int) -> Timestamp? {
        let value: DatabaseValue = self[index]
        guard case .int64(let number) = value.storage else { return nil }
        return Timestamp(microseconds: number)
    }
}
