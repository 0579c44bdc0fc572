import ArchiveCatalog
import DICOMCore
import GRDB
import Platform

/// The statements that read whole records.
enum RecordReading {
    private static let columns = ColumnList(.instance)
    static let recordColumns = CatalogSchema.recordColumns.map { "instance.\($0)" }.joined(separator: ", ")

    /// Selects records, with or without blobs; conditions, order and limit follow.
    private static func select(_ tables: String, blobs: Bool) -> String {
        "SELECT \(recordColumns), \(blobs ? "instance_blob.sealed_header, instance_blob.frame_index" : "NULL, NULL"), "
            + "\(columns.sql) FROM \(tables)"
            + (blobs ? " CROSS JOIN instance_blob ON instance_blob.instance_key = instance.instance_key" : "")
    }

    /// From an instance up: each step finds one row by its key.
    private static let upwards = """
        instance CROSS JOIN series ON series.series_key = instance.series_key \
        CROSS JOIN study ON study.study_key = series.study_key
        """
    private static let byUID = select(upwards, blobs: true) + " WHERE instance.sop_instance_uid = ?"
    private static let selectPage =
        select(upwards, blobs: true)
        + " WHERE instance.sop_instance_uid > ? ORDER BY instance.sop_instance_uid LIMIT ?"

    /// The record with that UID; `nil` without one.
    static func instance(_ uid: UID, in database: Database) throws -> InstanceRecord? {
        try database.first(byUID, [uid.string.databaseValue]) { try record($0) }
    }

    /// Records in the order of their UID.
    static func instances(after uid: UID?, limit: Int, in database: Database) throws -> [InstanceRecord] {
        var page = RecordPage(limit: limit)
        let rows = try Row.fetchCursor(
            try database.cachedStatement(sql: selectPage),
            arguments: StatementArguments([(uid?.string ?? "").databaseValue, page.room.databaseValue])
        )
        while !page.isFull, let row = try rows.next() {
            page.append(try record(row))
        }
        return page.records
    }

    private static func record(_ row: Row) throws -> InstanceRecord {
        try record(row, values: columns.values(of: row, from: CatalogSchema.recordColumns.count + 2))
    }

    /// Reads the record columns and blobs with which a row begins.
    static func record(_ row: Row, values: CatalogValues) throws -> InstanceRecord {
        let first = CatalogSchema.recordColumns.count
        guard let transferSyntaxUID = row.text(0).flatMap({ UID($0) }),
            let sopClassUID = values[.sopClassUID].flatMap({ UID($0) }),
            let study = values[.studyInstanceUID].flatMap({ UID($0) }),
            let series = values[.seriesInstanceUID].flatMap({ UID($0) }),
            let instance = values[.sopInstanceUID].flatMap({ UID($0) })
        else { throw CatalogError.damagedRow }
        return InstanceRecord(
            path: InstancePath(studyInstanceUID: study, seriesInstanceUID: series, sopInstanceUID: instance),
            sopClassUID: sopClassUID,
            transferSyntaxUID: transferSyntaxUID,
            values: values,
            location: try location(row),
            dataSetOffset: UInt64(bitPattern: row.integer(9)),
            dataSetDigest: row.bytes(10) ?? [],
            receivedAt: Timestamp(microseconds: row.integer(11)),
            source: row.text(12) ?? "",
            sealedHeader: row.bytes(first) ?? [],
            frameIndex: row.bytes(first + 1)
        )
    }

    /// Reads the place from the record columns with which a row begins.
    static func location(_ row: Row) throws(CatalogError) -> StoredLocation {
        StoredLocation(
            packID: try row.id(1),
            recordOffset: UInt64(bitPattern: row.integer(2)),
            recordID: try row.id(3),
            studyKeyID: try row.id(4),
            keyGeneration: UInt32(clamping: row.integer(5)),
            payloadLength: UInt64(bitPattern: row.integer(6)),
            manifestLength: UInt32(clamping: row.integer(7)),
            recordLength: UInt64(bitPattern: row.integer(8))
        )
    }
}
