#ifndef SEALED_CIPHER_H
#define SEALED_CIPHER_H

#include <openssl/evp.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SEALED_KEY = 32,
    SEALED_FILE_ID = 16,
    SEALED_NONCE = 12,
    SEALED_TAG = 16,
    // What sealing adds to a unit: ciphertext | nonce | tag.
    SEALED_OVERHEAD = SEALED_NONCE + SEALED_TAG,
};

/// Where a unit belongs; part of its associated data, so that it opens nowhere else.
typedef enum {
    SEALED_KIND_HEADER = 0,
    SEALED_KIND_PAGE = 1,
    SEALED_KIND_WAL_HEADER = 2,
    SEALED_KIND_FRAME_HEADER = 3,
    SEALED_KIND_FRAME_PAGE = 4,
} SealedKind;

typedef struct {
    unsigned char file_id[SEALED_FILE_ID];
    SealedKind kind;
    // Slot of the header, page number, or index of the frame.
    uint64_t number;
} SealedPlace;

/// AES-256-GCM with its key schedule kept; one per open file, as SQLite uses a file from one thread at a time.
typedef struct {
    EVP_CIPHER_CTX *sealing;
    EVP_CIPHER_CTX *opening;
} SealedCipher;

// Each returns 1 on success and 0 on failure.
int sealed_cipher_derive(
    SealedCipher *cipher,
    const unsigned char *key,
    const unsigned char *file_id,
    const char *purpose
);
void sealed_cipher_clear(SealedCipher *cipher);
int sealed_cipher_is_ready(const SealedCipher *cipher);

/// Writes `count` bytes of ciphertext, the nonce and the tag to `unit`; `plain` may be `unit`.
int sealed_seal(SealedCipher *cipher, const SealedPlace *place, const unsigned char *plain, int count, unsigned char *unit);

/// Writes `count` bytes to `plain`, or zeros if the unit is not authentic; `plain` may be `unit`.
int sealed_open(SealedCipher *cipher, const SealedPlace *place, const unsigned char *unit, int count, unsigned char *plain);

void sealed_put(unsigned char *bytes, int width, uint64_t value);
uint64_t sealed_get(const unsigned char *bytes, int width);

#endif
