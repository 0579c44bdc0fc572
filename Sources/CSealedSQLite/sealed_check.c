#include "CSealedSQLite.h"
#include "sealed_file.h"

#include <openssl/crypto.h>
#include <string.h>

static SealedMain *main_of(sqlite3 *connection) {
    sqlite3_file *file = NULL;
    if (!connection || sqlite3_file_control(connection, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK) {
        return NULL;
    }
    return file && file->pMethods == &sealed_main_methods ? (SealedMain *)file : NULL;
}

// Whether a pragma answers with `expected`.
static int pragma_is(sqlite3 *connection, const char *sql, const char *expected) {
    sqlite3_stmt *statement = NULL;
    int matches = 0;
    if (sqlite3_prepare_v2(connection, sql, -1, &statement, NULL) == SQLITE_OK
        && sqlite3_step(statement) == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(statement, 0);
        matches = text && strcmp(text, expected) == 0;
    }
    sqlite3_finalize(statement);
    return matches;
}

int cassette_sealed_vfs_prepare(struct sqlite3 *connection) {
    SealedMain *main = main_of(connection);
    if (!main) return SQLITE_MISUSE;
    int code = sqlite3_exec(
        connection, "PRAGMA page_size = 4096; PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0", NULL, NULL, NULL
    );
    if (code != SQLITE_OK) return code;
    int reserve = SEALED_RESERVE;
    code = sqlite3_file_control(connection, "main", SQLITE_FCNTL_RESERVE_BYTES, &reserve);
    if (code != SQLITE_OK) return code;
    reserve = -1;
    code = sqlite3_file_control(connection, "main", SQLITE_FCNTL_RESERVE_BYTES, &reserve);
    if (code != SQLITE_OK) return code;
    int in_order = reserve == SEALED_RESERVE && pragma_is(connection, "PRAGMA temp_store", "2")
        && pragma_is(connection, "PRAGMA page_size", "4096");
    return in_order ? SQLITE_OK : SQLITE_MISUSE;
}

static const char sqlite_magic[] = "SQLite format 3";

// Reads below the VFS, so that its own mistakes show.
static int looks_plain(SealedMain *main, sqlite3_int64 offset, int *plain) {
    unsigned char bytes[sizeof sqlite_magic];
    sqlite3_file *base = main->common.base;
    int code = base->pMethods->xRead(base, bytes, sizeof bytes, offset);
    *plain = code == SQLITE_OK && memcmp(bytes, sqlite_magic, sizeof bytes) == 0;
    return code;
}

static int check_disk(SealedMain *main, const char **problem) {
    for (int block = 0; block < 3; block++) {
        int plain = 0;
        int code = looks_plain(main, (sqlite3_int64)block * SEALED_PAGE, &plain);
        if (code != SQLITE_OK || plain) {
            *problem = plain ? "the database file is plain" : "the database file cannot be read";
            return plain || code == SQLITE_IOERR_SHORT_READ ? SQLITE_NOTADB : code;
        }
    }
    unsigned char page[SEALED_PAGE];
    int code = sealed_main_read_page(main, 1, page);
    int in_order = code == SQLITE_OK && memcmp(page, sqlite_magic, sizeof sqlite_magic) == 0
        && sealed_page_has_layout(page);
    OPENSSL_cleanse(page, sizeof page);
    if (in_order) return SQLITE_OK;
    *problem = "page 1 cannot be opened, or has other than 4096 bytes with 32 reserved";
    return code == SQLITE_OK ? SQLITE_MISUSE : code;
}

int cassette_sealed_vfs_check(struct sqlite3 *connection, uint64_t minimum_generation, const char **problem) {
    const char *ignored = NULL;
    if (!problem) problem = &ignored;
    *problem = NULL;
    SealedMain *main = main_of(connection);
    if (!main) {
        *problem = "the connection does not use a sealed VFS";
        return SQLITE_MISUSE;
    }
    if (!pragma_is(connection, "PRAGMA journal_mode", "wal")) {
        *problem = "the journal mode is not WAL";
        return SQLITE_MISUSE;
    }
    if (!pragma_is(connection, "PRAGMA temp_store", "2")) {
        *problem = "temporary data is not kept in memory";
        return SQLITE_MISUSE;
    }
    int code = check_disk(main, problem);
    if (code != SQLITE_OK) return code;
    code = sealed_header_load(main);
    if (code != SQLITE_OK) {
        *problem = "the header cannot be opened";
        return code;
    }
    if (main->header.generation < minimum_generation) {
        *problem = "the file is older than it was: an earlier copy was put back";
        return SQLITE_CORRUPT;
    }
    return SQLITE_OK;
}

int cassette_sealed_vfs_read_status(struct sqlite3 *connection, struct cassette_sealed_vfs_status *status) {
    SealedMain *main = main_of(connection);
    if (!main || !status) return SQLITE_MISUSE;
    int code = sealed_header_load(main);
    if (code != SQLITE_OK) return code;
    status->generation = main->header.generation;
    status->page_seals = main->header.page_seals + main->new_page_seals;
    status->wal_seals = main->header.wal_seals + main->new_wal_seals;
    return SQLITE_OK;
}
