#ifndef CASSETTE_OPENJPH_H
#define CASSETTE_OPENJPH_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// What the samples of a frame are: in memory little-endian, pixel by pixel.
struct cassette_jph_image {
    uint32_t columns;
    uint32_t rows;
    /// Samples of a pixel: components of the codestream.
    uint32_t samples;
    /// Bits of a sample in the codestream, 1 to 31.
    uint32_t precision;
    /// Whether samples of the codestream have a sign.
    uint32_t is_signed;
    /// Bytes of a sample in memory: 1, 2 or 4.
    uint32_t sample_bytes;
};

/// How decoded samples become those in memory: `((sample & mask) ^ sign) - sign`, cut to `sample_bytes`.
struct cassette_jph_widening {
    uint32_t mask;
    uint32_t sign;
};

/// How a frame is encoded.
struct cassette_jph_options {
    /// 1: the 5/3 transform, lossless. 0: the 9/7 transform.
    uint32_t is_reversible;
    /// Whether the transform of colour is applied, to three samples.
    uint32_t has_color_transform;
    /// How often the image is halved.
    uint32_t decompositions;
    /// With the 9/7 transform: the width of a quantization step, as part of the range of a sample.
    float step;
};

/// What became of a frame.
enum cassette_jph_result {
    CASSETTE_JPH_OK = 0,
    /// The library refused the codestream, or the image.
    CASSETTE_JPH_REFUSED = 1,
    /// The codestream's image is another than the one expected.
    CASSETTE_JPH_MISMATCH = 2,
    /// No memory.
    CASSETTE_JPH_MEMORY = 3,
    /// The library refused the header already: another one may know what it asks for.
    CASSETTE_JPH_UNSUPPORTED = 4,
};

/// Decodes a codestream of High-Throughput JPEG 2000, in this thread, silently.
///
/// - bytes: from SOC to EOC.
/// - image: what its header says: compared again with what the library found.
/// - samples: receives `columns * rows * samples * sample_bytes` bytes, all or, on failure, any part of them.
enum cassette_jph_result cassette_jph_decode(
    const uint8_t *bytes, size_t length, const struct cassette_jph_image *image,
    const struct cassette_jph_widening *widening, uint8_t *samples
);

/// Encodes a frame as a codestream of High-Throughput JPEG 2000, one tile, resolutions first (RPCL), in this thread, silently.
///
/// - samples: `columns * rows * samples * sample_bytes` bytes whose values fit `precision`.
/// - bytes, length: receive the codestream, to be freed with `cassette_jph_free`.
enum cassette_jph_result cassette_jph_encode(
    const uint8_t *samples, const struct cassette_jph_image *image, const struct cassette_jph_options *options,
    uint8_t **bytes, size_t *length
);

/// Frees what `cassette_jph_encode` gave.
void cassette_jph_free(uint8_t *bytes);

#ifdef __cplusplus
}
#endif

#endif
