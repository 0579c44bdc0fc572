#include "memory_stream.h"

#include <stdlib.h>
#include <string.h>

static OPJ_SIZE_T read_bytes(void *target, OPJ_SIZE_T count, void *data) {
    MemoryStream *memory = data;
    size_t left = memory->length - memory->position;
    // The library's word for the end.
    if (left == 0) return (OPJ_SIZE_T)-1;
    if (count > left) count = left;
    memcpy(target, memory->bytes + memory->position, count);
    memory->position += count;
    return count;
}

static OPJ_OFF_T skip_read(OPJ_OFF_T count, void *data) {
    MemoryStream *memory = data;
    if (count < 0) return -1;
    size_t left = memory->length - memory->position;
    if ((uint64_t)count > left) count = (OPJ_OFF_T)left;
    memory->position += (size_t)count;
    return count;
}

static OPJ_BOOL seek_read(OPJ_OFF_T position, void *data) {
    MemoryStream *memory = data;
    if (position < 0 || (uint64_t)position > memory->length) return OPJ_FALSE;
    memory->position = (size_t)position;
    return OPJ_TRUE;
}

// Makes room up to `end`, which may leave a gap of zeros.
static int grow(MemoryStream *memory, size_t end) {
    if (end > memory->capacity) {
        size_t capacity = memory->capacity ? memory->capacity : 1 << 16;
        while (capacity < end) {
            if (capacity > SIZE_MAX / 2) return 0;
            capacity *= 2;
        }
        uint8_t *bytes = realloc(memory->bytes, capacity);
        if (!bytes) {
            memory->failed = 1;
            return 0;
        }
        memset(bytes + memory->capacity, 0, capacity - memory->capacity);
        memory->bytes = bytes;
        memory->capacity = capacity;
    }
    if (end > memory->length) memory->length = end;
    return 1;
}

static OPJ_SIZE_T write_bytes(void *source, OPJ_SIZE_T count, void *data) {
    MemoryStream *memory = data;
    if (count > SIZE_MAX - memory->position || !grow(memory, memory->position + count)) return (OPJ_SIZE_T)-1;
    memcpy(memory->bytes + memory->position, source, count);
    memory->position += count;
    return count;
}

static OPJ_OFF_T skip_write(OPJ_OFF_T count, void *data) {
    MemoryStream *memory = data;
    if (count < 0 || (uint64_t)count > SIZE_MAX - memory->position) return -1;
    if (!grow(memory, memory->position + (size_t)count)) return -1;
    memory->position += (size_t)count;
    return count;
}

static OPJ_BOOL seek_write(OPJ_OFF_T position, void *data) {
    MemoryStream *memory = data;
    if (position < 0 || !grow(memory, (size_t)position)) return OPJ_FALSE;
    memory->position = (size_t)position;
    return OPJ_TRUE;
}

opj_stream_t *cassette_reading_stream(MemoryStream *memory) {
    opj_stream_t *stream = opj_stream_default_create(OPJ_TRUE);
    if (!stream) return NULL;
    opj_stream_set_user_data(stream, memory, NULL);
    opj_stream_set_user_data_length(stream, memory->length);
    opj_stream_set_read_function(stream, read_bytes);
    opj_stream_set_skip_function(stream, skip_read);
    opj_stream_set_seek_function(stream, seek_read);
    return stream;
}

opj_stream_t *cassette_writing_stream(MemoryStream *memory) {
    opj_stream_t *stream = opj_stream_default_create(OPJ_FALSE);
    if (!stream) return NULL;
    opj_stream_set_user_data(stream, memory, NULL);
    opj_stream_set_write_function(stream, write_bytes);
    opj_stream_set_skip_function(stream, skip_write);
    opj_stream_set_seek_function(stream, seek_write);
    return stream;
}
