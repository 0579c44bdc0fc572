import ArchiveCatalog
import DICOMCore
import GRDB
import Platform

/// The statements that run for every record, kept on the connection that writes.
struct InsertStatements {
    /// The largest key.
    static let largestKey = "SELECT max(instance_key) FROM instance"

    private static let columns = CatalogSchema.valueColumns(.instance)

    private static let insertRow: String = {
        let names = ["instance_key", "series_key"] + CatalogSchema.recordColumns + columns.map { "\"\($0.name)\"" }
        return "INSERT INTO instance (" + names.joined(separator: ", ") + ") VALUES ("
            + Array(repeating: "?", count: names.count).joined(separator: ", ") + ")"
    }()

    /// Whether there is an instance with that SOP Instance UID.
    let findInstance: KeptStatement
    /// Replaces the counts of a row.
    let patientCounts: KeptStatement
    let studyCounts: KeptStatement
    let seriesCounts: KeptStatement
    /// Replaces the one row that counts everything.
    let total: KeptStatement
    private let row: KeptStatement
    private let blob: KeptStatement

    init(_ database: Database) throws {
        findInstance = try KeptStatement(database, "SELECT 1 FROM instance WHERE sop_instance_uid = ?")
        patientCounts = try KeptStatement(database, GroupStatements.patient.updateCounts)
        studyCounts = try KeptStatement(database, GroupStatements.study.updateCounts)
        seriesCounts = try KeptStatement(database, GroupStatements.series.updateCounts)
        total = try KeptStatement(database, CatalogTotals.update)
        row = try KeptStatement(database, Self.insertRow)
        blob = try KeptStatement(database, "INSERT INTO instance_blob VALUES (?, ?, ?)")
    }

    /// Adds a row; its SOP Instance UID is not in the table yet.
    func insert(_ record: InstanceRecord, key: Int64, seriesKey: Int64) throws {
        let location = record.location
        try row.run { binder in
            binder.integer(key)
            binder.integer(seriesKey)
            binder.exactText(record.transferSyntaxUID.string)
            binder.id(location.packID)
            binder.length(location.recordOffset)
            binder.id(location.recordID)
            binder.id(location.studyKeyID)
            binder.integer(Int64(location.keyGeneration))
            binder.length(location.payloadLength)
            binder.integer(Int64(location.manifestLength))
            binder.length(location.recordLength)
            binder.length(record.dataSetOffset)
            binder.bytes(record.dataSetDigest)
            binder.integer(record.receivedAt.microseconds)
            binder.exactText(record.source)
            for column in Self.columns {
                binder.value(Self.value(of: column.attribute, in: record), of: column, at: .instance)
            }
        }
        try blob.run { binder in
            binder.integer(key)
            binder.bytes(record.sealedHeader)
            binder.bytes(record.frameIndex)
        }
    }

    /// The record's own UIDs count, whatever its values say.
    private static func value(of attribute: CatalogAttribute, in record: InstanceRecord) -> String? {
        switch attribute.tag {
        case .sopInstanceUID: record.path.sopInstanceUID.string
        case .sopClassUID: record.sopClassUID.string
        default: record.values[attribute]
        }
    }
}
