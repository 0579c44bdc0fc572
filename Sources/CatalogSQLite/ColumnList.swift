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
        switch level {
        case .patient: self.init([("patient", .patient)])
        case .study: self.init([("study", .study)])
        case .series: self.init([("study", .study), ("series", .series)])
        case .instance: self.init([("study", .study), ("series", .series), ("instance", .instance)])
        }
    }

    /// Lists the columns of `level` alone.
    init(only level: QueryLevel) {
        self.init([(QueryStatement.table(level), level)])
    }

    private init(_ tables: [(String, QueryLevel)]) {
        attributes = tables.flatMap { CatalogSchema.attributes($0.1) }
        sql = tables.flatMap { table, level in
            CatalogSchema.attributes(level).map { "\(table).\"\($0.column)\"" }
        }.joined(separator: ", ")
    }

    /// Reads the values that begin at column `start` of a row.
    ///
    /// - Parameter others: Values of other levels, which are kept.
    func values(of row: Row, from start: Int, beside others: CatalogValues = CatalogValues()) -> CatalogValues {
        var values = others
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
