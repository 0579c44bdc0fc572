#include "COpenJPEG.h"
#include "memory_stream.h"

#include <openjpeg.h>
#include <string.h>

static int matches(const opj_image_t *decoded, const struct cassette_j2k_image *image) {
    if (decoded->numcomps != image->samples) return 0;
    for (uint32_t index = 0; index < image->samples; index++) {
        const opj_image_comp_t *component = &decoded->comps[index];
        if (component->w != image->columns || component->h != image->rows) return 0;
        if (component->prec != image->precision || (component->sgnd != 0) != (image->is_signed != 0)) return 0;
        if (!component->data) return 0;
    }
    return 1;
}

// Copies one component to its places, with `TYPE` in memory.
#define COPY(TYPE) \
    do { \
        TYPE *target = (TYPE *)samples + index; \
        for (size_t pixel = 0; pixel < count; pixel++) { \
            target[pixel * stride] = (TYPE)((((uint32_t)source[pixel] & mask) ^ sign) - sign); \
        } \
    } while (0)

static void copy_samples(
    const opj_image_t *decoded, const struct cassette_j2k_image *image, const struct cassette_j2k_widening *widening,
    uint8_t *samples
) {
    size_t count = (size_t)image->columns * image->rows;
    size_t stride = image->samples;
    uint32_t mask = widening->mask, sign = widening->sign;
    for (uint32_t index = 0; index < image->samples; index++) {
        const OPJ_INT32 *source = decoded->comps[index].data;
        // A stride that the compiler knows makes one loop of whole vectors.
        if (stride == 1 && image->sample_bytes == 2) {
            uint16_t *target = (uint16_t *)samples;
            for (size_t pixel = 0; pixel < count; pixel++) {
                target[pixel] = (uint16_t)((((uint32_t)source[pixel] & mask) ^ sign) - sign);
            }
        } else if (image->sample_bytes == 1) {
            COPY(uint8_t);
        } else if (image->sample_bytes == 2) {
            COPY(uint16_t);
        } else {
            COPY(uint32_t);
        }
    }
}

enum cassette_j2k_result cassette_j2k_decode(
    const uint8_t *bytes, size_t length, const struct cassette_j2k_image *image,
    const struct cassette_j2k_widening *widening, uint8_t *samples
) {
    // Only read: the library's callback takes no const.
    MemoryStream memory = {.bytes = (uint8_t *)bytes, .length = length};
    enum cassette_j2k_result result = CASSETTE_J2K_MEMORY;
    opj_image_t *decoded = NULL;
    opj_stream_t *stream = cassette_reading_stream(&memory);
    // Messages go nowhere: a codec without handlers is silent.
    opj_codec_t *codec = opj_create_decompress(OPJ_CODEC_J2K);
    if (stream && codec) {
        opj_dparameters_t parameters;
        opj_set_default_decoder_parameters(&parameters);
        result = CASSETTE_J2K_REFUSED;
        // Strict: a codestream that ends too early is an error, not an image that is grey below.
        if (opj_setup_decoder(codec, &parameters) && opj_decoder_set_strict_mode(codec, OPJ_TRUE)
            && opj_read_header(stream, codec, &decoded)) {
            int fits = decoded->numcomps == image->samples && decoded->x1 - decoded->x0 == image->columns
                && decoded->y1 - decoded->y0 == image->rows;
            if (!fits) {
                result = CASSETTE_J2K_MISMATCH;
            } else if (opj_decode(codec, stream, decoded) && opj_end_decompress(codec, stream)) {
                result = matches(decoded, image) ? CASSETTE_J2K_OK : CASSETTE_J2K_MISMATCH;
            }
        }
    }
    if (result == CASSETTE_J2K_OK) copy_samples(decoded, image, widening, samples);
    if (decoded) opj_image_destroy(decoded);
    if (codec) opj_destroy_codec(codec);
    if (stream) opj_stream_destroy(stream);
    return result;
}
