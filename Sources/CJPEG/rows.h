#ifndef CASSETTE_JPEG_ROWS_H
#define CASSETTE_JPEG_ROWS_H

#include "CJPEG.h"

// Rows between the memory of an image and the row that a library reads or writes. `row_size` is the size of a library's
// sample: 1 or 2.

/// Bytes of all samples in memory; 0 when the image cannot be.
size_t cassette_jpeg_length(const cassette_jpeg_image *image);

/// Whether a library can read a row where it lies.
int cassette_jpeg_row_lies_ready(const cassette_jpeg_image *image, size_t row_size);

/// Gathers row `y` of an image into a library's row.
void cassette_jpeg_gather(const cassette_jpeg_image *image, const void *samples, size_t y, void *row, size_t row_size);

/// Widens a row of bytes into 16-bit samples.
void cassette_jpeg_widen(const uint8_t *row, size_t count, uint16_t *samples);

/// Makes RGB of YCbCr of 12 bits, pixel by pixel (ISO/IEC 10918-5, 7), within the range.
void cassette_jpeg_convert_colors(int16_t *row, size_t pixels);

#endif
