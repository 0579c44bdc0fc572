#ifndef CASSETTE_MEMORY_STREAM_H
#define CASSETTE_MEMORY_STREAM_H

#include <openjpeg.h>
#include <stddef.h>
#include <stdint.h>

// Bytes that the library reads, or that it writes and that grow.
typedef struct {
    uint8_t *bytes;
    size_t length;
    size_t position;
    size_t capacity;
    // Whether memory was missing.
    int failed;
} MemoryStream;

// A stream that reads `memory->length` bytes; NULL without memory.
opj_stream_t *cassette_reading_stream(MemoryStream *memory);

// A stream that writes to `memory`, whose bytes are the caller's to free; NULL without memory.
opj_stream_t *cassette_writing_stream(MemoryStream *memory);

#endif
