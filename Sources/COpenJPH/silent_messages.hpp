#ifndef CASSETTE_SILENT_MESSAGES_HPP
#define CASSETTE_SILENT_MESSAGES_HPP

// Makes the library silent, and its errors exceptions; any number of times, from any thread.
void cassette_silence_messages();

#endif
