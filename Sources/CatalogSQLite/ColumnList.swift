import ArchiveCatalog
import GRDB

/// The columns of attributes in a SELECT, of one level and those above it, and how their values are read back.
struct ColumnList: Sendable {
    /// The columns as SQL, joined by commas.
    let sql: String
    /// How many there are.
    var count: Int { attributes.count }

    private let attributes: [CatalogAttribute]

    /// Lists the columns of `level` and above; patients' come from the study's copy below patient level.
    init(_ level: QueryLevel) {
        let tables: [(String, QueryLevel)] =
            switch level {
            case .patient: [("patient", .patient)]
            case .study: [("study", .study)]
            case .series: [("study", .study), ("series", .series)]
            case .instance: [("study", .study), ("series", .series), ("instance", .instance)]
            }
        attributes = tables.flatMap { CatalogSchema.attributes($0.1) }
        sql = tables.flatMap { table, level in
            CatalogSchema.attributes(level).map { "\(table).\"\($0.column)\"" }
        }.joined(separator: ", ")
    }

    /// Reads the values that begin at column `start` of a row.
    func values(of row: Row, from start: Int) -> CatalogValues {
        var values = CatalogValues()
        for (index, attribute) in attributes.enumerated() {
            let value: DatabaseValue = row[start + index]
            switch value.storage {
            case .string(let text) where !text.isEmpty: values[attribute] = text
            case .int64(let number): values[attribute] = String(number)
            case .string, .null, .double, .blob: break
            }
        }
        return values
    }
}
