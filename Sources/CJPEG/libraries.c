#include "libraries.h"

#include <stdlib.h>

static cassette_jpeg_decoder *const decoders[] = {
    [CASSETTE_JPEG_TURBO] = cassette_jpeg_turbo_decode,
    [CASSETTE_JPEG_GDCM8] = cassette_jpeg_gdcm8_decode,
    [CASSETTE_JPEG_GDCM12] = cassette_jpeg_gdcm12_decode,
    [CASSETTE_JPEG_GDCM16] = cassette_jpeg_gdcm16_decode,
};

static cassette_jpeg_encoder *const encoders[] = {
    [CASSETTE_JPEG_TURBO] = cassette_jpeg_turbo_encode,
    [CASSETTE_JPEG_GDCM8] = cassette_jpeg_gdcm8_encode,
    [CASSETTE_JPEG_GDCM12] = cassette_jpeg_gdcm12_encode,
    [CASSETTE_JPEG_GDCM16] = cassette_jpeg_gdcm16_encode,
};

int32_t cassette_jpeg_decode(
    enum cassette_jpeg_library library, const uint8_t *source, size_t source_length, const cassette_jpeg_image *image,
    void *samples, size_t samples_length, cassette_jpeg_message *message) {
    return decoders[library](source, source_length, image, samples, samples_length, message);
}

int32_t cassette_jpeg_encode(
    enum cassette_jpeg_library library, const void *samples, size_t samples_length, const cassette_jpeg_image *image,
    uint8_t **stream, size_t *stream_length, cassette_jpeg_message *message) {
    return encoders[library](samples, samples_length, image, stream, stream_length, message);
}

void cassette_jpeg_free(uint8_t *stream) {
    free(stream);
}
