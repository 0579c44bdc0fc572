#include "silent_messages.hpp"

#include <openjph/ojph_message.h>

#include <stdexcept>

namespace {

class SilentInformation : public ojph::message_info {
public:
    void operator()(int, const char *, int, const char *, ...) override {}
};

class SilentWarning : public ojph::message_warning {
public:
    void operator()(int, const char *, int, const char *, ...) override {}
};

class ThrowingError : public ojph::message_error {
public:
    // What the library does, too, after it has printed the text.
    void operator()(int, const char *, int, const char *, ...) override { throw std::runtime_error("openjph"); }
};

}  // namespace

void cassette_silence_messages() {
    static SilentInformation information;
    static SilentWarning warning;
    static ThrowingError error;
    // The initialisation of a local static is done once, by one thread.
    static const bool is_silent = [] {
        ojph::configure_info(&information);
        ojph::configure_warning(&warning);
        ojph::configure_error(&error);
        return true;
    }();
    (void)is_silent;
}
