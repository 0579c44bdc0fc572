import ArchiveCatalog
import DICOMCore
import GRDB
import Platform

/// Reads and writes the rows of deletions, removed records and superseded packs.
enum RemovalRows {
    private static let deletionColumns = """
        deletion_id, study_instance_uid, series_instance_uid, sop_instance_uid, deleted_at, deleted_by, reason, \
        number_of_instances, payload_bytes, state
        """
    /// One column in front, as where a whole record is read.
    private static let removedColumns =
        "deletion_id, " + RemovalSchema.locationColumns.joined(separator: ", ") + ", sop_instance_uid"

    static func write(_ deletion: Deletion, to database: Database) throws {
        try database.run(
            "INSERT OR REPLACE INTO deletion (\(deletionColumns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                SQLBinding.id(deletion.id), deletion.scope.studyInstanceUID.string.databaseValue,
                SQLBinding.text(deletion.scope.seriesInstanceUID?.string),
                SQLBinding.text(deletion.scope.sopInstanceUID?.string),
                deletion.deletedAt.microseconds.databaseValue, deletion.deletedBy.databaseValue,
                deletion.reason.databaseValue, Int64(deletion.instanceCount).databaseValue,
                SQLBinding.length(deletion.payloadBytes), Int64(deletion.state.rawValue).databaseValue,
            ]
        )
    }

    static func write(_ record: RemovedRecord, to database: Database) throws {
        let location = record.location
        try database.run(
            "INSERT OR REPLACE INTO removed_record (\(removedColumns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                SQLBinding.id(record.deletionID), SQLBinding.id(location.packID),
                SQLBinding.length(location.recordOffset), SQLBinding.id(location.recordID),
                SQLBinding.id(location.studyKeyID), Int64(location.keyGeneration).databaseValue,
                SQLBinding.length(location.payloadLength), Int64(location.manifestLength).databaseValue,
                SQLBinding.length(location.recordLength), record.sopInstanceUID.string.databaseValue,
            ]
        )
    }

    static func write(_ pack: SupersededPack, to database: Database) throws {
        try database.run(
            "INSERT OR REPLACE INTO superseded_pack (pack_id, successor_id, study_key_id, since) VALUES (?, ?, ?, ?)",
            [
                SQLBinding.id(pack.packID), SQLBinding.id(pack.successorID), SQLBinding.id(pack.studyKeyID),
                pack.since.microseconds.databaseValue,
            ]
        )
    }

    static func deletion(_ id: RandomID, in database: Database) throws -> Deletion? {
        try database.first(
            "SELECT \(deletionColumns) FROM deletion WHERE deletion_id = ?",
            [SQLBinding.id(id)],
            deletion
        )
    }

    static func deletions(
        _ state: Deletion.State?,
        after last: Deletion?,
        limit: Int,
        in database: Database
    ) throws -> [Deletion] {
        var conditions = ["1"]
        var arguments: [DatabaseValue] = []
        if let state {
            conditions.append("state = ?")
            arguments.append(Int64(state.rawValue).databaseValue)
        }
        if let last {
            conditions.append("(deleted_at, deletion_id) > (?, ?)")
            arguments += [last.deletedAt.microseconds.databaseValue, SQLBinding.id(last.id)]
        }
        let sql = """
            SELECT \(deletionColumns) FROM deletion WHERE \(conditions.joined(separator: " AND ")) \
            ORDER BY deleted_at, deletion_id LIMIT ?
            """
        return try database.all(sql, arguments + [Int64(limit).databaseValue], deletion)
    }

    static func removed(
        of deletionID: RandomID,
        after last: RandomID?,
        limit: Int,
        in database: Database
    ) throws -> [RemovedRecord] {
        let sql = """
            SELECT \(removedColumns) FROM removed_record WHERE deletion_id = ? AND record_id > ? \
            ORDER BY record_id LIMIT ?
            """
        let first = last.map { SQLBinding.id($0) } ?? SQLBinding.bytes([])
        return try database.all(
            sql,
            [SQLBinding.id(deletionID), first, Int64(limit).databaseValue],
            removedRecord
        )
    }

    static func removed(_ id: RandomID, in database: Database) throws -> RemovedRecord? {
        try database.first(
            "SELECT \(removedColumns) FROM removed_record WHERE record_id = ?",
            [SQLBinding.id(id)],
            removedRecord
        )
    }

    static func supersededPacks(in database: Database) throws -> [SupersededPack] {
        let sql = "SELECT pack_id, successor_id, study_key_id, since FROM superseded_pack ORDER BY pack_id"
        return try database.all(sql, []) { row in
            SupersededPack(
                packID: try row.id(0),
                successorID: try row.id(1),
                studyKeyID: try row.id(2),
                since: Timestamp(microseconds: row.integer(3))
            )
        }
    }

    static func deadPacks(in database: Database) throws -> [DeadPack] {
        let sql = """
            SELECT removed_record.pack_id, removed_record.study_key_id, deletion.study_instance_uid, \
            sum(removed_record.record_length) \
            FROM removed_record CROSS JOIN deletion ON deletion.deletion_id = removed_record.deletion_id \
            WHERE deletion.state <> \(Deletion.State.inBin.rawValue) \
            AND removed_record.pack_id NOT IN (SELECT pack_id FROM superseded_pack) \
            GROUP BY removed_record.pack_id ORDER BY removed_record.pack_id
            """
        return try database.all(sql, []) { row in
            DeadPack(
                packID: try row.id(0),
                studyKeyID: try row.id(1),
                studyInstanceUID: try Self.uid(row.text(2)),
                deadBytes: UInt64(clamping: row.integer(3))
            )
        }
    }

    private static func deletion(_ row: Row) throws -> Deletion {
        guard let state = UInt8(exactly: row.integer(9)).flatMap({ Deletion.State(rawValue: $0) }) else {
            throw CatalogError.damagedRow
        }
        return Deletion(
            id: try row.id(0),
            scope: ArchiveScope(
                studyInstanceUID: try uid(row.text(1)),
                seriesInstanceUID: try row.text(2).map { try uid($0) },
                sopInstanceUID: try row.text(3).map { try uid($0) }
            ),
            deletedAt: Timestamp(microseconds: row.integer(4)),
            deletedBy: row.text(5) ?? "",
            reason: row.text(6) ?? "",
            instanceCount: Int(clamping: row.integer(7)),
            payloadBytes: UInt64(bitPattern: row.integer(8)),
            state: state
        )
    }

    private static func removedRecord(_ row: Row) throws -> RemovedRecord {
        RemovedRecord(
            deletionID: try row.id(0),
            sopInstanceUID: try uid(row.text(RemovalSchema.locationColumns.count + 1)),
            location: try RecordReading.location(row)
        )
    }

    private static func uid(_ text: String?) throws(CatalogError) -> UID {
        guard let uid = text.flatMap({ UID($0) }) else { throw .damagedRow }
        return uid
    }
}
