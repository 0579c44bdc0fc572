#include "silent_messages.hpp"

#include <openjph/ojph_message.h>

#include <cstdio>
#include <sys/types.h>

namespace {

ssize_t discard(void *, const char *, size_t count) { return ssize_t(count); }

}  // namespace

void cassette_silence_messages() {
    // The library asks for streams and crashes without: one that takes everything and keeps nothing, and that needs no
    // file. Handlers of our own it does not call. The initialisation of a local static is done once, by one thread.
    static FILE *const nowhere = [] {
        cookie_io_functions_t functions = {};
        functions.write = discard;
        FILE *stream = fopencookie(nullptr, "w", functions);
        if (stream) {
            ojph::set_info_stream(stream);
            ojph::set_warning_stream(stream);
            ojph::set_error_stream(stream);
        }
        return stream;
    }();
    (void)nowhere;
}
