#ifndef CASSETTE_TESSERACT_H
#define CASSETTE_TESSERACT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Reads text in pictures; used by one thread at a time.
struct cassette_text_reader;

/// What became of a call.
enum cassette_text_result {
    CASSETTE_TEXT_OK = 0,
    /// The library, Tesseract 5, is not on this machine.
    CASSETTE_TEXT_NO_LIBRARY = 1,
    /// The library is there, the data of a language is not.
    CASSETTE_TEXT_NO_LANGUAGE = 2,
    /// The library refused the picture.
    CASSETTE_TEXT_REFUSED = 3,
    /// No memory.
    CASSETTE_TEXT_MEMORY = 4,
    /// The words do not fit the output.
    CASSETTE_TEXT_TOO_MANY = 5,
};

/// Loads the library and the data of its languages: all that is read from files, so that none is needed later.
///
/// - languages: names of Tesseract, with a plus sign between them: `eng`.
/// - reader: receives what is to be closed with `cassette_text_close`.
enum cassette_text_result cassette_text_open(const char *languages, struct cassette_text_reader **reader);

/// Finds words in a grey picture, dark text on a light ground.
///
/// - samples: `width * height` bytes, row by row, 0 black.
/// - output: receives, for each word, x, y, width, height (4 bytes each, little-endian), the confidence in hundredths of
///   a percent (2), the length of its text (2), and the text in UTF-8.
/// - length: receives how many bytes that is.
enum cassette_text_result cassette_text_read(
    struct cassette_text_reader *reader, const uint8_t *samples, uint32_t width, uint32_t height, uint8_t *output,
    size_t capacity, size_t *length
);

/// Gives back what `cassette_text_open` gave.
void cassette_text_close(struct cassette_text_reader *reader);

#ifdef __cplusplus
}
#endif

#endif
