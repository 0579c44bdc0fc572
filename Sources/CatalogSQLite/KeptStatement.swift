import ArchiveCatalog
import CSealedSQLite
import GRDB
import Platform

/// A statement that is prepared once and run for each record, with its values bound directly.
///
/// Lives no longer than its connection and is used where the connection is: in the closures of GRDB's `write`.
struct KeptStatement {
    private let statement: Statement

    init(_ database: Database, _ sql: String) throws {
        statement = try database.makeStatement(sql: sql)
    }

    /// Gives every parameter a value, in their order, and runs the statement; whether it answered with a row.
    @discardableResult
    func run(_ bind: (inout StatementBinder) -> Void) throws -> Bool {
        var binder = StatementBinder(statement)
        bind(&binder)
        var hasRow: Int32 = 0
        // The statement is prepared and not finalised while `statement` lives; the number is written before the call ends.
        let code = unsafe binder.code == 0 ? cassette_statement_run(statement.sqliteStatement, &hasRow) : binder.code
        guard code == 0 else { throw DatabaseError(resultCode: ResultCode(rawValue: code)) }
        return hasRow != 0
    }
}

/// Gives the parameters of a statement their values, from the first to the last.
struct StatementBinder {
    private let statement: Statement
    private var position: Int32 = 0
    /// The first failure; 0 for none.
    private(set) var code: Int32 = 0

    fileprivate init(_ statement: Statement) {
        self.statement = statement
    }

    mutating func integer(_ value: Int64) {
        // The statement outlives the binder, as in all calls below.
        note(unsafe cassette_statement_bind_integer(statement.sqliteStatement, next(), value))
    }

    mutating func null() {
        // As above.
        note(unsafe cassette_statement_bind_null(statement.sqliteStatement, next()))
    }

    /// A text, the empty one, too.
    mutating func exactText(_ text: String) {
        var text = text
        let position = next()
        // SQLite copies the bytes before the pointer ends.
        let result = text.withUTF8 { bytes in
            // A buffer without bytes may have no address; the C side takes the empty text for it.
            unsafe bytes.withMemoryRebound(to: CChar.self) { text in
                // As above.
                unsafe cassette_statement_bind_text(
                    statement.sqliteStatement,
                    position,
                    text.baseAddress,
                    Int64(text.count)
                )
            }
        }
        note(result)
    }

    /// A text, or NULL when absent or empty.
    mutating func text(_ text: String?) {
        guard let text, !text.isEmpty else { return null() }
        exactText(text)
    }

    /// Bytes, or NULL when absent.
    mutating func bytes(_ bytes: [UInt8]?) {
        guard let bytes else { return null() }
        let position = next()
        // SQLite copies the bytes before the pointer ends.
        let result = unsafe bytes.withUnsafeBytes { bytes in
            // As above.
            unsafe cassette_statement_bind_blob(
                statement.sqliteStatement,
                position,
                bytes.baseAddress,
                Int64(bytes.count)
            )
        }
        note(result)
    }

    /// An id as its 16 bytes, which compare as the id does.
    mutating func id(_ id: RandomID) {
        bytes(id.bytes)
    }

    /// A count of bytes bit for bit: SQLite's integers are signed.
    mutating func length(_ length: UInt64) {
        integer(Int64(bitPattern: length))
    }

    /// What a column of a table takes of the value of its attribute.
    mutating func value(_ text: String?, of column: ValueColumn, at level: QueryLevel) {
        if column.fold != nil {
            self.text(column.folded(text ?? ""))
        } else if column.isIdentity(of: level) {
            exactText(text ?? "")
        } else if column.attribute.kind == .number {
            if let number = text.flatMap({ Int64($0) }) { integer(number) } else { null() }
        } else {
            self.text(text)
        }
    }

    private mutating func next() -> Int32 {
        position += 1
        return position
    }

    private mutating func note(_ result: Int32) {
        if code == 0 { code = result }
    }
}
