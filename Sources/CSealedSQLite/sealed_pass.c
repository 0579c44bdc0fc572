#include "sealed_file.h"

int sealed_close_base(SealedFile *file) {
    int code = SQLITE_OK;
    if (file->base->pMethods) {
        code = file->base->pMethods->xClose(file->base);
        file->base->pMethods = NULL;
    }
    atomic_fetch_sub(&file->owner->open_files, 1);
    file->file.pMethods = NULL;
    return code;
}

int sealed_sync(sqlite3_file *file, int flags) {
    sqlite3_file *base = ((SealedFile *)file)->base;
    return base->pMethods->xSync(base, flags);
}

int sealed_lock(sqlite3_file *file, int level) {
    sqlite3_file *base = ((SealedFile *)file)->base;
    return base->pMethods->xLock(base, level);
}

int sealed_unlock(sqlite3_file *file, int level) {
    sqlite3_file *base = ((SealedFile *)file)->base;
    return base->pMethods->xUnlock(base, level);
}

int sealed_check_reserved_lock(sqlite3_file *file, int *result) {
    sqlite3_file *base = ((SealedFile *)file)->base;
    return base->pMethods->xCheckReservedLock(base, result);
}

int sealed_sector_size(sqlite3_file *file) {
    sqlite3_file *base = ((SealedFile *)file)->base;
    return base->pMethods->xSectorSize ? base->pMethods->xSectorSize(base) : SEALED_PAGE;
}

int sealed_device_characteristics(sqlite3_file *file) {
    sqlite3_file *base = ((SealedFile *)file)->base;
    int offered = base->pMethods->xDeviceCharacteristics ? base->pMethods->xDeviceCharacteristics(base) : 0;
    // Atomic writes and the like are promises about the offsets below, which are not SQLite's. Power-safe overwrite
    // is stated always: without it SQLite pads the WAL and cuts its writes at sectors, which no sealed unit can follow.
    return (offered & SQLITE_IOCAP_UNDELETABLE_WHEN_OPEN) | SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static int equals(const char *text, const char *other) { return sqlite3_stricmp(text, other) == 0; }

// A mode that would write plain text, or that hides recovery from the VFS, is refused by name before it can try.
static int control_pragma(char **arguments) {
    const char *name = arguments[1], *value = arguments[2];
    if (!name || !value) return SQLITE_NOTFOUND;
    if (equals(name, "journal_mode") && !equals(value, "wal")) {
        arguments[0] = sqlite3_mprintf("a sealed database has no journal mode but WAL");
        return SQLITE_ERROR;
    }
    if (equals(name, "temp_store") && !equals(value, "memory") && !equals(value, "2")) {
        arguments[0] = sqlite3_mprintf("a sealed database keeps temporary data in memory");
        return SQLITE_ERROR;
    }
    if (equals(name, "locking_mode") && !equals(value, "normal")) {
        arguments[0] = sqlite3_mprintf("a sealed database has no locking mode but NORMAL");
        return SQLITE_ERROR;
    }
    return SQLITE_NOTFOUND;
}

int sealed_file_control(sqlite3_file *file, int operation, void *argument) {
    sqlite3_file *base = ((SealedFile *)file)->base;
    switch (operation) {
    case SQLITE_FCNTL_PRAGMA:
        return control_pragma((char **)argument);
    case SQLITE_FCNTL_SIZE_HINT:
    case SQLITE_FCNTL_CHUNK_SIZE:
        // Hints in SQLite's own offsets; room that nothing sealed has filled would only look like damage.
        return SQLITE_OK;
    case SQLITE_FCNTL_MMAP_SIZE:
        *(sqlite3_int64 *)argument = 0;
        return SQLITE_OK;
    case SQLITE_FCNTL_BEGIN_ATOMIC_WRITE:
    case SQLITE_FCNTL_COMMIT_ATOMIC_WRITE:
    case SQLITE_FCNTL_ROLLBACK_ATOMIC_WRITE:
        return SQLITE_NOTFOUND;
    default:
        return base->pMethods->xFileControl(base, operation, argument);
    }
}

int sealed_base_read_size(SealedFile *file, sqlite3_int64 *size) {
    return file->base->pMethods->xFileSize(file->base, size);
}
