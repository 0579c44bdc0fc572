#include "rows.h"

size_t cassette_jpeg_length(const cassette_jpeg_image *image) {
    if (image->columns == 0 || image->rows == 0 || image->columns > 65535 || image->rows > 65535
        || image->components == 0 || image->components > 4 || image->sample_size == 0 || image->sample_size > 2) {
        return 0;
    }
    size_t pixels = (size_t)image->columns * image->rows;
    // Below 2^16 * 2^16 * 4 * 2: no overflow.
    return pixels * image->components * image->sample_size;
}

int cassette_jpeg_row_lies_ready(const cassette_jpeg_image *image, size_t row_size) {
    return image->sample_size == row_size && image->precision == 8 * row_size;
}

void cassette_jpeg_gather(const cassette_jpeg_image *image, const void *samples, size_t y, void *row, size_t row_size) {
    size_t count = (size_t)image->columns * image->components;
    uint32_t mask = (uint32_t)((UINT32_C(1) << image->precision) - 1);
    const uint8_t *bytes = (const uint8_t *)samples + y * count;
    const uint16_t *words = (const uint16_t *)samples + y * count;
    // A loop for each kind of row, so that the compiler can use vectors.
    if (image->sample_size == 1 && row_size == 1) {
        for (size_t i = 0; i < count; i++) ((uint8_t *)row)[i] = (uint8_t)(bytes[i] & mask);
    } else if (image->sample_size == 1) {
        for (size_t i = 0; i < count; i++) ((uint16_t *)row)[i] = (uint16_t)(bytes[i] & mask);
    } else if (row_size == 1) {
        for (size_t i = 0; i < count; i++) ((uint8_t *)row)[i] = (uint8_t)(words[i] & mask);
    } else {
        for (size_t i = 0; i < count; i++) ((uint16_t *)row)[i] = (uint16_t)(words[i] & mask);
    }
}

void cassette_jpeg_widen(const uint8_t *row, size_t count, uint16_t *samples) {
    for (size_t i = 0; i < count; i++) samples[i] = row[i];
}

static int16_t limited(int32_t sample) {
    return (int16_t)(sample < 0 ? 0 : sample > 4095 ? 4095 : sample);
}

void cassette_jpeg_convert_colors(int16_t *row, size_t pixels) {
    // 1.402, 0.71414, 0.34414 and 1.772 as fixed-point numbers with 16 digits, as the IJG code has them; half of the last
    // digit is added before it is cut off.
    for (size_t i = 0; i < pixels; i++, row += 3) {
        int32_t y = limited(row[0]);
        int32_t cb = limited(row[1]) - 2048;
        int32_t cr = limited(row[2]) - 2048;
        row[0] = limited(y + ((91881 * cr + 32768) >> 16));
        row[1] = limited(y + ((-22554 * cb - 46802 * cr + 32768) >> 16));
        row[2] = limited(y + ((116130 * cb + 32768) >> 16));
    }
}
