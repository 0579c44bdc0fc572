// What the C library offers on Linux and the toolchain's own module of it leaves out.
#pragma once
#include <malloc.h>

// <fcntl.h> declares it for programs in the GNU dialect only.
extern int sync_file_range(int descriptor, long long offset, long long count, unsigned int flags);

/// Starts writing out a range of a file (SYNC_FILE_RANGE_WRITE) and does not wait.
static inline int cassette_start_writeback(int descriptor, long long offset, long long count) {
    return sync_file_range(descriptor, offset, count, 2);
}

// <stdio.h> declares it for programs in the GNU dialect only.
extern int renameat2(int folder, const char *path, int otherFolder, const char *other, unsigned int flags);

/// Exchanges two names at once (AT_FDCWD, RENAME_EXCHANGE).
static inline int cassette_exchange(const char *path, const char *other) {
    return renameat2(-100, path, -100, other, 2);
}
