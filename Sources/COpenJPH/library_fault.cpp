#include "library_fault.hpp"

#ifdef CASSETTE_FUZZING

#include <cstddef>
#include <cstdio>
#include <cstdlib>

namespace {

thread_local jmp_buf exit_of_call;
thread_local bool is_in_call = false;
thread_local unsigned long faults = 0;

[[noreturn]] void leave(const char *text) {
    faults++;
    // The numbers of 1, 2, 4, 8 ... are enough to see.
    if ((faults & (faults - 1)) == 0) std::fprintf(stderr, "OpenJPH: fault %lu: %s\n", faults, text);
    std::longjmp(exit_of_call, 1);
}

// No piece of a frame that the fuzzer makes is as long: the library takes memory from blocks of this length.
constexpr size_t longest_fill = 1 << 20;

}  // namespace

LibraryCall::LibraryCall() { is_in_call = true; }

LibraryCall::~LibraryCall() { is_in_call = false; }

jmp_buf &cassette_exit_of_call() { return exit_of_call; }

extern "C" void *__asan_memset(void *target, int byte, size_t count);

// Both take the place of the functions of the C library and of the address sanitizer.

extern "C" void __assert_fail(const char *text, const char *, unsigned, const char *) noexcept {
    if (!is_in_call) std::abort();
    leave(text);
}

extern "C" void *memset(void *target, int byte, size_t count) noexcept {
    if (is_in_call && count >= longest_fill) leave("memory is filled beyond its end");
    return __asan_memset(target, byte, count);
}

#endif
