#ifndef CPKCS11_H
#define CPKCS11_H

#include <stddef.h>
#include <stdint.h>

/// What is to be done with the AES key of a token.
enum cassette_pkcs11_work {
    /// Only look whether the key is there.
    CASSETTE_PKCS11_FIND = 0,
    /// Make the key when it is not there.
    CASSETTE_PKCS11_MAKE = 1,
    /// AES-256-GCM: the output is a nonce of 12 bytes, the ciphertext and a tag of 16 bytes.
    CASSETTE_PKCS11_SEAL = 2,
    /// The opposite.
    CASSETTE_PKCS11_OPEN = 3,
};

/// Where work failed.
enum cassette_pkcs11_stage {
    CASSETTE_PKCS11_DONE = 0,
    /// The module cannot be loaded or is none.
    CASSETTE_PKCS11_MODULE,
    /// The module does not start.
    CASSETTE_PKCS11_START,
    /// There is no token with that label.
    CASSETTE_PKCS11_TOKEN,
    /// No session.
    CASSETTE_PKCS11_SESSION,
    /// The PIN is wrong or locked.
    CASSETTE_PKCS11_LOGIN,
    /// There is no key with that label.
    CASSETTE_PKCS11_NO_KEY,
    /// There are several keys with that label.
    CASSETTE_PKCS11_SEVERAL_KEYS,
    /// The key cannot be made.
    CASSETTE_PKCS11_MAKE_FAILED,
    /// The token did not seal or open.
    CASSETTE_PKCS11_CRYPT,
};

/// Works with the AES-256 key `key_label` of the token `token_label`, in a session of its own.
///
/// One call at a time: a token that logs out logs all sessions out.
///
/// `output` takes `*output_length` bytes at most, and `*output_length` tells how many there are. `*code` is what the module
/// returned. Nothing is kept but the loaded module.
enum cassette_pkcs11_stage cassette_pkcs11(
    const char *module, const char *token_label, const uint8_t *pin, size_t pin_length, const char *key_label,
    enum cassette_pkcs11_work work, const uint8_t *context, size_t context_length, const uint8_t *input,
    size_t input_length, uint8_t *output, size_t *output_length, unsigned long *code);

#endif
