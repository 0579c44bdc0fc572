#include "simulated_vfs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

// The codes that SQLite's own VFS for Unix gives.
static int failure(int64_t result, int code) { return result == -ENOSPC ? SQLITE_FULL : code; }

static SimulatedVFS *vfs_of(sqlite3_vfs *vfs) { return (SimulatedVFS *)vfs; }

static int close_file(sqlite3_file *base) {
    SimulatedFile *file = (SimulatedFile *)base;
    simulated_unshare(file);
    pthread_mutex_lock(&file->owner->mutex);
    file->owner->open_files -= 1;
    pthread_mutex_unlock(&file->owner->mutex);
    file->file.pMethods = NULL;
    return SQLITE_OK;
}

static int read_file(sqlite3_file *base, void *buffer, int count, sqlite3_int64 offset) {
    SimulatedFile *file = (SimulatedFile *)base;
    const struct simulated_disk_calls *calls = &file->owner->calls;
    int64_t got = calls->read(calls->disk, file->number, buffer, count, offset);
    if (got < 0) return SQLITE_IOERR_READ;
    if (got == count) return SQLITE_OK;
    memset((unsigned char *)buffer + got, 0, (size_t)(count - got));
    return SQLITE_IOERR_SHORT_READ;
}

static int write_file(sqlite3_file *base, const void *buffer, int count, sqlite3_int64 offset) {
    SimulatedFile *file = (SimulatedFile *)base;
    const struct simulated_disk_calls *calls = &file->owner->calls;
    int64_t result = calls->write(calls->disk, file->number, buffer, count, offset);
    return result < 0 ? failure(result, SQLITE_IOERR_WRITE) : SQLITE_OK;
}

static int truncate_file(sqlite3_file *base, sqlite3_int64 size) {
    SimulatedFile *file = (SimulatedFile *)base;
    const struct simulated_disk_calls *calls = &file->owner->calls;
    return calls->truncate(calls->disk, file->number, size) < 0 ? SQLITE_IOERR_TRUNCATE : SQLITE_OK;
}

static int sync_file(sqlite3_file *base, int flags) {
    SimulatedFile *file = (SimulatedFile *)base;
    const struct simulated_disk_calls *calls = &file->owner->calls;
    (void)flags;
    if (calls->sync(calls->disk, file->number) < 0) return SQLITE_IOERR_FSYNC;
    if (!file->syncs_directory) return SQLITE_OK;
    file->syncs_directory = 0;
    // SQLite's VFS for Unix leaves the result of this one aside, too.
    (void)calls->sync_directory_of(calls->disk, file->path);
    return SQLITE_OK;
}

static int size_file(sqlite3_file *base, sqlite3_int64 *size) {
    SimulatedFile *file = (SimulatedFile *)base;
    const struct simulated_disk_calls *calls = &file->owner->calls;
    int64_t result = calls->size(calls->disk, file->number);
    if (result < 0) return SQLITE_IOERR_FSTAT;
    *size = result;
    return SQLITE_OK;
}

static int control_file(sqlite3_file *base, int operation, void *argument) {
    (void)base, (void)operation, (void)argument;
    return SQLITE_NOTFOUND;
}

static int sector_size(sqlite3_file *base) {
    (void)base;
    return 4096;
}

static int device_characteristics(sqlite3_file *base) {
    (void)base;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

// Version 2: shared memory, no memory mapping.
static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = close_file,
    .xRead = read_file,
    .xWrite = write_file,
    .xTruncate = truncate_file,
    .xSync = sync_file,
    .xFileSize = size_file,
    .xLock = simulated_lock,
    .xUnlock = simulated_unlock,
    .xCheckReservedLock = simulated_check_reserved_lock,
    .xFileControl = control_file,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = device_characteristics,
    .xShmMap = simulated_shm_map,
    .xShmLock = simulated_shm_lock,
    .xShmBarrier = simulated_shm_barrier,
    .xShmUnmap = simulated_shm_unmap,
};

static int open_file(sqlite3_vfs *vfs, const char *path, sqlite3_file *base, int flags, int *out_flags) {
    SimulatedVFS *owner = vfs_of(vfs);
    SimulatedFile *file = (SimulatedFile *)base;
    memset(file, 0, sizeof *file);
    if (!path || strlen(path) >= SIMULATED_PATH) return SQLITE_CANTOPEN;
    int is_new = 0;
    int creates = (flags & SQLITE_OPEN_CREATE) != 0;
    file->number = owner->calls.open(owner->calls.disk, path, creates, &is_new);
    if (file->number < 0) return SQLITE_CANTOPEN;
    file->owner = owner;
    strcpy(file->path, path);
    file->syncs_directory = creates && (flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL)) != 0;
    if (flags & SQLITE_OPEN_MAIN_DB) {
        file->shared = simulated_share(owner, path);
        if (!file->shared) return SQLITE_NOMEM;
    }
    pthread_mutex_lock(&owner->mutex);
    owner->open_files += 1;
    pthread_mutex_unlock(&owner->mutex);
    if (out_flags) *out_flags = flags;
    file->file.pMethods = &methods;
    return SQLITE_OK;
}

static int delete_file(sqlite3_vfs *vfs, const char *path, int sync) {
    const struct simulated_disk_calls *calls = &vfs_of(vfs)->calls;
    int64_t result = calls->unlink(calls->disk, path);
    if (result < 0) return result == -ENOENT ? SQLITE_IOERR_DELETE_NOENT : SQLITE_IOERR_DELETE;
    if (sync && calls->sync_directory_of(calls->disk, path) < 0) return SQLITE_IOERR_DIR_FSYNC;
    return SQLITE_OK;
}

static int access_file(sqlite3_vfs *vfs, const char *path, int flags, int *result) {
    const struct simulated_disk_calls *calls = &vfs_of(vfs)->calls;
    (void)flags;
    *result = calls->exists(calls->disk, path) > 0;
    return SQLITE_OK;
}

static int full_path(sqlite3_vfs *vfs, const char *path, int count, char *out) {
    (void)vfs;
    if ((int)strlen(path) >= count) return SQLITE_CANTOPEN;
    strcpy(out, path);
    return SQLITE_OK;
}

static sqlite3_vfs *system_vfs(void) { return sqlite3_vfs_find(NULL); }

static int randomness(sqlite3_vfs *vfs, int count, char *out) {
    (void)vfs;
    return system_vfs()->xRandomness(system_vfs(), count, out);
}

static int sleep_for(sqlite3_vfs *vfs, int microseconds) {
    (void)vfs;
    return system_vfs()->xSleep(system_vfs(), microseconds);
}

static int current_time(sqlite3_vfs *vfs, double *out) {
    (void)vfs;
    return system_vfs()->xCurrentTime(system_vfs(), out);
}

static int current_time_int64(sqlite3_vfs *vfs, sqlite3_int64 *out) {
    (void)vfs;
    return system_vfs()->xCurrentTimeInt64(system_vfs(), out);
}

static int last_error(sqlite3_vfs *vfs, int count, char *out) {
    (void)vfs, (void)count, (void)out;
    return 0;
}

int simulated_vfs_register(const char *name, const struct simulated_disk_calls *calls) {
    int code = sqlite3_initialize();
    if (code != SQLITE_OK) return code;
    SimulatedVFS *simulated = calloc(1, sizeof *simulated);
    if (!simulated || strlen(name) >= sizeof simulated->name) {
        free(simulated);
        return SQLITE_NOMEM;
    }
    strcpy(simulated->name, name);
    simulated->calls = *calls;
    pthread_mutex_init(&simulated->mutex, NULL);
    simulated->vfs = (sqlite3_vfs){
        .iVersion = 2,
        .szOsFile = (int)sizeof(SimulatedFile),
        .mxPathname = SIMULATED_PATH,
        .zName = simulated->name,
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
    code = sqlite3_vfs_register(&simulated->vfs, 0);
    if (code != SQLITE_OK) free(simulated);
    return code;
}

int simulated_vfs_unregister(const char *name) {
    sqlite3_vfs *found = sqlite3_vfs_find(name);
    if (!found || found->xOpen != open_file) return SQLITE_NOTFOUND;
    SimulatedVFS *simulated = vfs_of(found);
    pthread_mutex_lock(&simulated->mutex);
    int is_busy = simulated->open_files > 0;
    pthread_mutex_unlock(&simulated->mutex);
    if (is_busy) return SQLITE_BUSY;
    int code = sqlite3_vfs_unregister(found);
    if (code != SQLITE_OK) return code;
    pthread_mutex_destroy(&simulated->mutex);
    free(simulated);
    return SQLITE_OK;
}
