#include "COpenJPH.h"
#include "library_fault.hpp"
#include "silent_messages.hpp"

#include <openjph/ojph_arch.h>
#include <openjph/ojph_codestream.h>
#include <openjph/ojph_file.h>
#include <openjph/ojph_mem.h>
#include <openjph/ojph_params.h>

#include <cstring>
#include <new>

namespace {

struct WrongLength {};

// Bytes in memory; never read beyond their end.
//
// Whoever wants more than there is, or more than a marker segment or a code-block can be, gets an exception: where a
// damaged packet tells a wrong length the library writes beyond its memory, zeros in place of what lacks. Streams are
// known to be whole before they come here.
class MemoryInput : public ojph::infile_base {
public:
    MemoryInput(const uint8_t *bytes, size_t length) : bytes(bytes), length(length) {}

    size_t read(void *target, size_t count) override {
        if (count > length - position || count > longest_read) throw WrongLength();
        if (count > 0) std::memcpy(target, bytes + position, count);
        position += count;
        return count;
    }

    int seek(ojph::si64 offset, enum seek origin) override {
        ojph::si64 start = origin == OJPH_SEEK_SET ? 0 : origin == OJPH_SEEK_CUR ? tell() : ojph::si64(length);
        ojph::si64 target = 0;
        if (__builtin_add_overflow(start, offset, &target)) return -1;
        if (target < 0 || target > ojph::si64(length)) return -1;
        position = size_t(target);
        return 0;
    }

    ojph::si64 tell() override { return ojph::si64(position); }

    bool eof() override { return position == length; }

private:
    static constexpr size_t longest_read = 1 << 16;
    const uint8_t *bytes;
    size_t length;
    size_t position = 0;
};

// One line of one component, to its places in memory.
template <typename Sample>
void copy_line(
    const ojph::si32 *line, Sample *target, size_t count, size_t stride, ojph::si32 low, ojph::si32 high, uint32_t mask,
    uint32_t sign
) {
    for (size_t index = 0; index < count; index++) {
        ojph::si32 value = line[index];
        // The irreversible transform goes beyond the range.
        value = value < low ? low : value > high ? high : value;
        target[index * stride] = Sample(((uint32_t(value) & mask) ^ sign) - sign);
    }
}

bool matches(ojph::codestream &codestream, const cassette_jph_image &image) {
    ojph::param_siz size = codestream.access_siz();
    if (size.get_num_components() != image.samples) return false;
    for (uint32_t index = 0; index < image.samples; index++) {
        if (size.get_recon_width(index) != image.columns || size.get_recon_height(index) != image.rows) return false;
        if (size.get_bit_depth(index) != image.precision || size.is_signed(index) != (image.is_signed != 0)) return false;
    }
    return true;
}

// Sets `has_begun` when the header has been accepted.
cassette_jph_result decode(
    const uint8_t *bytes, size_t length, const cassette_jph_image &image, const cassette_jph_widening &widening,
    uint8_t *samples, bool &has_begun
) {
    MemoryInput input(bytes, length);
    ojph::codestream codestream;
    [[maybe_unused]] LibraryCall call;
    if (CASSETTE_LIBRARY_FAILS()) return CASSETTE_JPH_REFUSED;
    codestream.read_headers(&input);
    if (!matches(codestream, image)) return CASSETTE_JPH_MISMATCH;
    codestream.set_planar(false);
    has_begun = true;
    codestream.create();
    ojph::si32 low = image.is_signed ? -ojph::si32(1u << (image.precision - 1)) : 0;
    ojph::si32 high = ojph::si32((1u << (image.precision - (image.is_signed ? 1 : 0))) - 1);
    size_t stride = image.samples;
    for (size_t row = 0; row < image.rows; row++) {
        for (uint32_t index = 0; index < image.samples; index++) {
            ojph::ui32 component = 0;
            ojph::line_buf *line = codestream.pull(component);
            if (!line || component != index || line->size < image.columns) return CASSETTE_JPH_REFUSED;
            size_t start = row * image.columns * stride + index;
            switch (image.sample_bytes) {
            case 1:
                copy_line(line->i32, samples + start, image.columns, stride, low, high, widening.mask, widening.sign);
                break;
            case 2: {
                uint16_t *target = reinterpret_cast<uint16_t *>(samples) + start;
                if (stride == 1) {
                    // A stride that the compiler knows makes one loop of whole vectors.
                    copy_line(line->i32, target, image.columns, 1, low, high, widening.mask, widening.sign);
                } else {
                    copy_line(line->i32, target, image.columns, stride, low, high, widening.mask, widening.sign);
                }
                break;
            }
            default:
                copy_line(
                    line->i32, reinterpret_cast<uint32_t *>(samples) + start, image.columns, stride, low, high,
                    widening.mask, widening.sign
                );
            }
        }
    }
    codestream.close();
    return CASSETTE_JPH_OK;
}

}  // namespace

extern "C" cassette_jph_result cassette_jph_decode(
    const uint8_t *bytes, size_t length, const cassette_jph_image *image, const cassette_jph_widening *widening,
    uint8_t *samples
) {
    bool has_begun = false;
    // No exception may pass into Swift.
    try {
        cassette_silence_messages();
        return decode(bytes, length, *image, *widening, samples, has_begun);
    } catch (const std::bad_alloc &) {
        return CASSETTE_JPH_MEMORY;
    } catch (...) {
        return has_begun ? CASSETTE_JPH_REFUSED : CASSETTE_JPH_UNSUPPORTED;
    }
}
