// The index of the WAL (SQLite's `-shm`), shared by the connections of this process and kept in memory.
//
// In a mapped file of a full volume a store into a page ends the process (SIGBUS): SQLite makes room with one byte for each
// 4096, which is not enough where blocks are smaller, or are written elsewhere each time. Other processes do not have the
// database open: whoever opens an archive holds the lock of its folder.
#include "sealed_file.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct SealedIndex {
    struct SealedIndex *next;
    // The database: by its file where there is one, for a name may come to stand for another.
    sqlite3_vfs *base;
    dev_t device;
    ino_t node;
    char *path;
    int users;
    int shared[SQLITE_SHM_NLOCK];
    int exclusive[SQLITE_SHM_NLOCK];
    int region_count;
    void **regions;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static SealedIndex *indexes;

// What an earlier version of this program has left.
static void remove_old_file(SealedMain *main) {
    sqlite3_vfs *base = main->common.owner->base;
    char *name = sqlite3_mprintf("%s-shm", main->path);
    int exists = 0;
    if (!name) return;
    // Nobody reads it: that it stays is no reason not to open the database.
    if (base->xAccess(base, name, SQLITE_ACCESS_EXISTS, &exists) == SQLITE_OK && exists) base->xDelete(base, name, 0);
    sqlite3_free(name);
}

static SealedIndex *find(sqlite3_vfs *base, const struct stat *file, const char *path) {
    for (SealedIndex *index = indexes; index; index = index->next) {
        if (index->base != base || strcmp(index->path, path) != 0) continue;
        if (index->device == file->st_dev && index->node == file->st_ino) return index;
    }
    return NULL;
}

static SealedIndex *make(sqlite3_vfs *base, const struct stat *file, const char *path) {
    SealedIndex *index = calloc(1, sizeof *index);
    if (!index) return NULL;
    index->path = strdup(path);
    if (!index->path) {
        free(index);
        return NULL;
    }
    index->base = base;
    index->device = file->st_dev;
    index->node = file->st_ino;
    index->next = indexes;
    indexes = index;
    return index;
}

static void destroy(SealedIndex *index) {
    SealedIndex **link = &indexes;
    while (*link != index) link = &(*link)->next;
    *link = index->next;
    for (int region = 0; region < index->region_count; region++) free(index->regions[region]);
    free(index->regions);
    free(index->path);
    free(index);
}

static int attach(SealedMain *main) {
    struct stat file;
    // The file system of a test has no file that the system knows of: its VFS tells it apart.
    if (stat(main->path, &file) != 0) memset(&file, 0, sizeof file);
    sqlite3_vfs *base = main->common.owner->base;
    SealedIndex *index = find(base, &file, main->path);
    if (!index) index = make(base, &file, main->path);
    if (!index) return SQLITE_NOMEM;
    index->users += 1;
    main->index = index;
    return SQLITE_OK;
}

static int grow(SealedIndex *index, int region, int size) {
    if (region >= index->region_count) {
        void **regions = realloc(index->regions, (size_t)(region + 1) * sizeof *regions);
        if (!regions) return SQLITE_NOMEM;
        memset(regions + index->region_count, 0, (size_t)(region + 1 - index->region_count) * sizeof *regions);
        index->regions = regions;
        index->region_count = region + 1;
    }
    if (!index->regions[region]) index->regions[region] = calloc(1, (size_t)size);
    return index->regions[region] ? SQLITE_OK : SQLITE_NOMEM;
}

int sealed_index_map(SealedMain *main, int region, int size, int extend, void volatile **out) {
    // SQLite's limit of pages in a database keeps the number of regions far below that.
    enum { LARGEST_REGION = 1 << 20 };
    *out = NULL;
    if (region < 0 || region > LARGEST_REGION || size <= 0) return SQLITE_IOERR_SHMMAP;
    if (!main->index) remove_old_file(main);
    pthread_mutex_lock(&mutex);
    int code = main->index ? SQLITE_OK : attach(main);
    if (code == SQLITE_OK && extend) code = grow(main->index, region, size);
    // Regions stay where they are until the last connection is gone.
    if (code == SQLITE_OK && region < main->index->region_count) *out = main->index->regions[region];
    pthread_mutex_unlock(&mutex);
    return code;
}

static void release(SealedMain *main, int slot) {
    unsigned bit = 1u << slot;
    if (main->shared_locks & bit) main->index->shared[slot] -= 1;
    if (main->exclusive_locks & bit) main->index->exclusive[slot] = 0;
    main->shared_locks &= ~bit;
    main->exclusive_locks &= ~bit;
}

// Whether another connection stands in the way.
static int is_taken(const SealedMain *main, int slot, int exclusively) {
    unsigned bit = 1u << slot;
    int others_exclusive = main->index->exclusive[slot] && !(main->exclusive_locks & bit);
    int others_shared = main->index->shared[slot] > ((main->shared_locks & bit) ? 1 : 0);
    return others_exclusive || (exclusively && others_shared);
}

static void take(SealedMain *main, int slot, int exclusively) {
    unsigned bit = 1u << slot;
    if (exclusively) {
        main->index->exclusive[slot] = 1;
        main->exclusive_locks |= bit;
    } else if (!(main->shared_locks & bit)) {
        main->index->shared[slot] += 1;
        main->shared_locks |= bit;
    }
}

int sealed_index_lock(SealedMain *main, int offset, int count, int flags) {
    if (!main->index || offset < 0 || count < 1 || offset + count > SQLITE_SHM_NLOCK) return SQLITE_IOERR_SHMLOCK;
    int exclusively = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
    int code = SQLITE_OK;
    pthread_mutex_lock(&mutex);
    for (int slot = offset; slot < offset + count; slot++) {
        if (!(flags & SQLITE_SHM_UNLOCK) && is_taken(main, slot, exclusively)) code = SQLITE_BUSY;
    }
    for (int slot = offset; slot < offset + count && code == SQLITE_OK; slot++) {
        if (flags & SQLITE_SHM_UNLOCK) {
            release(main, slot);
        } else {
            take(main, slot, exclusively);
        }
    }
    pthread_mutex_unlock(&mutex);
    return code;
}

void sealed_index_barrier(void) {
    atomic_thread_fence(memory_order_seq_cst);
    // As SQLite's own does: whoever waits for the mutex sees all that was written before.
    pthread_mutex_lock(&mutex);
    pthread_mutex_unlock(&mutex);
}

void sealed_index_unmap(SealedMain *main) {
    if (!main->index) return;
    pthread_mutex_lock(&mutex);
    for (int slot = 0; slot < SQLITE_SHM_NLOCK; slot++) release(main, slot);
    main->index->users -= 1;
    if (main->index->users == 0) destroy(main->index);
    main->index = NULL;
    pthread_mutex_unlock(&mutex);
}
