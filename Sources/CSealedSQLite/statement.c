#include "CSealedSQLite.h"

#include <sqlite3.h>

int cassette_statement_bind_text(struct sqlite3_stmt *statement, int position, const char *text, int64_t length) {
    return sqlite3_bind_text64(statement, position, text ? text : "", (sqlite3_uint64)length, SQLITE_TRANSIENT,
                               SQLITE_UTF8);
}

int cassette_statement_bind_blob(struct sqlite3_stmt *statement, int position, const void *bytes, int64_t length) {
    if (length == 0) return sqlite3_bind_zeroblob(statement, position, 0);
    return sqlite3_bind_blob64(statement, position, bytes, (sqlite3_uint64)length, SQLITE_TRANSIENT);
}

int cassette_statement_bind_integer(struct sqlite3_stmt *statement, int position, int64_t value) {
    return sqlite3_bind_int64(statement, position, value);
}

int cassette_statement_bind_null(struct sqlite3_stmt *statement, int position) {
    return sqlite3_bind_null(statement, position);
}

int cassette_statement_run(struct sqlite3_stmt *statement, int *has_row) {
    int code = sqlite3_step(statement);
    *has_row = code == SQLITE_ROW;
    // Tells the error of the step once more, if there was one.
    int reset = sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : reset != SQLITE_OK ? reset : code;
}
