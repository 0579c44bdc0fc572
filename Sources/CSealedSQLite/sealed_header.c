#include "sealed_file.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <string.h>

// The slot's bytes: file id in clear (it is random), then one sealed unit.
enum {
    SLOT_PLAIN = SEALED_PAGE - SEALED_FILE_ID - SEALED_OVERHEAD,
    FORMAT = 0,
    PAGE_SIZE = 4,
    GENERATION = 8,
    PAGE_SEALS = 16,
    WAL_SEALS = 24,
    FORMAT_VERSION = 1,
};

static SealedPlace place_of_slot(const unsigned char *file_id, uint64_t slot) {
    SealedPlace place = {.kind = SEALED_KIND_HEADER, .number = slot};
    memcpy(place.file_id, file_id, SEALED_FILE_ID);
    return place;
}

static int derive_for(SealedMain *main, const unsigned char *file_id) {
    if (sealed_cipher_is_ready(&main->header_cipher) && memcmp(main->header.file_id, file_id, SEALED_FILE_ID) == 0) {
        return 1;
    }
    const unsigned char *key = main->common.owner->key;
    memcpy(main->header.file_id, file_id, SEALED_FILE_ID);
    return sealed_cipher_derive(&main->header_cipher, key, file_id, "cassette sealed sqlite 1 header")
        && sealed_cipher_derive(&main->page_cipher, key, file_id, "cassette sealed sqlite 1 page");
}

// SQLITE_OK with `found` 0 means that the slot is not authentic under our key.
static int read_slot(SealedMain *main, uint64_t slot, SealedHeader *header, int *found) {
    unsigned char bytes[SEALED_PAGE];
    sqlite3_file *base = main->common.base;
    *found = 0;
    int code = base->pMethods->xRead(base, bytes, SEALED_PAGE, (sqlite3_int64)slot * SEALED_PAGE);
    if (code == SQLITE_IOERR_SHORT_READ) return SQLITE_OK;
    if (code != SQLITE_OK) return code;
    SealedCipher cipher = {0};
    const unsigned char *key = main->common.owner->key;
    if (!sealed_cipher_derive(&cipher, key, bytes, "cassette sealed sqlite 1 header")) return SQLITE_NOMEM;
    SealedPlace place = place_of_slot(bytes, slot);
    unsigned char *plain = bytes + SEALED_FILE_ID;
    int authentic = sealed_open(&cipher, &place, plain, SLOT_PLAIN, plain);
    sealed_cipher_clear(&cipher);
    if (!authentic) return SQLITE_OK;
    if (sealed_get(plain + FORMAT, 4) != FORMAT_VERSION || sealed_get(plain + PAGE_SIZE, 4) != SEALED_PAGE) {
        return SQLITE_NOTADB;
    }
    memcpy(header->file_id, bytes, SEALED_FILE_ID);
    header->generation = sealed_get(plain + GENERATION, 8);
    header->page_seals = sealed_get(plain + PAGE_SEALS, 8);
    header->wal_seals = sealed_get(plain + WAL_SEALS, 8);
    *found = 1;
    return SQLITE_OK;
}

int sealed_header_load(SealedMain *main) {
    SealedHeader slots[2];
    int found[2];
    for (int slot = 0; slot < 2; slot++) {
        int code = read_slot(main, (uint64_t)slot, &slots[slot], &found[slot]);
        if (code != SQLITE_OK) return code;
    }
    if (!found[0] && !found[1]) {
        sqlite3_int64 size = 0;
        int code = sealed_base_read_size(&main->common, &size);
        if (code != SQLITE_OK) return code;
        // Without pages nothing can be lost: the header was torn while the file was made, or was never written.
        return size <= SEALED_HEADER ? SQLITE_NOTFOUND : SQLITE_NOTADB;
    }
    if (found[0] && found[1] && memcmp(slots[0].file_id, slots[1].file_id, SEALED_FILE_ID) != 0) return SQLITE_NOTADB;
    int newer = found[1] && (!found[0] || slots[1].generation > slots[0].generation);
    if (!derive_for(main, slots[newer].file_id)) return SQLITE_NOMEM;
    main->header = slots[newer];
    return SQLITE_OK;
}

static int write_slot(SealedMain *main, uint64_t slot) {
    unsigned char bytes[SEALED_PAGE] = {0};
    memcpy(bytes, main->header.file_id, SEALED_FILE_ID);
    unsigned char *plain = bytes + SEALED_FILE_ID;
    sealed_put(plain + FORMAT, 4, FORMAT_VERSION);
    sealed_put(plain + PAGE_SIZE, 4, SEALED_PAGE);
    sealed_put(plain + GENERATION, 8, main->header.generation);
    sealed_put(plain + PAGE_SEALS, 8, main->header.page_seals);
    sealed_put(plain + WAL_SEALS, 8, main->header.wal_seals);
    SealedPlace place = place_of_slot(main->header.file_id, slot);
    if (!sealed_seal(&main->header_cipher, &place, plain, SLOT_PLAIN, plain)) {
        OPENSSL_cleanse(bytes, sizeof bytes);
        return SQLITE_IOERR_WRITE;
    }
    sqlite3_file *base = main->common.base;
    return base->pMethods->xWrite(base, bytes, SEALED_PAGE, (sqlite3_int64)slot * SEALED_PAGE);
}

static int create(SealedMain *main) {
    unsigned char file_id[SEALED_FILE_ID];
    if (RAND_bytes(file_id, SEALED_FILE_ID) != 1) return SQLITE_IOERR_WRITE;
    if (!derive_for(main, file_id)) return SQLITE_NOMEM;
    main->header.generation = 0;
    main->header.page_seals = 0;
    main->header.wal_seals = 0;
    return write_slot(main, 0);
}

// The seals of a generation reach the header when the next one begins. What the last generation before this connection
// wrote is therefore unknown; a checkpoint writes each page once, so the pages of the file bound it.
static int charge_last_generation(SealedMain *main) {
    if (main->last_generation_charged) return SQLITE_OK;
    sqlite3_int64 size = 0;
    int code = sealed_base_read_size(&main->common, &size);
    if (code != SQLITE_OK) return code;
    if (size > SEALED_HEADER) main->new_page_seals += (uint64_t)(size - SEALED_HEADER) / SEALED_PAGE;
    main->last_generation_charged = 1;
    return SQLITE_OK;
}

int sealed_header_begin_generation(SealedMain *main) {
    if (main->writing) return SQLITE_OK;
    if (main->header_sync_failed) return SQLITE_IOERR_FSYNC;
    // Read again, as another connection may have written; whoever writes pages holds SQLite's checkpoint lock.
    int code = sealed_header_load(main);
    if (code == SQLITE_NOTFOUND) code = create(main);
    if (code == SQLITE_OK) code = charge_last_generation(main);
    if (code != SQLITE_OK) return code;
    if (main->header.generation >= UINT32_MAX) return SQLITE_FULL;
    main->header.generation += 1;
    main->header.page_seals += main->new_page_seals;
    main->header.wal_seals += main->new_wal_seals;
    main->new_page_seals = 0;
    main->new_wal_seals = 0;
    // The other slot stays whole, so a torn write here costs nothing. Synced before any page of the generation is
    // written: a page newer than the header then proves that the header was put back.
    code = write_slot(main, main->header.generation & 1);
    if (code != SQLITE_OK) return code;
    code = main->common.base->pMethods->xSync(main->common.base, SQLITE_SYNC_NORMAL);
    // After a failed sync nobody knows which slot is on the disk, so neither may be overwritten through this file.
    if (code == SQLITE_OK) main->writing = 1;
    else main->header_sync_failed = 1;
    return code;
}
