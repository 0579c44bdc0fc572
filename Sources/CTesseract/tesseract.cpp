#include "CTesseract.h"

#include <cstring>
#include <dlfcn.h>
#include <new>

// Tesseract's C interface as its manual describes it. The library is loaded when somebody wants to read text and not
// before: it brings some twenty others with it, which neither the archive nor a codec should have in its memory, and a
// machine without it can do all but this.
namespace {

using Handle = void *;
using Iterator = void *;

constexpr int engine_of_networks = 1;   // OEM_LSTM_ONLY
constexpr int sparse_text = 11;         // PSM_SPARSE_TEXT
constexpr int level_of_words = 3;       // RIL_WORD
constexpr int resolution = 150;         // Of no consequence for networks, but a guess costs time.

struct Library {
    Handle (*create)() = nullptr;
    void (*destroy)(Handle) = nullptr;
    int (*init)(Handle, const char *, const char *, int, char **, int, char **, char **, size_t, int) = nullptr;
    int (*set_variable)(Handle, const char *, const char *) = nullptr;
    void (*set_mode)(Handle, int) = nullptr;
    void (*set_image)(Handle, const unsigned char *, int, int, int, int) = nullptr;
    void (*set_resolution)(Handle, int) = nullptr;
    int (*recognize)(Handle, void *) = nullptr;
    Iterator (*iterator)(Handle) = nullptr;
    void (*delete_iterator)(Iterator) = nullptr;
    int (*next)(Iterator, int) = nullptr;
    char *(*text)(Iterator, int) = nullptr;
    float (*confidence)(Iterator, int) = nullptr;
    void *(*page)(Iterator) = nullptr;
    int (*box)(void *, int, int *, int *, int *, int *) = nullptr;
    void (*delete_text)(const char *) = nullptr;
    void (*clear)(Handle) = nullptr;

    template <typename Function>
    static bool find(void *module, const char *name, Function &function) {
        function = reinterpret_cast<Function>(dlsym(module, name));
        return function != nullptr;
    }

    bool load() {
        // Never unloaded: libraries that it brings do not take that well.
        void *module = dlopen("libtesseract.so.5", RTLD_NOW | RTLD_LOCAL);
        if (!module) return false;
        return find(module, "TessBaseAPICreate", create) && find(module, "TessBaseAPIDelete", destroy)
            && find(module, "TessBaseAPIInit4", init) && find(module, "TessBaseAPISetVariable", set_variable)
            && find(module, "TessBaseAPISetPageSegMode", set_mode) && find(module, "TessBaseAPISetImage", set_image)
            && find(module, "TessBaseAPISetSourceResolution", set_resolution)
            && find(module, "TessBaseAPIRecognize", recognize) && find(module, "TessBaseAPIGetIterator", iterator)
            && find(module, "TessResultIteratorDelete", delete_iterator)
            && find(module, "TessResultIteratorNext", next) && find(module, "TessResultIteratorGetUTF8Text", text)
            && find(module, "TessResultIteratorConfidence", confidence)
            && find(module, "TessResultIteratorGetPageIterator", page)
            && find(module, "TessPageIteratorBoundingBox", box) && find(module, "TessDeleteText", delete_text)
            && find(module, "TessBaseAPIClear", clear);
    }
};

void put(uint8_t *&target, uint32_t value, int count) {
    for (int byte = 0; byte < count; byte++) *target++ = uint8_t(value >> (8 * byte));
}

}  // namespace

struct cassette_text_reader {
    Library library;
    Handle handle = nullptr;

    ~cassette_text_reader() {
        if (handle) library.destroy(handle);
    }

    cassette_text_result open(const char *languages) {
        if (!library.load()) return CASSETTE_TEXT_NO_LIBRARY;
        handle = library.create();
        if (!handle) return CASSETTE_TEXT_MEMORY;
        // Names and numbers are in no dictionary; messages go nowhere.
        const char *names[] = {"load_system_dawg", "load_freq_dawg", "debug_file"};
        const char *values[] = {"0", "0", "/dev/null"};
        int failure = library.init(
            handle, nullptr, languages, engine_of_networks, nullptr, 0, const_cast<char **>(names),
            const_cast<char **>(values), 3, 0
        );
        if (failure) return CASSETTE_TEXT_NO_LANGUAGE;
        // Whoever asks has made the text dark.
        library.set_variable(handle, "tessedit_do_invert", "0");
        library.set_mode(handle, sparse_text);
        return CASSETTE_TEXT_OK;
    }

    cassette_text_result write(Iterator words, uint8_t *output, size_t capacity, size_t &length) {
        constexpr size_t head = 20;
        constexpr size_t longest_text = 1000;
        do {
            char *text = library.text(words, level_of_words);
            if (!text) continue;
            size_t count = strnlen(text, longest_text);
            int left = 0, top = 0, right = 0, bottom = 0;
            bool has_place = library.box(library.page(words), level_of_words, &left, &top, &right, &bottom)
                && left >= 0 && top >= 0 && right > left && bottom > top;
            float confidence = library.confidence(words, level_of_words);
            if (has_place && capacity - length < head + count) {
                library.delete_text(text);
                return CASSETTE_TEXT_TOO_MANY;
            }
            if (has_place) {
                uint8_t *target = output + length;
                put(target, uint32_t(left), 4);
                put(target, uint32_t(top), 4);
                put(target, uint32_t(right - left), 4);
                put(target, uint32_t(bottom - top), 4);
                put(target, confidence > 0 ? confidence < 100 ? uint32_t(confidence * 100) : 10000 : 0, 2);
                put(target, uint32_t(count), 2);
                std::memcpy(target, text, count);
                length += head + count;
            }
            library.delete_text(text);
        } while (library.next(words, level_of_words));
        return CASSETTE_TEXT_OK;
    }

    cassette_text_result read(
        const uint8_t *samples, uint32_t width, uint32_t height, uint8_t *output, size_t capacity, size_t &length
    ) {
        library.set_image(handle, samples, int(width), int(height), 1, int(width));
        library.set_resolution(handle, resolution);
        if (library.recognize(handle, nullptr)) return CASSETTE_TEXT_REFUSED;
        Iterator words = library.iterator(handle);
        // No words.
        if (!words) return CASSETTE_TEXT_OK;
        cassette_text_result result = write(words, output, capacity, length);
        library.delete_iterator(words);
        return result;
    }
};

extern "C" cassette_text_result cassette_text_open(const char *languages, cassette_text_reader **reader) {
    *reader = nullptr;
    cassette_text_reader *made = nullptr;
    // No exception may pass into Swift.
    try {
        made = new cassette_text_reader();
        cassette_text_result result = made->open(languages);
        if (result != CASSETTE_TEXT_OK) {
            delete made;
            return result;
        }
        *reader = made;
        return CASSETTE_TEXT_OK;
    } catch (const std::bad_alloc &) {
        delete made;
        return CASSETTE_TEXT_MEMORY;
    } catch (...) {
        delete made;
        return CASSETTE_TEXT_REFUSED;
    }
}

extern "C" cassette_text_result cassette_text_read(
    cassette_text_reader *reader, const uint8_t *samples, uint32_t width, uint32_t height, uint8_t *output,
    size_t capacity, size_t *length
) {
    *length = 0;
    // As above.
    try {
        cassette_text_result result = reader->read(samples, width, height, output, capacity, *length);
        reader->library.clear(reader->handle);
        return result;
    } catch (const std::bad_alloc &) {
        return CASSETTE_TEXT_MEMORY;
    } catch (...) {
        return CASSETTE_TEXT_REFUSED;
    }
}

extern "C" void cassette_text_close(cassette_text_reader *reader) {
    // As above.
    try {
        delete reader;
    } catch (...) {
    }
}
