#include "COpenJPEG.h"
#include "memory_stream.h"

#include <openjpeg.h>
#include <stdlib.h>

// The library's image of a frame; NULL without memory.
static opj_image_t *make_image(const uint8_t *samples, const struct cassette_j2k_image *image) {
    opj_image_cmptparm_t components[4] = {0};
    if (image->samples > 4) return NULL;
    for (uint32_t index = 0; index < image->samples; index++) {
        components[index] = (opj_image_cmptparm_t){
            .dx = 1, .dy = 1, .w = image->columns, .h = image->rows, .prec = image->precision,
            .sgnd = image->is_signed != 0,
        };
    }
    OPJ_COLOR_SPACE space = image->samples == 1 ? OPJ_CLRSPC_GRAY : OPJ_CLRSPC_SRGB;
    opj_image_t *result = opj_image_create(image->samples, components, space);
    if (!result) return NULL;
    result->x1 = image->columns;
    result->y1 = image->rows;
    size_t count = (size_t)image->columns * image->rows;
    for (uint32_t index = 0; index < image->samples; index++) {
        OPJ_INT32 *target = result->comps[index].data;
        for (size_t pixel = 0; pixel < count; pixel++) {
            size_t at = pixel * image->samples + index;
            switch (image->sample_bytes) {
            case 1: target[pixel] = image->is_signed ? ((const int8_t *)samples)[at] : samples[at]; break;
            case 2:
                target[pixel] = image->is_signed ? ((const int16_t *)samples)[at] : ((const uint16_t *)samples)[at];
                break;
            default: target[pixel] = ((const int32_t *)samples)[at];
            }
        }
    }
    return result;
}

static void set_parameters(
    opj_cparameters_t *parameters, const struct cassette_j2k_image *image, const struct cassette_j2k_options *options
) {
    opj_set_default_encoder_parameters(parameters);
    parameters->tcp_numlayers = 1;
    parameters->tcp_mct = options->has_color_transform && image->samples == 3;
    parameters->numresolution = (int)options->decompositions + 1;
    parameters->prog_order = OPJ_RPCL;
    if (options->is_reversible) {
        parameters->cp_disto_alloc = 1;
        // 0 is the library's word for everything.
        parameters->tcp_rates[0] = 0;
    } else {
        parameters->irreversible = 1;
        parameters->cp_fixed_quality = 1;
        parameters->tcp_distoratio[0] = options->psnr;
    }
}

enum cassette_j2k_result cassette_j2k_encode(
    const uint8_t *samples, const struct cassette_j2k_image *image, const struct cassette_j2k_options *options,
    uint8_t **bytes, size_t *length
) {
    MemoryStream memory = {0};
    enum cassette_j2k_result result = CASSETTE_J2K_MEMORY;
    opj_image_t *source = make_image(samples, image);
    opj_stream_t *stream = cassette_writing_stream(&memory);
    opj_codec_t *codec = opj_create_compress(OPJ_CODEC_J2K);
    // Too large for a stack that is a thread's: file names are inside.
    opj_cparameters_t *parameters = malloc(sizeof *parameters);
    if (source && stream && codec && parameters) {
        set_parameters(parameters, image, options);
        int made = opj_setup_encoder(codec, parameters, source) && opj_start_compress(codec, source, stream)
            && opj_encode(codec, stream) && opj_end_compress(codec, stream);
        if (made && !memory.failed) {
            result = CASSETTE_J2K_OK;
        } else if (!memory.failed) {
            result = CASSETTE_J2K_REFUSED;
        }
    }
    free(parameters);
    if (codec) opj_destroy_codec(codec);
    if (stream) opj_stream_destroy(stream);
    if (source) opj_image_destroy(source);
    if (result != CASSETTE_J2K_OK) {
        free(memory.bytes);
        return result;
    }
    *bytes = memory.bytes;
    *length = memory.length;
    return result;
}

void cassette_j2k_free(uint8_t *bytes) { free(bytes); }
