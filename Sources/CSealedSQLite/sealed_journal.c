#include "sealed_file.h"

// A rollback journal keeps old pages in clear. The only one that SQLite needs here belongs to the transaction that
// makes page 1 of an empty database: it has a header (28 bytes, then zeros to the end of a sector) and no page.
enum { JOURNAL_FACTS = 28 };

static int close_journal(sqlite3_file *file) { return sealed_close_base((SealedFile *)file); }

static int read_journal(sqlite3_file *file, void *buffer, int amount, sqlite3_int64 offset) {
    sqlite3_file *base = ((SealedFile *)file)->base;
    return base->pMethods->xRead(base, buffer, amount, offset);
}

static int write_journal(sqlite3_file *file, const void *buffer, int amount, sqlite3_int64 offset) {
    sqlite3_file *base = ((SealedFile *)file)->base;
    const unsigned char *bytes = buffer;
    int fits = amount >= 0 && offset >= 0 && offset <= SEALED_JOURNAL_LIMIT - amount;
    for (int index = 0; fits && index < amount; index++) {
        fits = offset + index < JOURNAL_FACTS || bytes[index] == 0;
    }
    if (!fits) {
        sqlite3_log(SQLITE_IOERR_WRITE, "a sealed database keeps no page in a rollback journal");
        return SQLITE_IOERR_WRITE;
    }
    return base->pMethods->xWrite(base, buffer, amount, offset);
}

static int truncate_journal(sqlite3_file *file, sqlite3_int64 size) {
    sqlite3_file *base = ((SealedFile *)file)->base;
    return base->pMethods->xTruncate(base, size);
}

static int size_journal(sqlite3_file *file, sqlite3_int64 *size) {
    return sealed_base_read_size((SealedFile *)file, size);
}

const sqlite3_io_methods sealed_journal_methods = {
    .iVersion = 1,
    .xClose = close_journal,
    .xRead = read_journal,
    .xWrite = write_journal,
    .xTruncate = truncate_journal,
    .xSync = sealed_sync,
    .xFileSize = size_journal,
    .xLock = sealed_lock,
    .xUnlock = sealed_unlock,
    .xCheckReservedLock = sealed_check_reserved_lock,
    .xFileControl = sealed_file_control,
    .xSectorSize = sealed_sector_size,
    .xDeviceCharacteristics = sealed_device_characteristics,
};
