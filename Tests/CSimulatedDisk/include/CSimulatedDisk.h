#ifndef CASSETTE_SIMULATED_DISK_H
#define CASSETTE_SIMULATED_DISK_H

#include <stdint.h>

/// What a disk does for an SQLite VFS.
///
/// Each call gets `disk` first. File numbers are the disk's own and may be used by several threads. A result of 0 or
/// more is success; below 0 it is a negated `errno`.
struct simulated_disk_calls {
    void *disk;
    /// Opens a file and returns its number; `create`: 0 an existing one, 1 makes it when it is missing.
    int64_t (*open)(void *disk, const char *path, int create, int *is_new);
    /// Returns how many bytes were read, fewer than asked for only at the end of the file.
    int64_t (*read)(void *disk, int64_t file, void *bytes, int64_t count, int64_t offset);
    int64_t (*write)(void *disk, int64_t file, const void *bytes, int64_t count, int64_t offset);
    int64_t (*truncate)(void *disk, int64_t file, int64_t size);
    int64_t (*sync)(void *disk, int64_t file);
    int64_t (*size)(void *disk, int64_t file);
    int64_t (*unlink)(void *disk, const char *path);
    /// 1 when there is a file that is not empty, as SQLite's own VFS for Unix answers.
    int64_t (*exists)(void *disk, const char *path);
    /// Makes the names of the directory durable that holds `path`.
    int64_t (*sync_directory_of)(void *disk, const char *path);
};

/// Registers a VFS over a disk; locks and shared memory live in this process and end with the last connection.
///
/// `calls` is copied; `calls->disk` must stay until the VFS is unregistered.
int simulated_vfs_register(const char *name, const struct simulated_disk_calls *calls);

/// Removes a VFS whose files are all closed; SQLITE_BUSY while one is open.
int simulated_vfs_unregister(const char *name);

#endif
