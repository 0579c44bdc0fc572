#ifndef CASSETTE_JPEG_LIBRARIES_H
#define CASSETTE_JPEG_LIBRARIES_H

#include "CJPEG.h"

// The functions of each library, as codec.inc.h makes them.

typedef int32_t cassette_jpeg_decoder(
    const uint8_t *source, size_t source_length, const cassette_jpeg_image *image, void *samples, size_t samples_length,
    cassette_jpeg_message *message);

typedef int32_t cassette_jpeg_encoder(
    const void *samples, size_t samples_length, const cassette_jpeg_image *image, uint8_t **stream,
    size_t *stream_length, cassette_jpeg_message *message);

cassette_jpeg_decoder cassette_jpeg_turbo_decode;
cassette_jpeg_decoder cassette_jpeg_gdcm8_decode;
cassette_jpeg_decoder cassette_jpeg_gdcm12_decode;
cassette_jpeg_decoder cassette_jpeg_gdcm16_decode;

cassette_jpeg_encoder cassette_jpeg_turbo_encode;
cassette_jpeg_encoder cassette_jpeg_gdcm8_encode;
cassette_jpeg_encoder cassette_jpeg_gdcm12_encode;
cassette_jpeg_encoder cassette_jpeg_gdcm16_encode;

#endif
