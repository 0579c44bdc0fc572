#ifndef SEALED_FILE_H
#define SEALED_FILE_H

#include <sqlite3.h>
#include <stdatomic.h>

#include "sealed_cipher.h"

enum {
    SEALED_PAGE = 4096,
    SEALED_RESERVE = 32,
    // Bytes of a page that SQLite uses, and the generation sealed after them; 28 more for nonce and tag fill the page.
    SEALED_USABLE = SEALED_PAGE - SEALED_RESERVE,
    SEALED_PAGE_PLAIN = SEALED_USABLE + 4,
    // Two slots of one page each before page 1.
    SEALED_HEADER = 2 * SEALED_PAGE,
    SEALED_JOURNAL_LIMIT = 4096,
};

// NIST SP 800-38D 8.3: at most 2^32 random nonces under one key.
#define SEALED_BUDGET (UINT64_C(1) << 32)

typedef struct {
    sqlite3_vfs vfs;
    sqlite3_vfs *base;
    atomic_int open_files;
    unsigned char key[SEALED_KEY];
    char name[65];
} SealedVFS;

/// What every file of ours begins with; `file` is first so that SQLite's pointer is ours.
typedef struct {
    sqlite3_file file;
    SealedVFS *owner;
    sqlite3_file *base;
} SealedFile;

typedef struct {
    unsigned char file_id[SEALED_FILE_ID];
    uint64_t generation;
    uint64_t page_seals;
    uint64_t wal_seals;
} SealedHeader;

/// The index of a WAL, shared by all connections to one database.
typedef struct SealedIndex SealedIndex;

typedef struct {
    SealedFile common;
    // SQLite's, valid until the file is closed.
    const char *path;
    // NULL while nothing is mapped; with the locks in it that are this connection's, a bit for each.
    SealedIndex *index;
    unsigned shared_locks;
    unsigned exclusive_locks;
    SealedHeader header;
    SealedCipher header_cipher;
    SealedCipher page_cipher;
    // The header on the disk holds `header.generation`, and pages may be written under it until the next sync.
    int writing;
    int header_sync_failed;
    // Page 1 was seen to have the page size and reserved bytes that sealing needs.
    int layout_known;
    // This connection holds the WAL's recovery lock.
    int recovering;
    int last_generation_charged;
    // Not yet added to the header on the disk.
    uint64_t new_page_seals;
    uint64_t new_wal_seals;
    unsigned char scratch[SEALED_PAGE];
} SealedMain;

typedef struct {
    SealedFile common;
    SealedMain *main;
    SealedCipher cipher;
    // The frame whose header was written last, and the page number in it.
    uint64_t last_frame;
    uint32_t last_page_number;
    unsigned char scratch[SEALED_PAGE + SEALED_OVERHEAD];
} SealedWAL;

extern const sqlite3_io_methods sealed_main_methods;
extern const sqlite3_io_methods sealed_wal_methods;
extern const sqlite3_io_methods sealed_journal_methods;

// sealed_header.c: the two slots at the start of the main file.

/// Reads the newer authentic slot; SQLITE_NOTFOUND if the file holds no pages and no slot yet.
int sealed_header_load(SealedMain *main);
/// Makes a generation durable before the first page of it is written.
int sealed_header_begin_generation(SealedMain *main);

// sealed_main.c

int sealed_main_read_page(SealedMain *main, sqlite3_int64 number, unsigned char *page);
int sealed_page_has_layout(const unsigned char *first_page);
/// Whether the file is still being made, so that a rollback journal without page images is in order.
int sealed_main_is_new(SealedMain *main, int *is_new);

// sealed_index.c: the shared index of the WAL, in memory.

int sealed_index_map(SealedMain *main, int region, int size, int extend, void volatile **out);
int sealed_index_lock(SealedMain *main, int offset, int count, int flags);
void sealed_index_barrier(void);
void sealed_index_unmap(SealedMain *main);

// sealed_pass.c: methods that only hand on to the base file.

int sealed_close_base(SealedFile *file);
int sealed_sync(sqlite3_file *file, int flags);
int sealed_lock(sqlite3_file *file, int level);
int sealed_unlock(sqlite3_file *file, int level);
int sealed_check_reserved_lock(sqlite3_file *file, int *result);
int sealed_sector_size(sqlite3_file *file);
int sealed_device_characteristics(sqlite3_file *file);
int sealed_file_control(sqlite3_file *file, int operation, void *argument);
int sealed_base_read_size(SealedFile *file, sqlite3_int64 *size);

#endif
