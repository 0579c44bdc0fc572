public import ArchiveCatalog
import GRDB
public import Platform

extension SQLiteRegistry {
    /// Gives numbers to patients that have none, and writes the rows whose tie is missing.
    public func assignNumbers(
        to patients: [RandomID],
        of project: RandomID,
        row: @escaping @Sendable (_ position: Int, _ number: Int) throws -> MappingRow
    ) async throws(RegistryError) -> [Int] {
        try await write { database in
            let last = try database.first(
                "SELECT max(number) FROM project_patient WHERE project_id = ?",
                [SQLBinding.id(project)]
            ) { $0.integer(0) }
            var next = Int(clamping: last ?? 0)
            var numbers: [Int] = []
            numbers.reserveCapacity(patients.count)
            for (position, patient) in patients.enumerated() {
                let known = try Self.row(
                    " WHERE project_id = ? AND patient = ?",
                    [SQLBinding.id(project), SQLBinding.id(patient)],
                    in: database
                )
                if known == nil { next += 1 }
                let number = known?.number ?? next
                numbers.append(number)
                guard known?.lookup == nil else { continue }
                let made = try row(position, number)
                try database.run(
                    "INSERT OR REPLACE INTO project_patient VALUES (?, ?, ?, ?, ?)",
                    [
                        SQLBinding.id(project), SQLBinding.id(patient), number.databaseValue,
                        made.lookup.map(SQLBinding.id) ?? .null, SQLBinding.bytes(made.sealed),
                    ]
                )
            }
            return numbers
        }
    }

    /// The row of a patient.
    public func mappingRow(
        of patient: RandomID,
        in project: RandomID
    ) async throws(RegistryError) -> MappingRow? {
        try await read { database in
            try Self.row(
                " WHERE project_id = ? AND patient = ?",
                [SQLBinding.id(project), SQLBinding.id(patient)],
                in: database
            )
        }
    }

    /// The row of a pseudonym.
    public func mappingRow(
        lookup: RandomID,
        in project: RandomID
    ) async throws(RegistryError) -> MappingRow? {
        try await read { database in
            try Self.row(
                " WHERE project_id = ? AND lookup = ?",
                [SQLBinding.id(project), SQLBinding.id(lookup)],
                in: database
            )
        }
    }

    /// Rows in the order of their numbers.
    public func mappingRows(
        of project: RandomID,
        after number: Int,
        limit: Int
    ) async throws(RegistryError) -> [MappingRow] {
        try await read { database in
            try database.all(
                Self.selectRows + " WHERE project_id = ? AND number > ? ORDER BY number LIMIT ?",
                [SQLBinding.id(project), number.databaseValue, max(0, limit).databaseValue],
                Self.mappingRow
            )
        }
    }

    /// Writes a new researcher.
    public func add(_ researcher: Researcher) async throws(RegistryError) -> Bool {
        try await write { database in
            try database.run(
                "INSERT OR IGNORE INTO project_researcher VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    SQLBinding.id(researcher.id), SQLBinding.id(researcher.projectID), researcher.name.databaseValue,
                    SQLBinding.bytes(researcher.tokenDigest), researcher.createdAt.microseconds.databaseValue,
                    researcher.createdBy.databaseValue, researcher.expiresAt.microseconds.databaseValue,
                ]
            )
            return database.changesCount > 0
        }
    }

    /// Takes a researcher away.
    public func removeResearcher(
        named name: String,
        from project: RandomID
    ) async throws(RegistryError) -> Bool {
        try await write { database in
            try database.run(
                "DELETE FROM project_researcher WHERE project_id = ? AND name = ?",
                [SQLBinding.id(project), name.databaseValue]
            )
            return database.changesCount > 0
        }
    }

    /// The researchers of all projects.
    public func researchers() async throws(RegistryError) -> [Researcher] {
        try await read { database in
            try database.all(
                """
                SELECT researcher_id, project_id, name, token_digest, created_at, created_by, expires_at \
                FROM project_researcher ORDER BY name, project_id
                """,
                []
            ) { row in
                guard let name = row.text(2), let digest = row.bytes(3) else { throw RegistryError.damagedRow }
                return Researcher(
                    id: try row.id(0),
                    projectID: try row.id(1),
                    name: name,
                    tokenDigest: digest,
                    createdAt: Timestamp(microseconds: row.integer(4)),
                    createdBy: row.text(5) ?? "",
                    expiresAt: Timestamp(microseconds: row.integer(6))
                )
            }
        }
    }

    private static let selectRows = "SELECT patient, number, lookup, sealed FROM project_patient"

    private static func row(
        _ condition: String,
        _ arguments: [DatabaseValue],
        in database: Database
    ) throws -> MappingRow? {
        try database.all(selectRows + condition, arguments, mappingRow).first
    }

    private static func mappingRow(_ row: Row) throws -> MappingRow {
        MappingRow(
            patient: try row.id(0),
            number: Int(clamping: row.integer(1)),
            lookup: row.hasNull(atIndex: 2) ? nil : try row.id(2),
            sealed: row.bytes(3) ?? []
        )
    }
}
