import ArchiveCatalog
import GRDB
import Platform

/// A patient, study or series while records are added to it.
struct GroupRow {
    /// Its key in the table of its level.
    let key: Int64
    /// What it hangs on: a series on its study's key, a study on its patient's, a patient without Patient ID on the
    /// UID of its only study.
    let parent: DatabaseValue
    /// Its defining instance.
    private(set) var defining: DefiningInstance
    private(set) var definingKey: Int64
    /// Studies below, at patient level.
    private(set) var studies: Int64
    /// Series below, at patient and study level.
    private(set) var series: Int64
    /// Instances below.
    private(set) var instances: Int64
    /// The values of its columns, when they are to be written.
    private(set) var unwrittenValues: CatalogValues?
    /// Whether the row in the database is older than this.
    private(set) var isChanged: Bool

    /// A row that is not in the database yet, of its first instance.
    init(key: Int64, parent: DatabaseValue, first: DefiningInstance, instanceKey: Int64, values: CatalogValues) {
        self.key = key
        self.parent = parent
        defining = first
        definingKey = instanceKey
        studies = 0
        series = 0
        instances = 0
        unwrittenValues = values
        isChanged = true
    }

    /// Reads what `GroupStatements.select` returned.
    init(_ row: Row) throws(CatalogError) {
        key = row.integer(0)
        parent = row[1]
        definingKey = row.integer(2)
        defining = DefiningInstance(
            receivedAt: Timestamp(microseconds: row.integer(3)),
            recordID: try row.id(4)
        )
        studies = row.integer(5)
        series = row.integer(6)
        instances = row.integer(7)
        isChanged = false
    }

    /// Counts one instance more, and what is new with it.
    mutating func add(newStudies: Int64 = 0, newSeries: Int64 = 0) {
        studies &+= newStudies
        series &+= newSeries
        instances &+= 1
        isChanged = true
    }

    /// Takes the values of an instance that comes before the defining one.
    mutating func define(by instance: DefiningInstance, key: Int64, values: CatalogValues) {
        defining = instance
        definingKey = key
        unwrittenValues = values
        isChanged = true
    }

    /// Takes the counts of what is left after a removal.
    mutating func recount(series: Int64 = 0, instances: Int64) {
        self.series = series
        self.instances = instances
        isChanged = true
    }

    /// Remembers that the database holds this now.
    mutating func wasWritten() {
        unwrittenValues = nil
        isChanged = false
    }
}

/// The statements that read and write the rows of one level.
struct GroupStatements: Sendable {
    /// Finds a row by what makes it unique.
    let select: String
    /// Finds a row by its key.
    let selectByKey: String
    /// Adds a row or replaces all its values.
    let upsert: String
    /// Replaces the counts of a row.
    let updateCounts: String
    /// The largest key.
    let largestKey: String

    private let level: QueryLevel
    private let columns: [ValueColumn]

    /// Patients; found by Patient ID, issuer and the UID of the only study.
    static let patient = GroupStatements(
        .patient,
        table: "patient",
        parent: "lone_study_uid",
        counts: ["number_of_studies", "number_of_series", "number_of_instances"],
        unique: "patient_id = ? AND issuer_of_patient_id = ? AND lone_study_uid = ?"
    )
    /// Studies; found by UID, with their Patient ID, issuer and UID behind the common columns.
    static let study = GroupStatements(
        .study,
        table: "study",
        parent: "patient_key",
        counts: ["number_of_series", "number_of_instances"],
        unique: "study_instance_uid = ?",
        further: ["patient_id", "issuer_of_patient_id", "study_instance_uid"]
    )
    /// Series; found by UID and key of the study, with their modality and UID behind the common columns.
    static let series = GroupStatements(
        .series,
        table: "series",
        parent: "study_key",
        counts: ["number_of_instances"],
        unique: "series_instance_uid = ? AND study_key = ?",
        further: ["modality", "series_instance_uid"]
    )

    private init(
        _ level: QueryLevel,
        table: String,
        parent: String,
        counts: [String],
        unique: String,
        further: [String] = []
    ) {
        self.level = level
        columns = CatalogSchema.valueColumns(level)
        let key = table + "_key"
        let absentCounts = Array(repeating: "0", count: 3 - counts.count)
        let common = [key, parent, "defining_instance_key", "defining_received_at", "defining_record_id"]
        let selection =
            "SELECT " + (common + absentCounts + counts + further).joined(separator: ", ") + " FROM \(table) WHERE "
        select = selection + unique
        selectByKey = selection + "\(key) = ?"
        let written = common + counts + columns.map { "\"\($0.name)\"" }
        upsert =
            "INSERT INTO \(table) (" + written.joined(separator: ", ") + ") VALUES ("
            + Array(repeating: "?", count: written.count).joined(separator: ", ")
            + ") ON CONFLICT (\(key)) DO UPDATE SET "
            + written.dropFirst().map { "\($0) = excluded.\($0)" }.joined(separator: ", ")
        updateCounts = "UPDATE \(table) SET " + counts.map { "\($0) = ?" }.joined(separator: ", ") + " WHERE \(key) = ?"
        largestKey = "SELECT max(\(key)) FROM \(table)"
    }

    /// Writes what changed of a row; `countStatement` is the kept form of ``updateCounts``.
    func write(_ row: inout GroupRow, _ countStatement: KeptStatement, to database: Database) throws {
        guard row.isChanged else { return }
        guard row.unwrittenValues == nil else { return try insert(&row, into: database) }
        try countStatement.run { binder in
            for count in counts(of: row) { binder.integer(count) }
            binder.integer(row.key)
        }
        row.wasWritten()
    }

    /// Writes what changed of a row, now and then: without a kept statement.
    func write(_ row: inout GroupRow, to database: Database) throws {
        guard row.isChanged else { return }
        guard row.unwrittenValues == nil else { return try insert(&row, into: database) }
        try database.run(updateCounts, (counts(of: row) + [row.key]).map { $0.databaseValue })
        row.wasWritten()
    }

    /// Adds a row or replaces all its values, when there are values to be written.
    func insert(_ row: inout GroupRow, into database: Database) throws {
        guard let values = row.unwrittenValues else { return }
        let common = [
            row.key.databaseValue, row.parent, row.definingKey.databaseValue,
            row.defining.receivedAt.microseconds.databaseValue, SQLBinding.id(row.defining.recordID),
        ]
        let counts = counts(of: row).map { $0.databaseValue }
        try database.run(upsert, common + counts + columns.map { SQLBinding.value(of: $0, in: values, at: level) })
        row.wasWritten()
    }

    private func counts(of row: GroupRow) -> [Int64] {
        switch level {
        case .patient: [row.studies, row.series, row.instances]
        case .study: [row.series, row.instances]
        case .series, .instance: [row.instances]
        }
    }
}

extension Database {
    /// Runs a kept statement that returns nothing.
    func run(_ sql: String, _ arguments: [DatabaseValue]) throws {
        try cachedStatement(sql: sql).execute(arguments: StatementArguments(arguments))
    }

    /// Runs a kept statement and returns what `body` makes of its first row, `nil` without one.
    func first<Result>(
        _ sql: String,
        _ arguments: [DatabaseValue],
        _ body: (Row) throws -> Result
    ) throws -> Result? {
        let rows = try Row.fetchCursor(try cachedStatement(sql: sql), arguments: StatementArguments(arguments))
        return try rows.next().map(body)
    }
}
