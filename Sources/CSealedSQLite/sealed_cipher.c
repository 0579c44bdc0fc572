#include "sealed_cipher.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <string.h>

enum { ASSOCIATED_DATA = SEALED_FILE_ID + 4 + 8, FORMAT_VERSION = 1 };

void sealed_put(unsigned char *bytes, int width, uint64_t value) {
    for (int index = width - 1; index >= 0; index--) {
        bytes[index] = (unsigned char)(value & 0xFF);
        value >>= 8;
    }
}

uint64_t sealed_get(const unsigned char *bytes, int width) {
    uint64_t value = 0;
    for (int index = 0; index < width; index++) value = (value << 8) | bytes[index];
    return value;
}

// HKDF-SHA-256 with the file id as salt: every file has keys of its own, hence a nonce budget of its own.
static int derive(const unsigned char *key, const unsigned char *file_id, const char *purpose, unsigned char *out) {
    EVP_KDF *function = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *context = function ? EVP_KDF_CTX_new(function) : NULL;
    EVP_KDF_free(function);
    if (!context) return 0;
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)"SHA256", 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)key, SEALED_KEY),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)file_id, SEALED_FILE_ID),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)purpose, strlen(purpose)),
        OSSL_PARAM_construct_end(),
    };
    int done = EVP_KDF_derive(context, out, SEALED_KEY, parameters) == 1;
    EVP_KDF_CTX_free(context);
    return done;
}

int sealed_cipher_derive(
    SealedCipher *cipher,
    const unsigned char *key,
    const unsigned char *file_id,
    const char *purpose
) {
    sealed_cipher_clear(cipher);
    unsigned char derived[SEALED_KEY];
    int done = derive(key, file_id, purpose, derived);
    if (done) {
        cipher->sealing = EVP_CIPHER_CTX_new();
        cipher->opening = EVP_CIPHER_CTX_new();
        done = cipher->sealing && cipher->opening
            && EVP_EncryptInit_ex(cipher->sealing, EVP_aes_256_gcm(), NULL, derived, NULL) == 1
            && EVP_DecryptInit_ex(cipher->opening, EVP_aes_256_gcm(), NULL, derived, NULL) == 1;
    }
    OPENSSL_cleanse(derived, sizeof derived);
    if (!done) sealed_cipher_clear(cipher);
    return done;
}

void sealed_cipher_clear(SealedCipher *cipher) {
    // Freeing a context cleanses its key schedule.
    EVP_CIPHER_CTX_free(cipher->sealing);
    EVP_CIPHER_CTX_free(cipher->opening);
    cipher->sealing = NULL;
    cipher->opening = NULL;
}

int sealed_cipher_is_ready(const SealedCipher *cipher) { return cipher->sealing != NULL; }

static void associate(const SealedPlace *place, unsigned char *data) {
    memcpy(data, place->file_id, SEALED_FILE_ID);
    data[16] = FORMAT_VERSION;
    data[17] = (unsigned char)place->kind;
    data[18] = 0;
    data[19] = 0;
    sealed_put(data + 20, 8, place->number);
}

int sealed_seal(SealedCipher *cipher, const SealedPlace *place, const unsigned char *plain, int count, unsigned char *unit) {
    unsigned char data[ASSOCIATED_DATA];
    // Not straight into `unit`: in place, the nonce would go where the caller's plain text may still be.
    unsigned char nonce[SEALED_NONCE];
    associate(place, data);
    int length = 0;
    int done = RAND_bytes(nonce, SEALED_NONCE) == 1
        && EVP_EncryptInit_ex(cipher->sealing, NULL, NULL, NULL, nonce) == 1
        && EVP_EncryptUpdate(cipher->sealing, NULL, &length, data, ASSOCIATED_DATA) == 1
        && EVP_EncryptUpdate(cipher->sealing, unit, &length, plain, count) == 1 && length == count
        && EVP_EncryptFinal_ex(cipher->sealing, unit + count, &length) == 1
        && EVP_CIPHER_CTX_ctrl(
               cipher->sealing, EVP_CTRL_GCM_GET_TAG, SEALED_TAG, unit + count + SEALED_NONCE
           ) == 1;
    if (!done) return 0;
    memcpy(unit + count, nonce, SEALED_NONCE);
    return 1;
}

int sealed_open(SealedCipher *cipher, const SealedPlace *place, const unsigned char *unit, int count, unsigned char *plain) {
    unsigned char data[ASSOCIATED_DATA];
    unsigned char tag[SEALED_TAG];
    associate(place, data);
    memcpy(tag, unit + count + SEALED_NONCE, SEALED_TAG);
    int length = 0;
    int done = EVP_DecryptInit_ex(cipher->opening, NULL, NULL, NULL, unit + count) == 1
        && EVP_DecryptUpdate(cipher->opening, NULL, &length, data, ASSOCIATED_DATA) == 1
        && EVP_DecryptUpdate(cipher->opening, plain, &length, unit, count) == 1 && length == count
        && EVP_CIPHER_CTX_ctrl(cipher->opening, EVP_CTRL_GCM_SET_TAG, SEALED_TAG, tag) == 1
        && EVP_DecryptFinal_ex(cipher->opening, tag, &length) == 1;
    // Unauthenticated plain text never leaves this function.
    if (!done) OPENSSL_cleanse(plain, (size_t)count);
    return done;
}
