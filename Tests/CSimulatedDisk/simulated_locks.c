#include "simulated_vfs.h"

#include <stdlib.h>
#include <string.h>

SharedFile *simulated_share(SimulatedVFS *vfs, const char *path) {
    pthread_mutex_lock(&vfs->mutex);
    SharedFile *found = vfs->shared_files;
    while (found && strcmp(found->path, path) != 0) found = found->next;
    if (!found) {
        found = calloc(1, sizeof *found);
        if (found) {
            strcpy(found->path, path);
            found->next = vfs->shared_files;
            vfs->shared_files = found;
        }
    }
    if (found) found->users += 1;
    pthread_mutex_unlock(&vfs->mutex);
    return found;
}

void simulated_unshare(SimulatedFile *file) {
    SimulatedVFS *vfs = file->owner;
    SharedFile *shared = file->shared;
    if (!shared) return;
    simulated_unlock(&file->file, SQLITE_LOCK_NONE);
    if (file->has_shm) simulated_shm_unmap(&file->file, 0);
    pthread_mutex_lock(&vfs->mutex);
    shared->users -= 1;
    if (shared->users == 0) {
        SharedFile **link = &vfs->shared_files;
        while (*link != shared) link = &(*link)->next;
        *link = shared->next;
        for (int index = 0; index < SIMULATED_REGIONS; index++) free(shared->regions[index]);
        free(shared);
    }
    file->shared = NULL;
    pthread_mutex_unlock(&vfs->mutex);
}

int simulated_lock(sqlite3_file *base, int level) {
    SimulatedFile *file = (SimulatedFile *)base;
    SharedFile *shared = file->shared;
    if (!shared || file->level >= level) return SQLITE_OK;
    int code = SQLITE_OK;
    pthread_mutex_lock(&file->owner->mutex);
    if (level == SQLITE_LOCK_SHARED) {
        if (shared->is_pending || shared->is_exclusive) code = SQLITE_BUSY;
        else shared->shared_locks += 1;
    } else if (level == SQLITE_LOCK_RESERVED) {
        if (shared->is_reserved) code = SQLITE_BUSY;
        else shared->is_reserved = 1;
    } else {
        int others_hold = file->level < SQLITE_LOCK_RESERVED && shared->is_reserved;
        if (others_hold || (file->level < SQLITE_LOCK_PENDING && shared->is_pending)) {
            code = SQLITE_BUSY;
        } else {
            // As on Unix: who waits for the readers to go keeps new ones out.
            shared->is_pending = 1;
            shared->is_reserved = 1;
            file->level = SQLITE_LOCK_PENDING;
            if (shared->shared_locks > 1) code = SQLITE_BUSY;
            else shared->is_exclusive = 1;
        }
    }
    if (code == SQLITE_OK) file->level = level;
    pthread_mutex_unlock(&file->owner->mutex);
    return code;
}

int simulated_unlock(sqlite3_file *base, int level) {
    SimulatedFile *file = (SimulatedFile *)base;
    SharedFile *shared = file->shared;
    if (!shared || file->level <= level) return SQLITE_OK;
    pthread_mutex_lock(&file->owner->mutex);
    if (file->level >= SQLITE_LOCK_RESERVED) shared->is_reserved = 0;
    if (file->level >= SQLITE_LOCK_PENDING) shared->is_pending = 0;
    if (file->level == SQLITE_LOCK_EXCLUSIVE) shared->is_exclusive = 0;
    if (level == SQLITE_LOCK_NONE) shared->shared_locks -= 1;
    file->level = level;
    pthread_mutex_unlock(&file->owner->mutex);
    return SQLITE_OK;
}

int simulated_check_reserved_lock(sqlite3_file *base, int *result) {
    SimulatedFile *file = (SimulatedFile *)base;
    *result = 0;
    if (!file->shared) return SQLITE_OK;
    pthread_mutex_lock(&file->owner->mutex);
    *result = file->shared->is_reserved;
    pthread_mutex_unlock(&file->owner->mutex);
    return SQLITE_OK;
}

int simulated_shm_map(sqlite3_file *base, int region, int size, int extend, void volatile **out) {
    SimulatedFile *file = (SimulatedFile *)base;
    SharedFile *shared = file->shared;
    *out = NULL;
    if (!shared || region < 0 || region >= SIMULATED_REGIONS) return SQLITE_IOERR_SHMMAP;
    int code = SQLITE_OK;
    pthread_mutex_lock(&file->owner->mutex);
    if (!file->has_shm) {
        file->has_shm = 1;
        shared->shm_users += 1;
    }
    if (!shared->regions[region] && extend) {
        shared->regions[region] = calloc(1, (size_t)size);
        if (!shared->regions[region]) code = SQLITE_NOMEM;
    }
    *out = shared->regions[region];
    pthread_mutex_unlock(&file->owner->mutex);
    return code;
}

static void release(SimulatedFile *file, int slot) {
    unsigned bit = 1u << slot;
    if (file->shm_shared_mask & bit) file->shared->shm_shared[slot] -= 1;
    if (file->shm_exclusive_mask & bit) file->shared->shm_exclusive[slot] = 0;
    file->shm_shared_mask &= ~bit;
    file->shm_exclusive_mask &= ~bit;
}

// Whether another connection stands in the way.
static int is_taken(const SimulatedFile *file, int slot, int exclusively) {
    unsigned bit = 1u << slot;
    int others_exclusive = file->shared->shm_exclusive[slot] && !(file->shm_exclusive_mask & bit);
    int others_shared = file->shared->shm_shared[slot] > ((file->shm_shared_mask & bit) ? 1 : 0);
    return others_exclusive || (exclusively && others_shared);
}

int simulated_shm_lock(sqlite3_file *base, int offset, int count, int flags) {
    SimulatedFile *file = (SimulatedFile *)base;
    SharedFile *shared = file->shared;
    if (!shared || offset < 0 || count < 1 || offset + count > SQLITE_SHM_NLOCK) return SQLITE_IOERR_SHMLOCK;
    int code = SQLITE_OK;
    pthread_mutex_lock(&file->owner->mutex);
    for (int slot = offset; slot < offset + count && !(flags & SQLITE_SHM_UNLOCK); slot++) {
        if (is_taken(file, slot, flags & SQLITE_SHM_EXCLUSIVE)) code = SQLITE_BUSY;
    }
    for (int slot = offset; slot < offset + count && code == SQLITE_OK; slot++) {
        unsigned bit = 1u << slot;
        if (flags & SQLITE_SHM_UNLOCK) {
            release(file, slot);
        } else if (flags & SQLITE_SHM_EXCLUSIVE) {
            shared->shm_exclusive[slot] = 1;
            file->shm_exclusive_mask |= bit;
        } else if (!(file->shm_shared_mask & bit)) {
            shared->shm_shared[slot] += 1;
            file->shm_shared_mask |= bit;
        }
    }
    pthread_mutex_unlock(&file->owner->mutex);
    return code;
}

void simulated_shm_barrier(sqlite3_file *base) {
    SimulatedFile *file = (SimulatedFile *)base;
    pthread_mutex_lock(&file->owner->mutex);
    pthread_mutex_unlock(&file->owner->mutex);
}

int simulated_shm_unmap(sqlite3_file *base, int delete) {
    SimulatedFile *file = (SimulatedFile *)base;
    SharedFile *shared = file->shared;
    (void)delete;
    if (!shared || !file->has_shm) return SQLITE_OK;
    pthread_mutex_lock(&file->owner->mutex);
    for (int slot = 0; slot < SQLITE_SHM_NLOCK; slot++) release(file, slot);
    file->has_shm = 0;
    shared->shm_users -= 1;
    if (shared->shm_users == 0) {
        // The first connection of a new process finds none, or empties what it finds.
        for (int index = 0; index < SIMULATED_REGIONS; index++) {
            free(shared->regions[index]);
            shared->regions[index] = NULL;
        }
    }
    pthread_mutex_unlock(&file->owner->mutex);
    return SQLITE_OK;
}
