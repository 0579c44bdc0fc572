import ArchiveCatalog
// GRDB gives blobs as Foundation's Data; this is the one file that meets it.
import Foundation
import GRDB
import Platform

/// Values as SQLite stores them.
enum SQLBinding {
    /// A text, or NULL when absent or empty.
    static func text(_ text: String?) -> DatabaseValue {
        guard let text, !text.isEmpty else { return .null }
        return text.databaseValue
    }

    /// Bytes, or NULL when absent.
    static func bytes(_ bytes: [UInt8]?) -> DatabaseValue {
        bytes.map { Data($0).databaseValue } ?? .null
    }

    /// An id as its 16 bytes, which compare as the id does.
    static func id(_ id: RandomID) -> DatabaseValue {
        Data(id.bytes).databaseValue
    }

    /// A count of bytes bit for bit: SQLite's integers are signed.
    static func length(_ length: UInt64) -> DatabaseValue {
        Int64(bitPattern: length).databaseValue
    }

    /// What a column of a table takes of these values.
    static func value(of column: ValueColumn, in values: CatalogValues, at level: QueryLevel) -> DatabaseValue {
        let text = values[column.attribute] ?? ""
        if column.fold != nil { return self.text(column.folded(text)) }
        if column.isIdentity(of: level) { return text.databaseValue }
        guard column.attribute.kind == .number else { return self.text(text) }
        return Int64(text)?.databaseValue ?? .null
    }
}

extension Row {
    /// The text in that column; `nil` for NULL and for the empty text.
    func text(_ index: Int) -> String? {
        let value: DatabaseValue = self[index]
        guard case .string(let text) = value.storage, !text.isEmpty else { return nil }
        return text
    }

    /// The number in that column; 0 for everything else.
    func integer(_ index: Int) -> Int64 {
        let value: DatabaseValue = self[index]
        guard case .int64(let number) = value.storage else { return 0 }
        return number
    }

    /// The bytes in that column; `nil` for NULL.
    func bytes(_ index: Int) -> [UInt8]? {
        let value: DatabaseValue = self[index]
        guard case .blob(let data) = value.storage else { return nil }
        return [UInt8](data)
    }

    /// The id in that column.
    ///
    /// - Throws: `.damaged` for anything but 16 bytes.
    func id(_ index: Int) throws(CatalogError) -> RandomID {
        guard let id = bytes(index).flatMap({ RandomID(bytes: $0) }) else { throw .damagedRow }
        return id
    }
}

extension CatalogError {
    /// A row holds what was never written to it.
    static let damagedRow = CatalogError(
        .damaged,
        "A row of the index does not make sense; stop the archive and run `cassette index rebuild`"
    )
}
