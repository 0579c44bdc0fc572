import GRDB

/// A piece of SQL with what is bound to its question marks.
///
/// The text comes from our own source only; values and patterns of a query are always bound.
struct SQLFragment {
    /// The text.
    var sql: String
    /// One value for each question mark.
    var arguments: [DatabaseValue]

    /// Makes a fragment.
    init(_ sql: String, _ arguments: [DatabaseValue] = []) {
        self.sql = sql
        self.arguments = arguments
    }

    /// Appends another fragment.
    mutating func append(_ other: SQLFragment) {
        sql += other.sql
        arguments += other.arguments
    }

    /// All of `fragments` in a row, with `separator` in between.
    static func joined(_ fragments: [SQLFragment], by separator: String) -> SQLFragment {
        SQLFragment(fragments.map(\.sql).joined(separator: separator), fragments.flatMap(\.arguments))
    }
}
