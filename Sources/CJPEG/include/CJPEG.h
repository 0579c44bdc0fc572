#ifndef CASSETTE_CJPEG_H
#define CASSETTE_CJPEG_H

#include <stddef.h>
#include <stdint.h>

// The libjpeg API of four libraries behind one set of functions: libjpeg-turbo (lossy, 8 bits) and the three builds of
// the IJG code with lossless JPEG that GDCM brings (8, 12 and 16 bits; lossy also in 8 and 12).
//
// Errors of the libraries, which leave by longjmp, end in these functions and become a code and a message. Nothing is
// written to standard error.

enum cassette_jpeg_library {
    CASSETTE_JPEG_TURBO = 0,
    CASSETTE_JPEG_GDCM8 = 1,
    CASSETTE_JPEG_GDCM12 = 2,
    CASSETTE_JPEG_GDCM16 = 3,
};

/// What became of a call.
enum cassette_jpeg_result {
    CASSETTE_JPEG_OK = 0,
    /// The stream breaks the standard, ends too early, or has a process that the library does not know.
    CASSETTE_JPEG_DAMAGED = 1,
    /// The stream is another image than the one that was announced.
    CASSETTE_JPEG_MISMATCH = 2,
    /// More scans, or more memory, than an honest stream needs.
    CASSETTE_JPEG_LIMIT = 3,
    /// malloc failed.
    CASSETTE_JPEG_MEMORY = 4,
};

/// An image in memory, pixel by pixel: what it is, and what is to be done to it on the way.
typedef struct {
    uint32_t columns;
    uint32_t rows;
    uint32_t components;
    /// Bytes of a sample in memory: 1, or 2 (little-endian).
    uint32_t sample_size;
    /// Decoding: YCbCr becomes RGB.
    uint32_t converts_color;
    /// Encoding: three components are RGB, and become YCbCr where the stream is lossy.
    uint32_t is_rgb;
    /// Bits of a sample in the stream. Encoding: higher ones are cut off; a library makes streams of its own precision.
    uint32_t precision;
    /// Decoding: where the precision stands in a lossless stream, when it is not the library's own; otherwise 0.
    size_t precision_place;
    /// Encoding: 1 to 100, or 0 for lossless.
    uint32_t quality;
} cassette_jpeg_image;

/// Why a call failed, in the library's words; they hold numbers at most.
typedef struct {
    char text[256];
} cassette_jpeg_message;

/// Decode a stream into samples, by pixel. A stream without its end (EOI) is whole when nothing else lacks.
int32_t cassette_jpeg_decode(
    enum cassette_jpeg_library library, const uint8_t *source, size_t source_length, const cassette_jpeg_image *image,
    void *samples, size_t samples_length, cassette_jpeg_message *message);

/// Encode samples; `*stream` is to be freed with `cassette_jpeg_free`.
int32_t cassette_jpeg_encode(
    enum cassette_jpeg_library library, const void *samples, size_t samples_length, const cassette_jpeg_image *image,
    uint8_t **stream, size_t *stream_length, cassette_jpeg_message *message);

void cassette_jpeg_free(uint8_t *stream);

#endif
