import ArchiveCatalog
import DICOMCore
import GRDB
import Platform

/// Reads studies with the packs that their instances lie in.
enum StudyHoldingReading {
    private static let columns = "study_key, study_instance_uid, study_date"
    // `study_order` read backwards: NULL sorts before every date.
    private static let order = " ORDER BY study_date, study_instance_uid DESC LIMIT ?"
    private static let first = "SELECT \(columns) FROM study" + order
    private static let behindNone =
        "SELECT \(columns) FROM study WHERE study_date IS NULL AND study_instance_uid < ?" + order
    private static let dated = "SELECT \(columns) FROM study WHERE study_date IS NOT NULL" + order
    private static let behindDate =
        "SELECT \(columns) FROM study WHERE study_date >= ? AND (study_date > ? OR study_instance_uid < ?)" + order
    private static let byUID = "SELECT \(columns) FROM study WHERE study_instance_uid = ?"
    private static let packs = """
        SELECT instance.pack_id, COUNT(*), SUM(instance.record_length), MAX(instance.received_at) \
        FROM series CROSS JOIN instance ON instance.series_key = series.series_key \
        WHERE series.study_key = ? GROUP BY instance.pack_id
        """
    private static let modalities = "SELECT modality FROM study_modality WHERE study_key = ?"

    /// The studies behind a place, at most `limit`.
    static func page(after position: StudyPosition?, limit: Int, in database: Database) throws -> [StudyHolding] {
        var found: [StudyHolding] = []
        guard let position else { return try read(first, [], limit, in: database) }
        let uid = position.studyInstanceUID.string.databaseValue
        if let date = position.studyDate {
            return try read(behindDate, [date.databaseValue, date.databaseValue, uid], limit, in: database)
        }
        found = try read(behindNone, [uid], limit, in: database)
        if found.count < limit { found += try read(dated, [], limit - found.count, in: database) }
        return found
    }

    /// The study with that UID; `nil` without one.
    static func study(_ uid: UID, in database: Database) throws -> StudyHolding? {
        try database.first(byUID, [uid.string.databaseValue]) { row in try holding(row, in: database) }
    }

    private static func read(
        _ sql: String,
        _ arguments: [DatabaseValue],
        _ limit: Int,
        in database: Database
    ) throws -> [StudyHolding] {
        // All rows first: the statements below would run inside the cursor.
        let rows = try Row.fetchAll(
            try database.cachedStatement(sql: sql),
            arguments: StatementArguments(arguments + [max(0, limit).databaseValue])
        )
        return try rows.map { try holding($0, in: database) }
    }

    private static func holding(_ row: Row, in database: Database) throws -> StudyHolding {
        guard let uid = row.text(1).flatMap({ UID($0) }) else { throw CatalogError.damagedRow }
        let key = row.integer(0).databaseValue
        var held: [PackHolding] = []
        var lastReceived = Int64.min
        let rows = try Row.fetchCursor(
            try database.cachedStatement(sql: Self.packs),
            arguments: StatementArguments([key])
        )
        while let pack = try rows.next() {
            held.append(
                PackHolding(
                    packID: try pack.id(0),
                    instances: Int(clamping: pack.integer(1)),
                    bytes: UInt64(bitPattern: pack.integer(2))
                )
            )
            lastReceived = max(lastReceived, pack.integer(3))
        }
        let modalities = try Row.fetchAll(
            try database.cachedStatement(sql: Self.modalities),
            arguments: StatementArguments([key])
        )
        return StudyHolding(
            studyInstanceUID: uid,
            studyDate: row.text(2),
            lastReceived: Timestamp(microseconds: lastReceived),
            modalities: Set(modalities.compactMap { $0.text(0) }),
            packs: held.sorted { $0.packID < $1.packID }
        )
    }
}
