#ifndef CASSETTE_SEALED_SQLITE_H
#define CASSETTE_SEALED_SQLITE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// The connection of <sqlite3.h>, declared here so that this header needs no other.
struct sqlite3;
struct sqlite3_stmt;

/// Bytes of a key for `cassette_sealed_vfs_register`.
#define CASSETTE_SEALED_KEY_BYTES 32

/// Registers an SQLite VFS that seals the main database file and its WAL with AES-256-GCM.
///
/// The key is copied; the caller may cleanse its own. Several names with several keys may live in one process.
///
/// - vfs_name: as in `file:PATH?vfs=NAME`; letters, digits, `-` and `_`, at most 64.
/// - key32: 32 bytes, used for nothing else. Every file derives its own keys from it.
/// - base_vfs_name: the VFS that does the input and output; NULL is the default one.
/// - Returns: SQLITE_OK; SQLITE_MISUSE for a bad or taken name, a missing key or an unknown base; SQLITE_NOMEM.
int cassette_sealed_vfs_register(const char *vfs_name, const unsigned char *key32, const char *base_vfs_name);

/// Removes a VFS and cleanses its key.
///
/// No connection may be opening through it at the same time.
///
/// - Returns: SQLITE_OK; SQLITE_NOTFOUND for a name that is not ours; SQLITE_BUSY while one of its files is open.
int cassette_sealed_vfs_unregister(const char *vfs_name);

/// Sets a fresh connection up; call it before any other statement, on writers and readers alike.
///
/// Page size 4096, 32 reserved bytes, temporary data in memory, no memory mapping. Each is read back.
///
/// - Returns: SQLITE_OK; SQLITE_MISUSE if the connection does not use a sealed VFS or refuses a setting.
int cassette_sealed_vfs_prepare(struct sqlite3 *connection);

/// Proves that an open database is sealed; call it once the journal mode is WAL and a table exists.
///
/// Looks at the bytes on the disk below the VFS: neither the file nor its first page may begin as an SQLite file does.
///
/// - minimum_generation: the generation kept elsewhere from the last run (0: none is known). A whole file put back
///   from an older copy has a lower one.
/// - problem: if not NULL, receives a constant text, or NULL when all is well. Holds no data of the file.
/// - Returns: SQLITE_OK; SQLITE_MISUSE for a wrong set-up; SQLITE_NOTADB for plain or unreadable bytes; SQLITE_CORRUPT
///   for a generation below the minimum; else the error of the read.
int cassette_sealed_vfs_check(struct sqlite3 *connection, uint64_t minimum_generation, const char **problem);

/// What the header of a sealed file tells.
struct cassette_sealed_vfs_status {
    /// Counts the checkpoints that wrote to the main file; only grows.
    uint64_t generation;
    /// Pages sealed under this file's page key so far; writing is refused at 2^32.
    uint64_t page_seals;
    /// Units sealed under this file's WAL key, as of the last checkpoint; writing is refused at 2^32.
    uint64_t wal_seals;
};

/// Reads the header of the connection's main database file.
///
/// - Returns: SQLITE_OK; SQLITE_MISUSE if the connection does not use a sealed VFS; else the error of the read.
int cassette_sealed_vfs_read_status(struct sqlite3 *connection, struct cassette_sealed_vfs_status *status);

/// Gives a parameter of a statement a text of `length` bytes of UTF-8, which is copied; positions count from 1.
int cassette_statement_bind_text(struct sqlite3_stmt *statement, int position, const char *text, int64_t length);

/// Gives a parameter of a statement bytes, which are copied.
int cassette_statement_bind_blob(struct sqlite3_stmt *statement, int position, const void *bytes, int64_t length);

/// Gives a parameter of a statement a number.
int cassette_statement_bind_integer(struct sqlite3_stmt *statement, int position, int64_t value);

/// Takes the value of a parameter away.
int cassette_statement_bind_null(struct sqlite3_stmt *statement, int position);

/// Runs a statement up to its first row, then makes it ready for the next run, without values.
///
/// - has_row: receives whether there was a row.
/// - Returns: SQLITE_OK, or the extended code of the failure.
int cassette_statement_run(struct sqlite3_stmt *statement, int *has_row);

#ifdef __cplusplus
}
#endif

#endif
