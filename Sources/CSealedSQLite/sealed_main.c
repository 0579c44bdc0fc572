#include "sealed_file.h"

#include <openssl/crypto.h>
#include <string.h>

enum {
    // SQLite's file format, 1.3: offsets into page 1.
    OFFSET_PAGE_SIZE = 16,
    OFFSET_WRITE_VERSION = 18,
    OFFSET_READ_VERSION = 19,
    OFFSET_RESERVED = 20,
    WAL_VERSION = 2,
    // Before it takes any lock, SQLite looks at this much for a hint of the page size.
    PROBE = 100,
    // sqlite/src/wal.c: WAL_RECOVER_LOCK.
    RECOVER_LOCK = 2,
    ATTEMPTS = 8,
};

int sealed_page_has_layout(const unsigned char *first_page) {
    return sealed_get(first_page + OFFSET_PAGE_SIZE, 2) == SEALED_PAGE && first_page[OFFSET_RESERVED] == SEALED_RESERVE;
}

static int is_in_wal_mode(const unsigned char *first_page) {
    return first_page[OFFSET_WRITE_VERSION] == WAL_VERSION && first_page[OFFSET_READ_VERSION] == WAL_VERSION;
}

static SealedPlace place_of_page(const SealedMain *main, sqlite3_int64 number) {
    SealedPlace place = {.kind = SEALED_KIND_PAGE, .number = (uint64_t)number};
    memcpy(place.file_id, main->header.file_id, SEALED_FILE_ID);
    return place;
}

static sqlite3_int64 offset_of_page(sqlite3_int64 number) { return SEALED_HEADER + (number - 1) * SEALED_PAGE; }

static int close_main(sqlite3_file *file) {
    SealedMain *main = (SealedMain *)file;
    sealed_index_unmap(main);
    sealed_cipher_clear(&main->header_cipher);
    sealed_cipher_clear(&main->page_cipher);
    OPENSSL_cleanse(main->scratch, sizeof main->scratch);
    return sealed_close_base(&main->common);
}

// A page newer than the header we know: another connection began a generation, or an old header was put back.
static int generation_is_known(SealedMain *main, uint64_t generation) {
    if (generation <= main->header.generation) return 1;
    return sealed_header_load(main) == SQLITE_OK && generation <= main->header.generation;
}

static int is_beyond_end(SealedMain *main, sqlite3_int64 offset, int *beyond) {
    sqlite3_int64 size = 0;
    int code = sealed_base_read_size(&main->common, &size);
    *beyond = code == SQLITE_OK && size <= offset;
    return code;
}

// SQLITE_IOERR_SHORT_READ: the page lies beyond the end. SQLITE_IOERR_DATA: it is there and not authentic.
int sealed_main_read_page(SealedMain *main, sqlite3_int64 number, unsigned char *page) {
    sqlite3_file *base = main->common.base;
    unsigned char before[SEALED_OVERHEAD] = {0};
    memset(page, 0, SEALED_PAGE);
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        int code = base->pMethods->xRead(base, main->scratch, SEALED_PAGE, offset_of_page(number));
        if (code == SQLITE_IOERR_SHORT_READ) {
            int beyond = 0;
            code = is_beyond_end(main, offset_of_page(number), &beyond);
            if (code == SQLITE_OK) code = beyond ? SQLITE_IOERR_SHORT_READ : SQLITE_IOERR_DATA;
            return code;
        }
        if (code != SQLITE_OK) return code;
        if (!sealed_cipher_is_ready(&main->page_cipher)) {
            code = sealed_header_load(main);
            if (code != SQLITE_OK) return code == SQLITE_NOTFOUND ? SQLITE_IOERR_DATA : code;
        }
        unsigned char trailer[SEALED_OVERHEAD];
        memcpy(trailer, main->scratch + SEALED_PAGE_PLAIN, SEALED_OVERHEAD);
        SealedPlace place = place_of_page(main, number);
        int authentic = sealed_open(&main->page_cipher, &place, main->scratch, SEALED_PAGE_PLAIN, main->scratch);
        if (authentic && generation_is_known(main, sealed_get(main->scratch + SEALED_USABLE, 4))) {
            memcpy(page, main->scratch, SEALED_USABLE);
            return SQLITE_OK;
        }
        // While it opens, SQLite may read page 1 just as a checkpoint writes it: bytes that stay the same are wrong,
        // bytes that changed deserve another look.
        if (attempt > 0 && memcmp(before, trailer, SEALED_OVERHEAD) == 0) break;
        memcpy(before, trailer, SEALED_OVERHEAD);
    }
    sqlite3_log(SQLITE_IOERR_DATA, "sealed page %lld is not authentic", number);
    return SQLITE_IOERR_DATA;
}

static int read_main(sqlite3_file *file, void *buffer, int amount, sqlite3_int64 offset) {
    SealedMain *main = (SealedMain *)file;
    unsigned char *out = buffer;
    if (amount < 0 || offset < 0) return SQLITE_IOERR_READ;
    if (amount == SEALED_PAGE && offset % SEALED_PAGE == 0) {
        return sealed_main_read_page(main, offset / SEALED_PAGE + 1, out);
    }
    unsigned char page[SEALED_PAGE];
    int code = SQLITE_OK, done = 0;
    memset(out, 0, (size_t)amount);
    while (done < amount && code == SQLITE_OK) {
        sqlite3_int64 at = offset + done;
        int inside = (int)(at % SEALED_PAGE);
        int count = amount - done < SEALED_PAGE - inside ? amount - done : SEALED_PAGE - inside;
        code = sealed_main_read_page(main, at / SEALED_PAGE + 1, page);
        if (code == SQLITE_OK) memcpy(out + done, page + inside, (size_t)count);
        done += count;
    }
    OPENSSL_cleanse(page, sizeof page);
    // The probe is a hint that SQLite reads again under a lock. Failing it would keep a file that a crash tore while
    // it was made from ever reaching the roll back that repairs it; zeros say "nothing known yet".
    if (code == SQLITE_IOERR_DATA && offset == 0 && amount == PROBE) return SQLITE_IOERR_SHORT_READ;
    return code;
}

// What makes a wrong set-up fail loudly: no page is taken unless page 1 keeps its last 32 bytes for us.
static int check_layout(SealedMain *main, sqlite3_int64 number, const unsigned char *page) {
    if (number == 1) {
        if (!sealed_page_has_layout(page) || !is_in_wal_mode(page)) {
            sqlite3_log(SQLITE_IOERR_WRITE, "a sealed database needs 4096-byte pages, 32 reserved bytes and WAL mode");
            return SQLITE_IOERR_WRITE;
        }
        main->layout_known = 1;
        return SQLITE_OK;
    }
    if (main->layout_known) return SQLITE_OK;
    unsigned char first[SEALED_PAGE];
    int code = sealed_main_read_page(main, 1, first);
    if (code != SQLITE_OK) return code == SQLITE_IOERR_SHORT_READ ? SQLITE_IOERR_WRITE : code;
    main->layout_known = sealed_page_has_layout(first);
    return main->layout_known ? SQLITE_OK : SQLITE_IOERR_WRITE;
}

static int write_main(sqlite3_file *file, const void *buffer, int amount, sqlite3_int64 offset) {
    SealedMain *main = (SealedMain *)file;
    if (amount != SEALED_PAGE || offset < 0 || offset % SEALED_PAGE != 0) {
        sqlite3_log(SQLITE_IOERR_WRITE, "a sealed database takes whole pages of 4096 bytes only");
        return SQLITE_IOERR_WRITE;
    }
    sqlite3_int64 number = offset / SEALED_PAGE + 1;
    int code = check_layout(main, number, buffer);
    if (code == SQLITE_OK) code = sealed_header_begin_generation(main);
    if (code != SQLITE_OK) return code;
    if (main->header.page_seals + main->new_page_seals >= SEALED_BUDGET) return SQLITE_FULL;
    main->new_page_seals += 1;
    memcpy(main->scratch, buffer, SEALED_USABLE);
    sealed_put(main->scratch + SEALED_USABLE, 4, main->header.generation);
    SealedPlace place = place_of_page(main, number);
    if (!sealed_seal(&main->page_cipher, &place, main->scratch, SEALED_PAGE_PLAIN, main->scratch)) {
        OPENSSL_cleanse(main->scratch, sizeof main->scratch);
        return SQLITE_IOERR_WRITE;
    }
    sqlite3_file *base = main->common.base;
    return base->pMethods->xWrite(base, main->scratch, SEALED_PAGE, offset_of_page(number));
}

static int truncate_main(sqlite3_file *file, sqlite3_int64 size) {
    SealedMain *main = (SealedMain *)file;
    sqlite3_int64 present = 0;
    if (size < 0 || size % SEALED_PAGE != 0) return SQLITE_IOERR_TRUNCATE;
    int code = sealed_base_read_size(&main->common, &present);
    if (code != SQLITE_OK || present <= SEALED_HEADER + size) return code;
    return main->common.base->pMethods->xTruncate(main->common.base, SEALED_HEADER + size);
}

static int sync_main(sqlite3_file *file, int flags) {
    // Pages after this sync belong to the next generation.
    ((SealedMain *)file)->writing = 0;
    return sealed_sync(file, flags);
}

static int size_main(sqlite3_file *file, sqlite3_int64 *size) {
    sqlite3_int64 present = 0;
    int code = sealed_base_read_size((SealedFile *)file, &present);
    *size = present > SEALED_HEADER ? present - SEALED_HEADER : 0;
    if (code != SQLITE_OK || present == 0 || *size > 0) return code;
    // No page: a file that is just being made, or one that was cut. The second generation begins after page 1 is there.
    code = sealed_header_load((SealedMain *)file);
    if (code == SQLITE_OK && ((SealedMain *)file)->header.generation > 1) code = SQLITE_NOTADB;
    return code == SQLITE_NOTFOUND ? SQLITE_OK : code;
}

int sealed_main_is_new(SealedMain *main, int *is_new) {
    sqlite3_int64 size = 0;
    *is_new = 0;
    int code = size_main((sqlite3_file *)main, &size);
    if (code != SQLITE_OK) return code;
    if (size == 0) {
        *is_new = 1;
        return SQLITE_OK;
    }
    // Only the transaction that makes page 1 runs under generation 1; the first checkpoint begins the second.
    code = sealed_header_load(main);
    *is_new = code == SQLITE_OK && main->header.generation <= 1 && size <= SEALED_PAGE;
    return code;
}

static int map_shared_memory(sqlite3_file *file, int region, int size, int extend, void volatile **out) {
    return sealed_index_map((SealedMain *)file, region, size, extend, out);
}

static int lock_shared_memory(sqlite3_file *file, int offset, int count, int flags) {
    SealedMain *main = (SealedMain *)file;
    int code = sealed_index_lock(main, offset, count, flags);
    int covers_recovery = offset <= RECOVER_LOCK && RECOVER_LOCK < offset + count;
    if (code == SQLITE_OK && covers_recovery) {
        main->recovering = (flags & (SQLITE_SHM_LOCK | SQLITE_SHM_EXCLUSIVE)) == (SQLITE_SHM_LOCK | SQLITE_SHM_EXCLUSIVE);
    }
    return code;
}

static void fence_shared_memory(sqlite3_file *file) {
    (void)file;
    sealed_index_barrier();
}

static int unmap_shared_memory(sqlite3_file *file, int delete) {
    // There is no file that could be deleted.
    (void)delete;
    ((SealedMain *)file)->recovering = 0;
    sealed_index_unmap((SealedMain *)file);
    return SQLITE_OK;
}

// Version 2: no xFetch, hence no memory mapping of sealed pages.
const sqlite3_io_methods sealed_main_methods = {
    .iVersion = 2,
    .xClose = close_main,
    .xRead = read_main,
    .xWrite = write_main,
    .xTruncate = truncate_main,
    .xSync = sync_main,
    .xFileSize = size_main,
    .xLock = sealed_lock,
    .xUnlock = sealed_unlock,
    .xCheckReservedLock = sealed_check_reserved_lock,
    .xFileControl = sealed_file_control,
    .xSectorSize = sealed_sector_size,
    .xDeviceCharacteristics = sealed_device_characteristics,
    .xShmMap = map_shared_memory,
    .xShmLock = lock_shared_memory,
    .xShmBarrier = fence_shared_memory,
    .xShmUnmap = unmap_shared_memory,
};
