public import ArchiveCatalog
public import DICOMCore
import GRDB
public import Platform

extension RegistryMigration {
    static let studyNotes1 = RegistryMigration(
        name: "study-notes-1",
        statements: [
            """
            CREATE TABLE study_access (
              study_instance_uid TEXT PRIMARY KEY,
              accessed INTEGER NOT NULL
            ) STRICT, WITHOUT ROWID
            """,
            """
            CREATE TABLE study_label (
              study_instance_uid TEXT NOT NULL,
              label TEXT NOT NULL,
              added INTEGER NOT NULL,
              PRIMARY KEY (study_instance_uid, label)
            ) STRICT, WITHOUT ROWID
            """,
        ]
    )
}

extension SQLiteRegistry {
    /// Notes for studies when they were read.
    public func noteAccesses(_ accesses: [UID: Timestamp]) async throws(RegistryError) {
        try await write { database in
            let statement = try database.cachedStatement(
                sql: """
                    INSERT INTO study_access VALUES (?, ?) ON CONFLICT (study_instance_uid) \
                    DO UPDATE SET accessed = max(accessed, excluded.accessed)
                    """
            )
            for (study, time) in accesses {
                try statement.execute(arguments: [study.string, time.microseconds])
            }
        }
    }

    /// When these studies were read last.
    public func lastAccesses(of studies: [UID]) async throws(RegistryError) -> [UID: Timestamp] {
        try await read { database in
            var found: [UID: Timestamp] = [:]
            let sql = "SELECT accessed FROM study_access WHERE study_instance_uid = ?"
            for study in studies {
                found[study] = try database.first(sql, [study.string.databaseValue]) { row in
                    Timestamp(microseconds: row.integer(0))
                }
            }
            return found
        }
    }

    /// Puts a label on a study.
    public func addLabel(
        _ label: StudyLabel,
        to study: UID,
        at time: Timestamp
    ) async throws(RegistryError) -> Bool {
        try await write { database in
            try database.execute(
                sql: "INSERT OR IGNORE INTO study_label VALUES (?, ?, ?)",
                arguments: [study.string, label.text, time.microseconds]
            )
            return database.changesCount > 0
        }
    }

    /// Takes a label from a study.
    public func removeLabel(_ label: StudyLabel, from study: UID) async throws(RegistryError) -> Bool {
        try await write { database in
            try database.execute(
                sql: "DELETE FROM study_label WHERE study_instance_uid = ? AND label = ?",
                arguments: [study.string, label.text]
            )
            return database.changesCount > 0
        }
    }

    /// The labels of these studies.
    public func labels(of studies: [UID]) async throws(RegistryError) -> [UID: Set<StudyLabel>] {
        try await read { database in
            var found: [UID: Set<StudyLabel>] = [:]
            let statement = try database.cachedStatement(
                sql: "SELECT label FROM study_label WHERE study_instance_uid = ?"
            )
            for study in studies {
                let rows = try Row.fetchAll(statement, arguments: [study.string])
                if !rows.isEmpty { found[study] = Set(try rows.map { try Self.label($0, 0) }) }
            }
            return found
        }
    }

    /// Labelled studies in the order of their UID.
    public func labelledStudies(after study: UID?, limit: Int) async throws(RegistryError) -> [LabelledStudy] {
        try await read { database in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT study_instance_uid, label FROM study_label WHERE study_instance_uid IN \
                    (SELECT DISTINCT study_instance_uid FROM study_label WHERE study_instance_uid > ? \
                    ORDER BY study_instance_uid LIMIT ?) ORDER BY study_instance_uid
                    """,
                arguments: [study?.string ?? "", max(0, limit)]
            )
            var found: [(study: UID, labels: Set<StudyLabel>)] = []
            for row in rows {
                guard let uid = row.text(0).flatMap({ UID($0) }) else { throw RegistryError.damagedRow }
                if found.last?.study != uid { found.append((uid, [])) }
                found[found.count - 1].labels.insert(try Self.label(row, 1))
            }
            return found.map { LabelledStudy(studyInstanceUID: $0.study, labels: $0.labels) }
        }
    }

    /// Forgets all notes of a study.
    public func removeNotes(of study: UID) async throws(RegistryError) {
        try await write { database in
            for table in ["study_access", "study_label"] {
                try database.execute(
                    sql: "DELETE FROM \(table) WHERE study_instance_uid = ?",
                    arguments: [study.string]
                )
            }
        }
    }

    private static func label(_ row: Row, _ index: Int) throws -> StudyLabel {
        guard let label = row.text(index).flatMap({ StudyLabel($0) }) else { throw RegistryError.damagedRow }
        return label
    }
}
