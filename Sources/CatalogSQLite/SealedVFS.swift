import ArchiveCatalog
import CSealedSQLite
import GRDB
import Platform

/// A registered VFS that seals everything SQLite writes; unregistered with the last connection that uses it.
///
/// Connections keep it through the closure that prepares them, so the key is cleansed only after they are closed.
final class SealedVFS: Sendable {
    /// The name in `file:PATH?vfs=NAME`.
    let name: String

    /// Registers a VFS under a fresh name, over the VFS named `base` or the default one.
    ///
    /// - Throws: `.cannotOpen` when the key has not 32 bytes or SQLite refuses the VFS.
    init(key: [UInt8], base: String?, random: some RandomSource) throws(CatalogError) {
        guard key.count == Int(CASSETTE_SEALED_KEY_BYTES) else {
            throw CatalogError(.cannotOpen, "The key of the index must have \(CASSETTE_SEALED_KEY_BYTES) bytes")
        }
        name = "cassette-index-" + RandomID(random: random).hex
        // The call copies the name and the key, and reads `CASSETTE_SEALED_KEY_BYTES` of it: checked above.
        let code = unsafe cassette_sealed_vfs_register(name, key, base)
        guard code == 0 else {
            throw CatalogError(.cannotOpen, "SQLite refused the sealed file system (code \(code))")
        }
    }

    deinit {
        // A name of our own; while a file is open it answers SQLITE_BUSY and stays registered, which loses nothing.
        _ = unsafe cassette_sealed_vfs_unregister(name)
    }

    /// Sets a fresh connection up; before any other statement.
    func prepare(_ database: Database) throws {
        // The connection is open for the duration of the call: GRDB calls this from its own queue.
        let code = unsafe cassette_sealed_vfs_prepare(database.sqliteConnection)
        guard code == 0 else {
            throw CatalogError(.cannotOpen, "A connection to the index is not sealed (code \(code))")
        }
    }

    /// Proves that the bytes on the disk are sealed.
    func check(_ database: Database) throws {
        // As above; no text is asked for.
        let code = unsafe cassette_sealed_vfs_check(database.sqliteConnection, 0, nil)
        guard code == 0 else {
            throw CatalogError(.cannotOpen, "The index on the disk is not sealed as it must be (code \(code))")
        }
    }
}
