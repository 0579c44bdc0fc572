import ArchiveCatalog
import DICOMCore
import GRDB
import Platform

/// The statements that write the row of an instance.
enum InstanceStatements {
    /// The largest key.
    static let largestKey = "SELECT max(instance_key) FROM instance"

    private static let columns = CatalogSchema.valueColumns(.instance)

    private static let insertRow: String = {
        let names = ["instance_key", "series_key"] + CatalogSchema.recordColumns + columns.map { "\"\($0.name)\"" }
        return "INSERT INTO instance (" + names.joined(separator: ", ") + ") VALUES ("
            + Array(repeating: "?", count: names.count).joined(separator: ", ") + ")"
    }()

    private static let insertBlob = "INSERT INTO instance_blob VALUES (?, ?, ?)"

    /// Adds a row; its SOP Instance UID is not in the table yet.
    static func insert(_ record: InstanceRecord, key: Int64, seriesKey: Int64, into database: Database) throws {
        let location = record.location
        var values = record.values
        values[.sopInstanceUID] = record.path.sopInstanceUID.string
        values[.sopClassUID] = record.sopClassUID.string
        var arguments = [
            key.databaseValue,
            seriesKey.databaseValue,
            record.transferSyntaxUID.string.databaseValue,
            SQLBinding.id(location.packID),
            SQLBinding.length(location.recordOffset),
            SQLBinding.id(location.recordID),
            SQLBinding.id(location.studyKeyID),
            location.keyGeneration.databaseValue,
            SQLBinding.length(location.payloadLength),
            location.manifestLength.databaseValue,
            SQLBinding.length(location.recordLength),
            SQLBinding.length(record.dataSetOffset),
            SQLBinding.bytes(record.dataSetDigest),
            record.receivedAt.microseconds.databaseValue,
            record.source.databaseValue,
        ]
        arguments += columns.map { SQLBinding.value(of: $0, in: values, at: .instance) }
        try database.run(insertRow, arguments)
        try database.run(
            insertBlob,
            [key.databaseValue, SQLBinding.bytes(record.sealedHeader), SQLBinding.bytes(record.frameIndex)]
        )
    }
}
