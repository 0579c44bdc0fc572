import ArchiveCatalog
import GRDB

/// Reads what the answers below one series or study share: once, not with each of them.
struct ParentStatement: Sendable {
    private let sql: String
    private let columns: ColumnList
    private let derived: DerivedColumns

    /// The statement for answers of that level; `nil` where nothing above is shared.
    init?(_ level: QueryLevel) {
        let patient = " CROSS JOIN patient ON patient.patient_key = study.patient_key"
        let from: String
        switch level {
        case .patient, .study:
            return nil
        case .series:
            columns = ColumnList(.study)
            derived = DerivedColumns(downTo: .study)
            from = "study" + patient + " WHERE study.study_key = ?"
        case .instance:
            columns = ColumnList(.series)
            derived = DerivedColumns(downTo: .series)
            from =
                "series CROSS JOIN study ON study.study_key = series.study_key" + patient
                + " WHERE series.series_key = ?"
        }
        sql = "SELECT \(columns.sql)\(derived.sql) FROM \(from)"
    }

    /// The values of the record with that key and of those above it.
    func row(_ key: Int64, in database: Database) throws -> CatalogRow {
        let found = try database.first(sql, [key.databaseValue]) { row in
            var found = CatalogRow(values: columns.values(of: row, from: 0))
            derived.read(row, from: columns.count, into: &found.derived)
            return found
        }
        guard let found else { throw CatalogError.damagedRow }
        return found
    }
}
