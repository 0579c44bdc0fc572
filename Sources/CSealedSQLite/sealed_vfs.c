#include "CSealedSQLite.h"
#include "sealed_file.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_NAME = 64 };

// The base file follows the largest of ours, in the room that SQLite gives for one file.
typedef union {
    SealedMain main;
    SealedWAL wal;
    SealedFile journal;
} AnyFile;

static sqlite3_vfs *base_of(sqlite3_vfs *vfs) { return ((SealedVFS *)vfs)->base; }

static int open_main(SealedMain *main, const char *path) {
    main->path = path;
    int code = sealed_header_load(main);
    return code == SQLITE_NOTFOUND ? SQLITE_OK : code;
}

// The database file whose WAL or journal is opened; NULL if another VFS lies over ours, so that its file is not ours.
static SealedMain *main_beside(const SealedFile *file, const char *path) {
    sqlite3_file *main = sqlite3_database_file_object(path);
    if (!main || main->pMethods != &sealed_main_methods) return NULL;
    return ((SealedMain *)main)->common.owner == file->owner ? (SealedMain *)main : NULL;
}

static int open_wal(SealedWAL *wal, const char *path) {
    wal->main = main_beside(&wal->common, path);
    return wal->main ? SQLITE_OK : SQLITE_CANTOPEN;
}

static int open_journal(SealedFile *journal, const char *path) {
    SealedMain *main = main_beside(journal, path);
    if (!main) return SQLITE_CANTOPEN;
    int is_new = 0;
    int code = sealed_main_is_new(main, &is_new);
    sqlite3_int64 size = 0;
    if (code == SQLITE_OK) code = sealed_base_read_size(journal, &size);
    if (code != SQLITE_OK) return code;
    if (is_new && size <= SEALED_JOURNAL_LIMIT) return SQLITE_OK;
    sqlite3_log(SQLITE_CANTOPEN, "a sealed database has no rollback journal");
    return SQLITE_CANTOPEN;
}

static int open_by_kind(sqlite3_file *file, const char *path, int flags) {
    if (flags & SQLITE_OPEN_MAIN_DB) {
        file->pMethods = &sealed_main_methods;
        return open_main((SealedMain *)file, path);
    }
    if (flags & SQLITE_OPEN_WAL) {
        file->pMethods = &sealed_wal_methods;
        return open_wal((SealedWAL *)file, path);
    }
    file->pMethods = &sealed_journal_methods;
    return open_journal((SealedFile *)file, path);
}

static int open_file(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *out_flags) {
    SealedVFS *owner = (SealedVFS *)vfs;
    memset(file, 0, sizeof(AnyFile));
    // Temporary databases, their journals, statement journals and super-journals would all be plain.
    int sealed_kinds = SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL;
    if (!path || !(flags & sealed_kinds)) {
        sqlite3_log(SQLITE_CANTOPEN, "a sealed database writes no temporary file and no super-journal");
        return SQLITE_CANTOPEN;
    }
    SealedFile *ours = (SealedFile *)file;
    ours->owner = owner;
    ours->base = (sqlite3_file *)((unsigned char *)file + sizeof(AnyFile));
    memset(ours->base, 0, (size_t)owner->base->szOsFile);
    int code = owner->base->xOpen(owner->base, path, ours->base, flags, out_flags);
    if (code != SQLITE_OK) {
        // A base that failed after it set its methods expects to be closed.
        if (ours->base->pMethods) ours->base->pMethods->xClose(ours->base);
        return code;
    }
    atomic_fetch_add(&owner->open_files, 1);
    code = open_by_kind(file, path, flags);
    if (code != SQLITE_OK) {
        // Closed here, as SQLite closes a failed file only if it finds methods.
        file->pMethods->xClose(file);
        file->pMethods = NULL;
    }
    return code;
}

static int delete_file(sqlite3_vfs *vfs, const char *path, int sync) {
    return base_of(vfs)->xDelete(base_of(vfs), path, sync);
}

static int access_file(sqlite3_vfs *vfs, const char *path, int flags, int *result) {
    return base_of(vfs)->xAccess(base_of(vfs), path, flags, result);
}

static int full_path(sqlite3_vfs *vfs, const char *path, int count, char *out) {
    return base_of(vfs)->xFullPathname(base_of(vfs), path, count, out);
}

static int randomness(sqlite3_vfs *vfs, int count, char *out) {
    return base_of(vfs)->xRandomness(base_of(vfs), count, out);
}

static int sleep_for(sqlite3_vfs *vfs, int microseconds) { return base_of(vfs)->xSleep(base_of(vfs), microseconds); }

static int current_time(sqlite3_vfs *vfs, double *out) { return base_of(vfs)->xCurrentTime(base_of(vfs), out); }

static int last_error(sqlite3_vfs *vfs, int count, char *out) {
    return base_of(vfs)->xGetLastError ? base_of(vfs)->xGetLastError(base_of(vfs), count, out) : 0;
}

static int current_time_int64(sqlite3_vfs *vfs, sqlite3_int64 *out) {
    return base_of(vfs)->xCurrentTimeInt64(base_of(vfs), out);
}

static int is_good_name(const char *name) {
    size_t count = name ? strlen(name) : 0;
    if (count == 0 || count > LONGEST_NAME) return 0;
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    return strspn(name, allowed) == count;
}

int cassette_sealed_vfs_register(const char *vfs_name, const unsigned char *key32, const char *base_vfs_name) {
    int code = sqlite3_initialize();
    if (code != SQLITE_OK) return code;
    sqlite3_vfs *base = sqlite3_vfs_find(base_vfs_name);
    if (!is_good_name(vfs_name) || !key32 || !base || sqlite3_vfs_find(vfs_name)) return SQLITE_MISUSE;
    SealedVFS *sealed = calloc(1, sizeof *sealed);
    if (!sealed) return SQLITE_NOMEM;
    sealed->base = base;
    memcpy(sealed->key, key32, SEALED_KEY);
    memcpy(sealed->name, vfs_name, strlen(vfs_name));
    // No loading of extensions through this VFS: its members for that stay NULL, which SQLite takes as "cannot".
    sealed->vfs = (sqlite3_vfs){
        .iVersion = base->iVersion >= 2 && base->xCurrentTimeInt64 ? 2 : 1,
        .szOsFile = (int)sizeof(AnyFile) + base->szOsFile,
        .mxPathname = base->mxPathname,
        .zName = sealed->name,
        .xOpen = open_file,
        .xDelete = delete_file,
        .xAccess = access_file,
        .xFullPathname = full_path,
        .xRandomness = randomness,
        .xSleep = sleep_for,
        .xCurrentTime = current_time,
        .xGetLastError = last_error,
        .xCurrentTimeInt64 = current_time_int64,
    };
    code = sqlite3_vfs_register(&sealed->vfs, 0);
    if (code != SQLITE_OK) {
        OPENSSL_cleanse(sealed, sizeof *sealed);
        free(sealed);
    }
    return code;
}

int cassette_sealed_vfs_unregister(const char *vfs_name) {
    sqlite3_vfs *found = vfs_name ? sqlite3_vfs_find(vfs_name) : NULL;
    if (!found || found->xOpen != open_file) return SQLITE_NOTFOUND;
    SealedVFS *sealed = (SealedVFS *)found;
    if (atomic_load(&sealed->open_files) != 0) return SQLITE_BUSY;
    int code = sqlite3_vfs_unregister(found);
    if (code != SQLITE_OK) return code;
    OPENSSL_cleanse(sealed, sizeof *sealed);
    free(sealed);
    return SQLITE_OK;
}
