#include "COpenJPH.h"
#include "library_fault.hpp"
#include "silent_messages.hpp"

#include <openjph/ojph_arch.h>
#include <openjph/ojph_codestream.h>
#include <openjph/ojph_file.h>
#include <openjph/ojph_mem.h>
#include <openjph/ojph_params.h>

#include <cstdlib>
#include <cstring>
#include <new>

namespace {

// Bytes that grow, until somebody takes them.
class MemoryOutput : public ojph::outfile_base {
public:
    ~MemoryOutput() override { std::free(bytes); }

    size_t write(const void *source, size_t count) override {
        if (count > capacity - length) {
            size_t larger = capacity ? capacity : 1 << 16;
            while (larger - length < count) larger *= 2;
            void *moved = std::realloc(bytes, larger);
            if (!moved) throw std::bad_alloc();
            bytes = static_cast<uint8_t *>(moved);
            capacity = larger;
        }
        std::memcpy(bytes + length, source, count);
        length += count;
        return count;
    }

    ojph::si64 tell() override { return ojph::si64(length); }

    uint8_t *take() {
        uint8_t *taken = bytes;
        bytes = nullptr;
        return taken;
    }

    size_t length = 0;

private:
    uint8_t *bytes = nullptr;
    size_t capacity = 0;
};

template <typename Sample>
void copy_line(const Sample *source, ojph::si32 *line, size_t count, size_t stride) {
    for (size_t index = 0; index < count; index++) line[index] = ojph::si32(source[index * stride]);
}

void fill_line(const uint8_t *samples, const cassette_jph_image &image, size_t start, ojph::si32 *line) {
    size_t count = image.columns, stride = image.samples;
    switch (image.sample_bytes) {
    case 1:
        if (image.is_signed) {
            copy_line(reinterpret_cast<const int8_t *>(samples) + start, line, count, stride);
        } else {
            copy_line(samples + start, line, count, stride);
        }
        break;
    case 2:
        if (image.is_signed) {
            copy_line(reinterpret_cast<const int16_t *>(samples) + start, line, count, stride);
        } else {
            copy_line(reinterpret_cast<const uint16_t *>(samples) + start, line, count, stride);
        }
        break;
    default: copy_line(reinterpret_cast<const int32_t *>(samples) + start, line, count, stride);
    }
}

void set_parameters(ojph::codestream &codestream, const cassette_jph_image &image, const cassette_jph_options &options) {
    ojph::param_siz size = codestream.access_siz();
    size.set_image_extent(ojph::point(image.columns, image.rows));
    size.set_num_components(image.samples);
    for (uint32_t index = 0; index < image.samples; index++) {
        size.set_component(index, ojph::point(1, 1), image.precision, image.is_signed != 0);
    }
    ojph::param_cod coding = codestream.access_cod();
    coding.set_num_decomposition(options.decompositions);
    coding.set_block_dims(64, 64);
    coding.set_progression_order("RPCL");
    coding.set_color_transform(options.has_color_transform != 0 && image.samples == 3);
    coding.set_reversible(options.is_reversible != 0);
    if (!options.is_reversible) codestream.access_qcd().set_irrev_quant(options.step);
    codestream.set_planar(false);
}

cassette_jph_result encode(
    const uint8_t *samples, const cassette_jph_image &image, const cassette_jph_options &options, uint8_t **bytes,
    size_t *length
) {
    MemoryOutput output;
    ojph::codestream codestream;
    [[maybe_unused]] LibraryCall call;
    if (CASSETTE_LIBRARY_FAILS()) return CASSETTE_JPH_REFUSED;
    set_parameters(codestream, image, options);
    codestream.write_headers(&output);
    ojph::ui32 next = 0;
    ojph::line_buf *line = codestream.exchange(nullptr, next);
    for (size_t row = 0; row < image.rows; row++) {
        for (uint32_t index = 0; index < image.samples; index++) {
            if (!line || next != index || line->size < image.columns) return CASSETTE_JPH_REFUSED;
            fill_line(samples, image, row * image.columns * image.samples + index, line->i32);
            line = codestream.exchange(line, next);
        }
    }
    codestream.flush();
    codestream.close();
    *length = output.length;
    *bytes = output.take();
    return CASSETTE_JPH_OK;
}

}  // namespace

extern "C" cassette_jph_result cassette_jph_encode(
    const uint8_t *samples, const cassette_jph_image *image, const cassette_jph_options *options, uint8_t **bytes,
    size_t *length
) {
    // No exception may pass into Swift.
    try {
        cassette_silence_messages();
        return encode(samples, *image, *options, bytes, length);
    } catch (const std::bad_alloc &) {
        return CASSETTE_JPH_MEMORY;
    } catch (...) {
        return CASSETTE_JPH_REFUSED;
    }
}

extern "C" void cassette_jph_free(uint8_t *bytes) { std::free(bytes); }
