#include "sealed_file.h"

#include <openssl/crypto.h>
#include <string.h>

// SQLite's file format, 4: header, then frames of a header and a page. Each part is a sealed unit of its own, 28 bytes
// longer, as SQLite writes each alone (it rewrites frame headers and frame pages separately).
enum {
    WAL_HEADER = 32,
    FRAME_HEADER = 24,
    FRAME = FRAME_HEADER + SEALED_PAGE,
    SEALED_WAL_HEADER = WAL_HEADER + SEALED_OVERHEAD,
    SEALED_FRAME_HEADER = FRAME_HEADER + SEALED_OVERHEAD,
    SEALED_FRAME = SEALED_FRAME_HEADER + SEALED_PAGE + SEALED_OVERHEAD,
};

typedef struct {
    SealedKind kind;
    uint64_t frame;
    // First byte as SQLite counts, and in the file.
    sqlite3_int64 logical;
    sqlite3_int64 physical;
    int count;
} Unit;

static Unit unit_at(sqlite3_int64 offset) {
    if (offset < WAL_HEADER) return (Unit){SEALED_KIND_WAL_HEADER, 0, 0, 0, WAL_HEADER};
    sqlite3_int64 frame = (offset - WAL_HEADER) / FRAME;
    sqlite3_int64 logical = WAL_HEADER + frame * FRAME, physical = SEALED_WAL_HEADER + frame * SEALED_FRAME;
    if (offset - logical < FRAME_HEADER) {
        return (Unit){SEALED_KIND_FRAME_HEADER, (uint64_t)frame, logical, physical, FRAME_HEADER};
    }
    return (Unit){
        SEALED_KIND_FRAME_PAGE, (uint64_t)frame, logical + FRAME_HEADER, physical + SEALED_FRAME_HEADER, SEALED_PAGE,
    };
}

static SealedPlace place_of_unit(const SealedWAL *wal, const Unit *unit) {
    SealedPlace place = {.kind = unit->kind, .number = unit->frame};
    memcpy(place.file_id, wal->main->header.file_id, SEALED_FILE_ID);
    return place;
}

static int close_wal(sqlite3_file *file) {
    SealedWAL *wal = (SealedWAL *)file;
    sealed_cipher_clear(&wal->cipher);
    OPENSSL_cleanse(wal->scratch, sizeof wal->scratch);
    return sealed_close_base(&wal->common);
}

// Late, because a WAL may be opened before its database file has a header.
static int make_ready(SealedWAL *wal) {
    if (sealed_cipher_is_ready(&wal->cipher)) return SQLITE_OK;
    if (!sealed_cipher_is_ready(&wal->main->page_cipher)) {
        int code = sealed_header_load(wal->main);
        if (code != SQLITE_OK) return code == SQLITE_NOTFOUND ? SQLITE_IOERR : code;
    }
    const unsigned char *key = wal->common.owner->key;
    int done = sealed_cipher_derive(&wal->cipher, key, wal->main->header.file_id, "cassette sealed sqlite 1 wal");
    return done ? SQLITE_OK : SQLITE_NOMEM;
}

// SQLITE_IOERR_SHORT_READ for a unit that is not wholly there, SQLITE_IOERR_DATA for one that is not authentic.
static int read_unit(SealedWAL *wal, const Unit *unit, unsigned char *plain) {
    sqlite3_file *base = wal->common.base;
    int code = base->pMethods->xRead(base, wal->scratch, unit->count + SEALED_OVERHEAD, unit->physical);
    if (code != SQLITE_OK) return code;
    code = make_ready(wal);
    if (code != SQLITE_OK) return code;
    SealedPlace place = place_of_unit(wal, unit);
    if (!sealed_open(&wal->cipher, &place, wal->scratch, unit->count, plain)) return SQLITE_IOERR_DATA;
    // Units that a crash kept from being counted are counted as recovery finds them.
    if (wal->main->recovering) wal->main->new_wal_seals += 1;
    return SQLITE_OK;
}

static int read_wal(sqlite3_file *file, void *buffer, int amount, sqlite3_int64 offset) {
    SealedWAL *wal = (SealedWAL *)file;
    unsigned char *out = buffer;
    if (amount < 0 || offset < 0) return SQLITE_IOERR_READ;
    unsigned char part[SEALED_PAGE];
    int code = SQLITE_OK, done = 0;
    memset(out, 0, (size_t)amount);
    while (done < amount && code == SQLITE_OK) {
        Unit unit = unit_at(offset + done);
        int inside = (int)(offset + done - unit.logical);
        int count = amount - done < unit.count - inside ? amount - done : unit.count - inside;
        if (count == unit.count) {
            code = read_unit(wal, &unit, out + done);
        } else {
            code = read_unit(wal, &unit, part);
            if (code == SQLITE_OK) memcpy(out + done, part + inside, (size_t)count);
            OPENSSL_cleanse(part, sizeof part);
        }
        done += count;
    }
    if (code != SQLITE_IOERR_DATA) return code;
    memset(out, 0, (size_t)amount);
    // A crash may leave a torn unit at the end, and frames of an earlier round follow the valid ones. Recovery asks
    // which frames are valid: a header of zeros (page number 0, no magic) is SQLite's own "the log ends before this".
    if (wal->main->recovering && unit_at(offset).kind != SEALED_KIND_FRAME_PAGE) return SQLITE_OK;
    sqlite3_log(SQLITE_IOERR_DATA, "sealed frame at %lld is not authentic", offset);
    return SQLITE_IOERR_DATA;
}

static int check_layout(SealedWAL *wal, const Unit *unit, const unsigned char *bytes) {
    if (unit->kind == SEALED_KIND_FRAME_HEADER) {
        wal->last_frame = unit->frame;
        wal->last_page_number = (uint32_t)sealed_get(bytes, 4);
        return SQLITE_OK;
    }
    int is_page_one = unit->kind == SEALED_KIND_FRAME_PAGE && wal->last_page_number == 1
        && wal->last_frame == unit->frame;
    if (!is_page_one || sealed_page_has_layout(bytes)) return SQLITE_OK;
    sqlite3_log(SQLITE_IOERR_WRITE, "a sealed database needs 4096-byte pages and 32 reserved bytes");
    return SQLITE_IOERR_WRITE;
}

static int write_unit(SealedWAL *wal, const Unit *unit, const unsigned char *bytes) {
    int code = check_layout(wal, unit, bytes);
    if (code == SQLITE_OK) code = make_ready(wal);
    if (code != SQLITE_OK) return code;
    if (wal->main->header.wal_seals + wal->main->new_wal_seals >= SEALED_BUDGET) return SQLITE_FULL;
    wal->main->new_wal_seals += 1;
    SealedPlace place = place_of_unit(wal, unit);
    if (!sealed_seal(&wal->cipher, &place, bytes, unit->count, wal->scratch)) return SQLITE_IOERR_WRITE;
    sqlite3_file *base = wal->common.base;
    return base->pMethods->xWrite(base, wal->scratch, unit->count + SEALED_OVERHEAD, unit->physical);
}

static int write_wal(sqlite3_file *file, const void *buffer, int amount, sqlite3_int64 offset) {
    SealedWAL *wal = (SealedWAL *)file;
    const unsigned char *bytes = buffer;
    int done = 0;
    if (amount < 0 || offset < 0) return SQLITE_IOERR_WRITE;
    while (done < amount) {
        Unit unit = unit_at(offset + done);
        if (offset + done != unit.logical || amount - done < unit.count) {
            sqlite3_log(SQLITE_IOERR_WRITE, "a sealed WAL takes whole headers and pages only");
            return SQLITE_IOERR_WRITE;
        }
        int code = write_unit(wal, &unit, bytes + done);
        if (code != SQLITE_OK) return code;
        done += unit.count;
    }
    return SQLITE_OK;
}

static int truncate_wal(sqlite3_file *file, sqlite3_int64 size) {
    SealedWAL *wal = (SealedWAL *)file;
    if (size < 0) return SQLITE_IOERR_TRUNCATE;
    sqlite3_int64 end = 0, present = 0;
    if (size > 0) {
        // Up to the end of the unit that holds the last byte kept.
        Unit last = unit_at(size - 1);
        end = last.physical + last.count + SEALED_OVERHEAD;
    }
    int code = sealed_base_read_size(&wal->common, &present);
    if (code != SQLITE_OK || present <= end) return code;
    return wal->common.base->pMethods->xTruncate(wal->common.base, end);
}

static int size_wal(sqlite3_file *file, sqlite3_int64 *size) {
    sqlite3_int64 present = 0;
    int code = sealed_base_read_size((SealedFile *)file, &present);
    *size = 0;
    if (code != SQLITE_OK || present < SEALED_WAL_HEADER) return code;
    // Whole units only: what a torn last one holds cannot be read.
    sqlite3_int64 frames = (present - SEALED_WAL_HEADER) / SEALED_FRAME;
    sqlite3_int64 rest = (present - SEALED_WAL_HEADER) % SEALED_FRAME;
    *size = WAL_HEADER + frames * FRAME + (rest >= SEALED_FRAME_HEADER ? FRAME_HEADER : 0);
    return SQLITE_OK;
}

const sqlite3_io_methods sealed_wal_methods = {
    .iVersion = 1,
    .xClose = close_wal,
    .xRead = read_wal,
    .xWrite = write_wal,
    .xTruncate = truncate_wal,
    .xSync = sealed_sync,
    .xFileSize = size_wal,
    .xLock = sealed_lock,
    .xUnlock = sealed_unlock,
    .xCheckReservedLock = sealed_check_reserved_lock,
    .xFileControl = sealed_file_control,
    .xSectorSize = sealed_sector_size,
    .xDeviceCharacteristics = sealed_device_characteristics,
};
