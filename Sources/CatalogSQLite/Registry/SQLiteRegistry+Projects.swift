public import ArchiveCatalog
import GRDB
public import Platform

extension RegistryMigration {
    static let projects1 = RegistryMigration(
        name: "projects-1",
        statements: [
            """
            CREATE TABLE project (
              project_id BLOB NOT NULL PRIMARY KEY,
              name TEXT NOT NULL COLLATE NOCASE UNIQUE,
              title TEXT NOT NULL,
              protocol_id TEXT NOT NULL,
              sponsor TEXT NOT NULL,
              options TEXT NOT NULL,
              dates TEXT NOT NULL,
              patients TEXT NOT NULL,
              query TEXT NOT NULL,
              consent TEXT NOT NULL,
              expires_at INTEGER,
              minimum_cell_size INTEGER NOT NULL,
              state TEXT NOT NULL,
              created_at INTEGER NOT NULL,
              created_by TEXT NOT NULL,
              closed_at INTEGER
            ) STRICT, WITHOUT ROWID
            """,
            """
            CREATE TABLE project_consent (
              project_id BLOB NOT NULL,
              patient BLOB NOT NULL,
              answer TEXT NOT NULL,
              changed_at INTEGER NOT NULL,
              changed_by TEXT NOT NULL,
              PRIMARY KEY (project_id, patient)
            ) STRICT, WITHOUT ROWID
            """,
            """
            CREATE TABLE project_patient (
              project_id BLOB NOT NULL,
              patient BLOB NOT NULL,
              number INTEGER NOT NULL,
              lookup BLOB,
              sealed BLOB,
              PRIMARY KEY (project_id, patient)
            ) STRICT, WITHOUT ROWID
            """,
            "CREATE UNIQUE INDEX project_patient_number ON project_patient (project_id, number)",
            "CREATE INDEX project_patient_lookup ON project_patient (project_id, lookup)",
            """
            CREATE TABLE project_researcher (
              researcher_id BLOB NOT NULL PRIMARY KEY,
              project_id BLOB NOT NULL,
              name TEXT NOT NULL COLLATE NOCASE,
              token_digest BLOB NOT NULL,
              created_at INTEGER NOT NULL,
              created_by TEXT NOT NULL,
              expires_at INTEGER NOT NULL,
              UNIQUE (project_id, name)
            ) STRICT, WITHOUT ROWID
            """,
            "ALTER TABLE shredding ADD COLUMN subject TEXT NOT NULL DEFAULT 'study'",
        ]
    )
}

extension SQLiteRegistry: ProjectRegistry {
    /// Writes a new project.
    public func add(_ project: Project) async throws(RegistryError) -> Bool {
        try await write { database in
            try database.run(
                "INSERT OR IGNORE INTO project VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                Self.columns(project)
            )
            return database.changesCount > 0
        }
    }

    /// Writes a project as it is now.
    public func save(_ project: Project) async throws(RegistryError) {
        try await write { try Self.write(project, to: $0) }
    }

    private static func write(_ project: Project, to database: Database) throws {
        try database.run(
            "INSERT OR REPLACE INTO project VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            columns(project)
        )
    }

    /// The project of that name.
    public func project(named name: String) async throws(RegistryError) -> Project? {
        try await read { database in
            try database.all(Self.selectProjects + " WHERE name = ?", [name.databaseValue], Self.project).first
        }
    }

    /// All projects, in the order of their names.
    public func projects() async throws(RegistryError) -> [Project] {
        try await read { database in try database.all(Self.selectProjects + " ORDER BY name", [], Self.project) }
    }

    /// Writes a closed project, and wipes what belongs to it.
    public func close(_ project: Project, saving shredding: Shredding?) async throws(RegistryError) {
        try await write { database in
            for table in ["project_consent", "project_patient", "project_researcher"] {
                try database.run("DELETE FROM \(table) WHERE project_id = ?", [SQLBinding.id(project.id)])
            }
            try Self.write(project, to: database)
            if let shredding { try Self.write(shredding, to: database) }
        }
        try await emptyLog()
    }

    /// Writes what patients have said, and cuts the ties of some.
    public func setConsents(
        _ entries: [ConsentEntry],
        of project: RandomID,
        cutting patients: [RandomID]
    ) async throws(RegistryError) {
        try await write { database in
            for entry in entries {
                try database.run(
                    "INSERT OR REPLACE INTO project_consent VALUES (?, ?, ?, ?, ?)",
                    [
                        SQLBinding.id(project), SQLBinding.id(entry.patient), entry.answer.rawValue.databaseValue,
                        entry.changedAt.microseconds.databaseValue, entry.changedBy.databaseValue,
                    ]
                )
            }
            for patient in patients {
                try database.run(
                    "UPDATE project_patient SET lookup = NULL, sealed = NULL WHERE project_id = ? AND patient = ?",
                    [SQLBinding.id(project), SQLBinding.id(patient)]
                )
            }
        }
        // A tie that was cut is to be in no file any more.
        if !patients.isEmpty { try await emptyLog() }
    }

    /// What all patients have said.
    public func consents(of project: RandomID) async throws(RegistryError) -> [ConsentEntry] {
        try await read { database in
            try database.all(
                "SELECT patient, answer, changed_at, changed_by FROM project_consent WHERE project_id = ? "
                    + "ORDER BY patient",
                [SQLBinding.id(project)]
            ) { row in
                guard let answer = row.text(1).flatMap({ ConsentEntry.Answer(rawValue: $0) }) else {
                    throw RegistryError.damagedRow
                }
                return ConsentEntry(
                    patient: try row.id(0),
                    answer: answer,
                    changedAt: Timestamp(microseconds: row.integer(2)),
                    changedBy: row.text(3) ?? ""
                )
            }
        }
    }

    private static func columns(_ project: Project) -> [DatabaseValue] {
        [
            SQLBinding.id(project.id), project.name.databaseValue, project.title.databaseValue,
            project.protocolID.databaseValue, project.sponsor.databaseValue,
            project.options.joined(separator: ",").databaseValue, project.dates.rawValue.databaseValue,
            project.patients.rawValue.databaseValue, project.query.databaseValue,
            project.consent.rawValue.databaseValue, project.expiresAt?.microseconds.databaseValue ?? .null,
            project.minimumCellSize.databaseValue, project.state.rawValue.databaseValue,
            project.createdAt.microseconds.databaseValue, project.createdBy.databaseValue,
            project.closedAt?.microseconds.databaseValue ?? .null,
        ]
    }

    private static let selectProjects = """
        SELECT project_id, name, title, protocol_id, sponsor, options, dates, patients, query, consent, expires_at, \
        minimum_cell_size, state, created_at, created_by, closed_at FROM project
        """

    private static func project(_ row: Row) throws -> Project {
        guard let name = row.text(1), let dates = row.text(6).flatMap({ Project.Dates(rawValue: $0) }),
            let patients = row.text(7).flatMap({ Project.PatientNaming(rawValue: $0) }),
            let consent = row.text(9).flatMap({ Project.ConsentRule(rawValue: $0) }),
            let state = row.text(12).flatMap({ Project.State(rawValue: $0) })
        else { throw RegistryError.damagedRow }
        var project = Project(
            id: try row.id(0),
            name: name,
            title: row.text(2) ?? "",
            protocolID: row.text(3) ?? "",
            sponsor: row.text(4) ?? "",
            options: (row.text(5) ?? "").split(separator: ",").map(String.init),
            dates: dates,
            patients: patients,
            query: row.text(8) ?? "",
            consent: consent,
            expiresAt: row.hasNull(atIndex: 10) ? nil : Timestamp(microseconds: row.integer(10)),
            minimumCellSize: Int(clamping: row.integer(11)),
            createdAt: Timestamp(microseconds: row.integer(13)),
            createdBy: row.text(14) ?? ""
        )
        project.state = state
        project.closedAt = row.hasNull(atIndex: 15) ? nil : Timestamp(microseconds: row.integer(15))
        return project
    }
}
