#ifndef CASSETTE_LIBRARY_FAULT_HPP
#define CASSETTE_LIBRARY_FAULT_HPP

// The library ends the process where its assertions fail, and fills memory that it has not got where a damaged packet
// tells a wrong length. In a worker, which nobody else depends on, nothing is done about it. Where the fuzzer runs, both
// end the call instead, so that it sees what else there is.
//
// CASSETTE_LIBRARY_FAILS() is false, and comes back as true when that happens before the calling function returns. What
// has a destructor that must run stands before it.

#ifdef CASSETTE_FUZZING

#include <csetjmp>

struct LibraryCall {
    LibraryCall();
    ~LibraryCall();
};

jmp_buf &cassette_exit_of_call();

#define CASSETTE_LIBRARY_FAILS() (setjmp(cassette_exit_of_call()) != 0)

#else

struct LibraryCall {};

#define CASSETTE_LIBRARY_FAILS() false

#endif

#endif
