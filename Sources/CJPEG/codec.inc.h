// The functions of one library. Included by a file that has included that library's headers and defined
//   CASSETTE_NAME(function)   the name of a function for this library
//   CASSETTE_HAS_LOSSLESS     whether the library knows lossless JPEG
//
// The libraries leave by longjmp into `guarded_decode` and `guarded_encode`, which have no variables of their own: what
// changes after setjmp belongs to their callers.

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "libraries.h"
#include "rows.h"

// Progressive streams of real encoders have about ten scans; each costs a pass over all coefficients.
#define SCAN_LIMIT 100
// Rows that are asked for at once.
#define ROWS_AT_ONCE 16

/// Begins with what the library knows, so that it can be found from there.
struct error_state {
    struct jpeg_error_mgr manager;
    jmp_buf leave;
    int32_t result;
    cassette_jpeg_message *message;
};

static void leave_with(j_common_ptr codec, int32_t result, const char *text) {
    struct error_state *state = (struct error_state *)codec->err;
    state->result = result;
    strncpy(state->message->text, text, sizeof state->message->text - 1);
    state->message->text[sizeof state->message->text - 1] = 0;
    longjmp(state->leave, 1);
}

static void error_exit(j_common_ptr codec) {
    char text[JMSG_LENGTH_MAX];
    codec->err->format_message(codec, text);
    int is_memory = codec->err->msg_code == JERR_OUT_OF_MEMORY;
    // A backing store is asked for above max_memory_to_use.
    int is_limit = codec->err->msg_code == JERR_NO_BACKING_STORE;
    leave_with(
        codec, is_memory ? CASSETTE_JPEG_MEMORY : is_limit ? CASSETTE_JPEG_LIMIT : CASSETTE_JPEG_DAMAGED, text);
}

/// Warnings by which samples would be made up are errors; oddities without effect are not.
static void emit_message(j_common_ptr codec, int level) {
    if (level >= 0) return;
    switch (codec->err->msg_code) {
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_MUST_RESYNC: error_exit(codec);
    default: break;
    }
}

static void output_message(j_common_ptr codec) {
    (void)codec;
}

static void set_errors(struct error_state *state, cassette_jpeg_message *message) {
    memset(state, 0, sizeof *state);
    jpeg_std_error(&state->manager);
    state->manager.error_exit = error_exit;
    state->manager.emit_message = emit_message;
    state->manager.output_message = output_message;
    state->message = message;
    message->text[0] = 0;
}

// Decoding

/// What a decoder reads from, and what it has seen.
struct decode_state {
    struct jpeg_source_mgr source;
    struct jpeg_progress_mgr progress;
    struct error_state errors;
    const uint8_t *rest;
    size_t rest_length;
    enum { IN_HEAD, IN_PRECISION, IN_REST, IN_END } part;
    /// A bit for each component that some scan has held.
    uint32_t components_seen;
    /// The scan whose tables have been looked at.
    int checked_scan;
    void *row;
};

static const JOCTET end_of_image[2] = {0xFF, JPEG_EOI};

/// The libraries take lossless streams of one precision only. Another is announced to them as that one, in place of the
/// byte of the stream that says it: what is decoded then differs by a constant alone. For the precision of a lossless
/// stream is of use for the first prediction only, 2 to the power of one less than it (ISO/IEC 10918-1, H.1.2.1); each of
/// the predictors of a pixel grows by the constant by which its neighbours grew.
static const JOCTET own_precision[1] = {BITS_IN_JSAMPLE};

static uint32_t offset_of(const cassette_jpeg_image *image) {
    return image->precision_place == 0 ? 0 : (1u << (BITS_IN_JSAMPLE - 1)) - (1u << (image->precision - 1));
}

static void init_source(j_decompress_ptr codec) {
    (void)codec;
}

static void set_part(j_decompress_ptr codec, const JOCTET *bytes, size_t length) {
    codec->src->next_input_byte = bytes;
    codec->src->bytes_in_buffer = length;
}

/// The end of the bytes is the end of the image; whether anything lacks then, the decoder finds out.
static boolean fill_input_buffer(j_decompress_ptr codec) {
    struct decode_state *state = codec->client_data;
    switch (state->part) {
    case IN_HEAD:
        state->part = IN_PRECISION;
        set_part(codec, own_precision, sizeof own_precision);
        return TRUE;
    case IN_PRECISION:
        state->part = IN_REST;
        set_part(codec, state->rest, state->rest_length);
        if (state->rest_length > 0) return TRUE;
        // Falls through: nothing comes after the precision.
    case IN_REST:
        state->part = IN_END;
        set_part(codec, end_of_image, sizeof end_of_image);
        return TRUE;
    case IN_END: break;
    }
    leave_with((j_common_ptr)codec, CASSETTE_JPEG_DAMAGED, "the stream ends too early");
    return FALSE;
}

static void skip_input_data(j_decompress_ptr codec, long count) {
    if (count <= 0) return;
    size_t length = (size_t)count;
    while (length > codec->src->bytes_in_buffer) {
        length -= codec->src->bytes_in_buffer;
        fill_input_buffer(codec);
    }
    codec->src->next_input_byte += length;
    codec->src->bytes_in_buffer -= length;
}

static void term_source(j_decompress_ptr codec) {
    (void)codec;
}

#if CASSETTE_HAS_LOSSLESS
/// Differences of DC coefficients have 15 bits at most (ISO/IEC 10918-1, F.1.2.1.2). The library takes 16, which only
/// lossless streams have, and looks them up beyond the end of its table.
static void check_tables(j_decompress_ptr codec) {
    if (codec->process == JPROC_LOSSLESS) return;
    for (int i = 0; i < NUM_HUFF_TBLS; i++) {
        const JHUFF_TBL *table = codec->dc_huff_tbl_ptrs[i];
        int count = 0;
        for (int length = 1; table != NULL && length <= 16; length++) count += table->bits[length];
        for (int place = 0; place < count && place < 256; place++) {
            if (table->huffval[place] > 15) {
                leave_with((j_common_ptr)codec, CASSETTE_JPEG_DAMAGED, "a table of differences that cannot be");
            }
        }
    }
}
#endif

/// Is called for each row of blocks; notes what scans hold and ends streams with too many.
static void progress_monitor(j_common_ptr common) {
    if (!common->is_decompressor) return;
    j_decompress_ptr codec = (j_decompress_ptr)common;
    struct decode_state *state = codec->client_data;
    if (codec->input_scan_number > SCAN_LIMIT) leave_with(common, CASSETTE_JPEG_LIMIT, "too many scans");
#if CASSETTE_HAS_LOSSLESS
    // Tables may come before each scan.
    if (codec->input_scan_number != state->checked_scan) check_tables(codec);
    state->checked_scan = codec->input_scan_number;
#endif
    for (int i = 0; i < codec->comps_in_scan; i++) {
        if (codec->cur_comp_info[i] != NULL) state->components_seen |= 1u << codec->cur_comp_info[i]->component_index;
    }
}

static J_COLOR_SPACE plain_color_space(int components) {
    return components == 1 ? JCS_GRAYSCALE : components == 3 ? JCS_RGB : JCS_UNKNOWN;
}

static void check_announced(j_decompress_ptr codec, const cassette_jpeg_image *image) {
    if (codec->image_width != image->columns || codec->image_height != image->rows
        || codec->num_components != (int)image->components) {
        leave_with((j_common_ptr)codec, CASSETTE_JPEG_MISMATCH, "the stream holds another image");
    }
    if (sizeof(JSAMPLE) > image->sample_size) {
        leave_with((j_common_ptr)codec, CASSETTE_JPEG_MISMATCH, "the samples of the stream are wider");
    }
}

/// The library looks chrominance of 12 bits up in tables without regard to their ends, and damaged streams go beyond.
static int converts_color_here(const cassette_jpeg_image *image) {
    return BITS_IN_JSAMPLE == 12 && image->converts_color;
}

static void subtract(JSAMPROW row, size_t count, uint32_t offset) {
    for (size_t i = 0; i < count; i++) row[i] = (JSAMPLE)(row[i] - offset);
}

static void read_rows(j_decompress_ptr codec, const cassette_jpeg_image *image, uint8_t *samples) {
    struct decode_state *state = codec->client_data;
    uint32_t offset = offset_of(image);
    size_t count = (size_t)image->columns * image->components;
    size_t row_length = count * image->sample_size;
    int is_direct = sizeof(JSAMPLE) == image->sample_size;
    JSAMPROW rows[ROWS_AT_ONCE];
    while (codec->output_scanline < codec->output_height) {
        size_t first = codec->output_scanline;
        size_t rest = codec->output_height - first;
        JDIMENSION wanted = is_direct ? (JDIMENSION)(rest < ROWS_AT_ONCE ? rest : ROWS_AT_ONCE) : 1;
        for (JDIMENSION i = 0; i < wanted; i++) {
            rows[i] = is_direct ? (JSAMPROW)(samples + (first + i) * row_length) : (JSAMPROW)state->row;
        }
        // The source never suspends: there is at least one row, or an error.
        JDIMENSION made = jpeg_read_scanlines(codec, rows, wanted);
        if (made == 0) leave_with((j_common_ptr)codec, CASSETTE_JPEG_DAMAGED, "no row was decoded");
        for (JDIMENSION i = 0; offset > 0 && i < made; i++) subtract(rows[i], count, offset);
#if BITS_IN_JSAMPLE == 12
        for (JDIMENSION i = 0; converts_color_here(image) && i < made; i++) {
            cassette_jpeg_convert_colors(rows[i], image->columns);
        }
#endif
        if (!is_direct) {
            cassette_jpeg_widen((const uint8_t *)state->row, count, (uint16_t *)(samples + first * row_length));
        }
    }
}

/// A stream that lacks its end may lack scans, too: then whole components or bits of coefficients are missing.
static void check_complete(j_decompress_ptr codec) {
    struct decode_state *state = codec->client_data;
    uint32_t all = (1u << codec->num_components) - 1;
    if ((state->components_seen & all) != all) {
        leave_with((j_common_ptr)codec, CASSETTE_JPEG_DAMAGED, "a component has no scan");
    }
    if (state->part != IN_END || codec->coef_bits == NULL) return;
    for (int component = 0; component < codec->num_components; component++) {
        for (int i = 0; i < DCTSIZE2; i++) {
            if (codec->coef_bits[component][i] > 0) {
                leave_with((j_common_ptr)codec, CASSETTE_JPEG_DAMAGED, "the last scans are missing");
            }
        }
    }
}

static void start(j_decompress_ptr codec, struct decode_state *state, const cassette_jpeg_image *image) {
    codec->client_data = state;
    codec->src = &state->source;
    codec->progress = &state->progress;
    jpeg_read_header(codec, TRUE);
    check_announced(codec, image);
    // Coefficients of all scans take two bytes for each sample, rounded up to blocks; the rest is small.
    codec->mem->max_memory_to_use = (long)((size_t)(image->columns + 64) * (image->rows + 64) * image->components * 4)
        + (16l << 20);
    if (image->converts_color) {
        codec->jpeg_color_space = JCS_YCbCr;
        codec->out_color_space = converts_color_here(image) ? JCS_YCbCr : JCS_RGB;
    } else {
        codec->jpeg_color_space = plain_color_space(codec->num_components);
        codec->out_color_space = codec->jpeg_color_space;
    }
    codec->do_block_smoothing = FALSE;
    jpeg_start_decompress(codec);
    if (codec->output_width != image->columns || codec->output_height != image->rows
        || codec->output_components != (int)image->components) {
        leave_with((j_common_ptr)codec, CASSETTE_JPEG_MISMATCH, "the stream holds another image");
    }
    progress_monitor((j_common_ptr)codec);
    if (sizeof(JSAMPLE) != image->sample_size) {
        // Belongs to the library and goes with it.
        state->row = codec->mem->alloc_large(
            (j_common_ptr)codec, JPOOL_IMAGE, (size_t)image->columns * image->components * sizeof(JSAMPLE));
    }
}

static int32_t guarded_decode(
    j_decompress_ptr codec, struct decode_state *state, const cassette_jpeg_image *image, void *samples) {
    if (setjmp(state->errors.leave) != 0) return state->errors.result;
    jpeg_create_decompress(codec);
    start(codec, state, image);
    read_rows(codec, image, samples);
    check_complete(codec);
    // What comes after the last row is of no use: no finish.
    return CASSETTE_JPEG_OK;
}

int32_t CASSETTE_NAME(decode)(
    const uint8_t *source, size_t source_length, const cassette_jpeg_image *image, void *samples, size_t samples_length,
    cassette_jpeg_message *message) {
    struct decode_state state;
    struct jpeg_decompress_struct codec;
    memset(&state, 0, sizeof state);
    memset(&codec, 0, sizeof codec);
    set_errors(&state.errors, message);
    if (cassette_jpeg_length(image) != samples_length) {
        return CASSETTE_JPEG_MISMATCH;
    }
    if (image->precision_place >= source_length || image->precision == 0 || image->precision > BITS_IN_JSAMPLE) {
        return CASSETTE_JPEG_MISMATCH;
    }
    int is_whole = image->precision_place == 0;
    state.part = is_whole ? IN_REST : IN_HEAD;
    state.rest = source + image->precision_place + 1;
    state.rest_length = source_length - image->precision_place - 1;
    state.source = (struct jpeg_source_mgr){
        .next_input_byte = source,
        .bytes_in_buffer = is_whole ? source_length : image->precision_place,
        .init_source = init_source,
        .fill_input_buffer = fill_input_buffer,
        .skip_input_data = skip_input_data,
        .resync_to_restart = jpeg_resync_to_restart,
        .term_source = term_source,
    };
    state.progress.progress_monitor = progress_monitor;
    codec.err = &state.errors.manager;
    int32_t result = guarded_decode(&codec, &state, image, samples);
    jpeg_destroy_decompress(&codec);
    return result;
}

// Encoding

/// What an encoder writes to.
struct encode_state {
    struct jpeg_destination_mgr destination;
    struct error_state errors;
    uint8_t *stream;
    size_t capacity;
    size_t length;
    void *row;
};

static void init_destination(j_compress_ptr codec) {
    struct encode_state *state = codec->client_data;
    codec->dest->next_output_byte = state->stream;
    codec->dest->free_in_buffer = state->capacity;
}

static boolean empty_output_buffer(j_compress_ptr codec) {
    struct encode_state *state = codec->client_data;
    size_t doubled = state->capacity * 2;
    uint8_t *larger = realloc(state->stream, doubled);
    if (larger == NULL) leave_with((j_common_ptr)codec, CASSETTE_JPEG_MEMORY, "no memory for the stream");
    codec->dest->next_output_byte = larger + state->capacity;
    codec->dest->free_in_buffer = doubled - state->capacity;
    state->stream = larger;
    state->capacity = doubled;
    return TRUE;
}

static void term_destination(j_compress_ptr codec) {
    struct encode_state *state = codec->client_data;
    state->length = state->capacity - codec->dest->free_in_buffer;
}

static void set_lossy(j_compress_ptr codec, const cassette_jpeg_image *image) {
    jpeg_set_colorspace(codec, image->components == 3 ? JCS_YCbCr : JCS_GRAYSCALE);
    jpeg_set_quality(codec, (int)image->quality, TRUE);
    if (image->components == 3) {
        // Chrominance for each second pixel of a row, as YBR_FULL_422 says.
        codec->comp_info[0].h_samp_factor = 2;
        codec->comp_info[0].v_samp_factor = 1;
    }
}

static void set_lossless(j_compress_ptr codec, const cassette_jpeg_image *image) {
#if CASSETTE_HAS_LOSSLESS
    codec->data_precision = (int)image->precision;
    jpeg_simple_lossless(codec, 1, 0);
    jpeg_set_colorspace(codec, codec->in_color_space);
    for (int i = 0; i < codec->num_components; i++) {
        codec->comp_info[i].h_samp_factor = 1;
        codec->comp_info[i].v_samp_factor = 1;
        if (codec->jpeg_color_space == JCS_UNKNOWN) codec->comp_info[i].component_id = i + 1;
    }
#else
    (void)image;
    leave_with((j_common_ptr)codec, CASSETTE_JPEG_DAMAGED, "this library has no lossless JPEG");
#endif
}

static void write_rows(j_compress_ptr codec, const cassette_jpeg_image *image, const uint8_t *samples) {
    struct encode_state *state = codec->client_data;
    size_t row_length = (size_t)image->columns * image->components * sizeof(JSAMPLE);
    int is_direct = cassette_jpeg_row_lies_ready(image, sizeof(JSAMPLE));
    if (!is_direct) state->row = codec->mem->alloc_large((j_common_ptr)codec, JPOOL_IMAGE, row_length);
    while (codec->next_scanline < codec->image_height) {
        size_t y = codec->next_scanline;
        // The library only reads the row.
        JSAMPROW row = is_direct ? (JSAMPROW)(samples + y * row_length) : (JSAMPROW)state->row;
        if (!is_direct) cassette_jpeg_gather(image, samples, y, row, sizeof(JSAMPLE));
        if (jpeg_write_scanlines(codec, &row, 1) == 0) {
            leave_with((j_common_ptr)codec, CASSETTE_JPEG_DAMAGED, "no row was encoded");
        }
    }
}

static void write_image(j_compress_ptr codec, struct encode_state *state, const cassette_jpeg_image *image,
                        const uint8_t *samples) {
    codec->client_data = state;
    codec->dest = &state->destination;
    codec->image_width = image->columns;
    codec->image_height = image->rows;
    codec->input_components = (int)image->components;
    // Lossless RGB is marked as such; other lossless colour has no mark, and nobody shall convert it.
    J_COLOR_SPACE other = image->quality > 0 ? JCS_YCbCr : JCS_UNKNOWN;
    codec->in_color_space = image->components == 1 ? JCS_GRAYSCALE
        : image->components != 3 ? JCS_UNKNOWN : image->is_rgb ? JCS_RGB : other;
    jpeg_set_defaults(codec);
    if (image->quality > 0) {
        set_lossy(codec, image);
    } else {
        set_lossless(codec, image);
    }
    jpeg_start_compress(codec, TRUE);
    write_rows(codec, image, samples);
    jpeg_finish_compress(codec);
}

static int32_t guarded_encode(
    j_compress_ptr codec, struct encode_state *state, const cassette_jpeg_image *image, const void *samples) {
    if (setjmp(state->errors.leave) != 0) return state->errors.result;
    jpeg_create_compress(codec);
    write_image(codec, state, image, samples);
    return CASSETTE_JPEG_OK;
}

int32_t CASSETTE_NAME(encode)(
    const void *samples, size_t samples_length, const cassette_jpeg_image *image, uint8_t **stream,
    size_t *stream_length, cassette_jpeg_message *message) {
    struct encode_state state;
    struct jpeg_compress_struct codec;
    memset(&state, 0, sizeof state);
    memset(&codec, 0, sizeof codec);
    set_errors(&state.errors, message);
    *stream = NULL;
    *stream_length = 0;
    if (cassette_jpeg_length(image) != samples_length || image->precision == 0
        || image->precision > 8 * sizeof(JSAMPLE)) {
        return CASSETTE_JPEG_MISMATCH;
    }
    state.capacity = samples_length / 2 + 4096;
    state.stream = malloc(state.capacity);
    if (state.stream == NULL) return CASSETTE_JPEG_MEMORY;
    state.destination.init_destination = init_destination;
    state.destination.empty_output_buffer = empty_output_buffer;
    state.destination.term_destination = term_destination;
    codec.err = &state.errors.manager;
    int32_t result = guarded_encode(&codec, &state, image, samples);
    jpeg_destroy_compress(&codec);
    if (result != CASSETTE_JPEG_OK) {
        free(state.stream);
        return result;
    }
    *stream = state.stream;
    *stream_length = state.length;
    return CASSETTE_JPEG_OK;
}
