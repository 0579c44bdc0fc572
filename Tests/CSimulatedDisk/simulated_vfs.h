#ifndef SIMULATED_VFS_H
#define SIMULATED_VFS_H

#include "CSimulatedDisk.h"

#include <pthread.h>
#include <sqlite3.h>

enum { SIMULATED_PATH = 512, SIMULATED_REGIONS = 64 };

/// What all connections to one database file share, as the locks and the mapped `-shm` of a real one.
typedef struct SharedFile {
    char path[SIMULATED_PATH];
    int users;
    int shared_locks;
    int is_reserved, is_pending, is_exclusive;
    int shm_users;
    int shm_shared[SQLITE_SHM_NLOCK];
    int shm_exclusive[SQLITE_SHM_NLOCK];
    void *regions[SIMULATED_REGIONS];
    struct SharedFile *next;
} SharedFile;

typedef struct {
    sqlite3_vfs vfs;
    struct simulated_disk_calls calls;
    char name[65];
    int open_files;
    pthread_mutex_t mutex;
    SharedFile *shared_files;
} SimulatedVFS;

typedef struct {
    sqlite3_file file;
    SimulatedVFS *owner;
    int64_t number;
    char path[SIMULATED_PATH];
    /// The directory is synced with the first sync, as SQLite does for a new log.
    int syncs_directory;
    int level;
    SharedFile *shared;
    int has_shm;
    unsigned shm_shared_mask, shm_exclusive_mask;
} SimulatedFile;

// simulated_locks.c

int simulated_lock(sqlite3_file *file, int level);
int simulated_unlock(sqlite3_file *file, int level);
int simulated_check_reserved_lock(sqlite3_file *file, int *result);
int simulated_shm_map(sqlite3_file *file, int region, int size, int extend, void volatile **out);
int simulated_shm_lock(sqlite3_file *file, int offset, int count, int flags);
void simulated_shm_barrier(sqlite3_file *file);
int simulated_shm_unmap(sqlite3_file *file, int delete);
/// Finds or makes what the connections to this path share; NULL without memory.
SharedFile *simulated_share(SimulatedVFS *vfs, const char *path);
void simulated_unshare(SimulatedFile *file);

#endif
