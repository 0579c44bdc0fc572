import ArchiveCatalog
import DICOMCore
import GRDB

/// Reads the instances of a study, or of one of its series, from a place on.
///
/// Series by series, so that an index gives the order inside each of them, and what all instances of a series share is
/// read once.
struct InstancePageReading {
    private static let columns = ColumnList(only: .instance)
    private static let parentColumns = ColumnList(.series)

    private static let seriesOfStudy = """
        SELECT series.series_key, \(parentColumns.sql) \
        FROM study CROSS JOIN series ON series.study_key = study.study_key WHERE study.study_instance_uid = ?
        """
    private static let seriesOrder = " ORDER BY series.series_number, series.series_instance_uid"

    private let study: UID
    private let series: UID?
    private let last: InstanceRecord?
    private let includesBlobs: Bool
    private let database: Database
    private var page: RecordPage

    /// - Parameter last: Reading begins behind it; `nil`: at the first.
    init(
        ofStudy study: UID,
        series: UID?,
        after last: InstanceRecord?,
        limit: Int,
        blobs: Bool,
        in database: Database
    ) {
        self.study = study
        self.series = series
        self.last = last
        page = RecordPage(limit: limit)
        includesBlobs = blobs
        self.database = database
    }

    /// The records in their order, at most `limit`.
    mutating func records() throws -> [InstanceRecord] {
        if let last, series == nil || series == last.path.seriesInstanceUID {
            try readSeries(
                " AND series.series_instance_uid = ?",
                [last.path.seriesInstanceUID.string.databaseValue],
                ranges: ranges(after: last)
            )
        }
        if let series {
            if last == nil {
                try readSeries(
                    " AND series.series_instance_uid = ?",
                    [series.string.databaseValue],
                    ranges: [SQLFragment("")]
                )
            }
        } else {
            let place = last.map { later($0) } ?? SQLFragment("")
            try readSeries(place.sql, place.arguments, ranges: [SQLFragment("")])
        }
        return page.records
    }

    /// The series behind the one of `last`; those without number come first.
    private func later(_ last: InstanceRecord) -> SQLFragment {
        let uid = last.path.seriesInstanceUID.string.databaseValue
        guard let number = last.values[.seriesNumber].flatMap({ Int64($0) })?.databaseValue else {
            return SQLFragment(
                " AND (series.series_number IS NOT NULL OR series.series_instance_uid > ?)",
                [uid]
            )
        }
        return SQLFragment(
            " AND series.series_number >= ? AND (series.series_number > ? OR series.series_instance_uid > ?)",
            [number, number, uid]
        )
    }

    /// The instances behind `last` in its series, as ranges that follow each other; those without number come first.
    private func ranges(after last: InstanceRecord) -> [SQLFragment] {
        let uid = last.path.sopInstanceUID.string.databaseValue
        guard let number = last.values[.instanceNumber].flatMap({ Int64($0) })?.databaseValue else {
            return [
                SQLFragment(" AND instance.instance_number IS NULL AND instance.sop_instance_uid > ?", [uid]),
                SQLFragment(" AND instance.instance_number IS NOT NULL"),
            ]
        }
        return [
            SQLFragment(
                " AND instance.instance_number >= ?"
                    + " AND (instance.instance_number > ? OR instance.sop_instance_uid > ?)",
                [number, number, uid]
            )
        ]
    }

    private mutating func readSeries(
        _ condition: String,
        _ arguments: [DatabaseValue],
        ranges: [SQLFragment]
    ) throws {
        guard !page.isFull else { return }
        let rows = try Row.fetchCursor(
            try database.cachedStatement(sql: Self.seriesOfStudy + condition + Self.seriesOrder),
            arguments: StatementArguments([study.string.databaseValue] + arguments)
        )
        while !page.isFull, let row = try rows.next() {
            let parents = Self.parentColumns.values(of: row, from: 1)
            for range in ranges where !page.isFull {
                try readInstances(of: row.integer(0), parents, range)
            }
        }
    }

    private mutating func readInstances(
        of seriesKey: Int64,
        _ parents: CatalogValues,
        _ range: SQLFragment
    ) throws {
        let blobs = includesBlobs ? "instance_blob.sealed_header, instance_blob.frame_index" : "NULL, NULL"
        let join = " CROSS JOIN instance_blob ON instance_blob.instance_key = instance.instance_key"
        let sql =
            "SELECT \(RecordReading.recordColumns), \(blobs), \(Self.columns.sql) FROM instance"
            + (includesBlobs ? join : "") + " WHERE instance.series_key = ?" + range.sql
            + " ORDER BY instance.instance_number, instance.sop_instance_uid LIMIT ?"
        let rows = try Row.fetchCursor(
            try database.cachedStatement(sql: sql),
            arguments: StatementArguments(
                [seriesKey.databaseValue] + range.arguments + [page.room.databaseValue]
            )
        )
        let first = CatalogSchema.recordColumns.count + 2
        while !page.isFull, let row = try rows.next() {
            let values = Self.columns.values(of: row, from: first, beside: parents)
            page.append(try RecordReading.record(row, values: values))
        }
    }
}
