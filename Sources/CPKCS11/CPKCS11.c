#include "CPKCS11.h"

#include <dlfcn.h>
#include <string.h>

// The few declarations of PKCS #11 2.40 that are needed here.

typedef unsigned long CK_ULONG;
typedef CK_ULONG CK_RV;
typedef unsigned char CK_BYTE;

#define CKR_OK 0UL
#define CKR_USER_ALREADY_LOGGED_IN 0x100UL
#define CKR_CRYPTOKI_ALREADY_INITIALIZED 0x191UL
#define CKF_RW_SESSION 2UL
#define CKF_SERIAL_SESSION 4UL
#define CKF_OS_LOCKING_OK 2UL
#define CKU_USER 1UL
#define CKO_SECRET_KEY 4UL
#define CKK_AES 0x1fUL
#define CKM_AES_KEY_GEN 0x1080UL
#define CKM_AES_GCM 0x1087UL
#define CKA_CLASS 0UL
#define CKA_TOKEN 1UL
#define CKA_PRIVATE 2UL
#define CKA_LABEL 3UL
#define CKA_KEY_TYPE 0x100UL
#define CKA_SENSITIVE 0x103UL
#define CKA_ENCRYPT 0x104UL
#define CKA_DECRYPT 0x105UL
#define CKA_VALUE_LEN 0x161UL
#define CKA_EXTRACTABLE 0x162UL

typedef struct { CK_ULONG type; void *value; CK_ULONG length; } attribute;
typedef struct { CK_ULONG mechanism; void *parameter; CK_ULONG length; } mechanism;
typedef struct {
    CK_BYTE *iv;
    CK_ULONG iv_length, iv_bits;
    CK_BYTE *aad;
    CK_ULONG aad_length, tag_bits;
} gcm_parameters;
typedef struct {
    void *create_mutex, *destroy_mutex, *lock_mutex, *unlock_mutex;
    CK_ULONG flags;
    void *reserved;
} initialize_arguments;
typedef struct {
    CK_BYTE label[32], manufacturer[32], model[16], serial[16];
    CK_ULONG flags, counts[10];
    CK_BYTE versions[4], time[16];
} token_description;

// The list of functions: a version of two bytes, then one pointer for each function in the order of the standard.
typedef struct { CK_BYTE major, minor; void *functions[68]; } function_list;

enum {
    INITIALIZE = 0, GET_SLOT_LIST = 4, GET_TOKEN_INFO = 6, OPEN_SESSION = 12, CLOSE_SESSION = 13, LOGIN = 18,
    FIND_INIT = 26, FIND = 27, FIND_FINAL = 28, ENCRYPT_INIT = 29, ENCRYPT = 30, DECRYPT_INIT = 33, DECRYPT = 34,
    GENERATE_KEY = 58, GENERATE_RANDOM = 64
};

typedef CK_RV (*initialize_function)(void *);
typedef CK_RV (*slot_list_function)(CK_BYTE, CK_ULONG *, CK_ULONG *);
typedef CK_RV (*token_info_function)(CK_ULONG, token_description *);
typedef CK_RV (*open_session_function)(CK_ULONG, CK_ULONG, void *, void *, CK_ULONG *);
typedef CK_RV (*session_function)(CK_ULONG);
typedef CK_RV (*login_function)(CK_ULONG, CK_ULONG, CK_BYTE *, CK_ULONG);
typedef CK_RV (*find_init_function)(CK_ULONG, attribute *, CK_ULONG);
typedef CK_RV (*find_function)(CK_ULONG, CK_ULONG *, CK_ULONG, CK_ULONG *);
typedef CK_RV (*crypt_init_function)(CK_ULONG, mechanism *, CK_ULONG);
typedef CK_RV (*crypt_function)(CK_ULONG, CK_BYTE *, CK_ULONG, CK_BYTE *, CK_ULONG *);
typedef CK_RV (*generate_key_function)(CK_ULONG, mechanism *, attribute *, CK_ULONG, CK_ULONG *);
typedef CK_RV (*random_function)(CK_ULONG, CK_BYTE *, CK_ULONG);
typedef CK_RV (*get_function_list_function)(function_list **);

#define CALL(list, type, index) ((type)(list)->functions[index])
#define NONCE_LENGTH 12
#define TAG_LENGTH 16

static int find_slot(function_list *list, const char *label, CK_ULONG *slot, unsigned long *code) {
    CK_ULONG slots[64], count = 64;
    *code = CALL(list, slot_list_function, GET_SLOT_LIST)(1, slots, &count);
    if (*code != CKR_OK) return 0;
    size_t length = strlen(label);
    for (CK_ULONG index = 0; index < count && index < 64; index++) {
        token_description token;
        memset(&token, 0, sizeof token);
        if (CALL(list, token_info_function, GET_TOKEN_INFO)(slots[index], &token) != CKR_OK) continue;
        // Labels are filled up with spaces to 32 bytes.
        if (length > sizeof token.label || memcmp(token.label, label, length) != 0) continue;
        size_t rest = length;
        while (rest < sizeof token.label && token.label[rest] == ' ') rest++;
        if (rest < sizeof token.label) continue;
        *slot = slots[index];
        return 1;
    }
    return 0;
}

static CK_ULONG find_key(function_list *list, CK_ULONG session, const char *label, CK_ULONG keys[2],
                         unsigned long *code) {
    CK_ULONG class = CKO_SECRET_KEY, type = CKK_AES, count = 0;
    attribute wanted[] = {
        {CKA_CLASS, &class, sizeof class},
        {CKA_KEY_TYPE, &type, sizeof type},
        {CKA_LABEL, (void *)label, strlen(label)},
    };
    *code = CALL(list, find_init_function, FIND_INIT)(session, wanted, 3);
    if (*code != CKR_OK) return 0;
    *code = CALL(list, find_function, FIND)(session, keys, 2, &count);
    CALL(list, session_function, FIND_FINAL)(session);
    return *code == CKR_OK ? count : 0;
}

static int make_key(function_list *list, CK_ULONG session, const char *label, CK_ULONG *key, unsigned long *code) {
    CK_ULONG length = 32;
    CK_BYTE yes = 1, no = 0;
    mechanism generation = {CKM_AES_KEY_GEN, NULL, 0};
    attribute attributes[] = {
        {CKA_TOKEN, &yes, 1},     {CKA_PRIVATE, &yes, 1},     {CKA_SENSITIVE, &yes, 1},
        {CKA_EXTRACTABLE, &no, 1}, {CKA_ENCRYPT, &yes, 1},     {CKA_DECRYPT, &yes, 1},
        {CKA_VALUE_LEN, &length, sizeof length}, {CKA_LABEL, (void *)label, strlen(label)},
    };
    *code = CALL(list, generate_key_function, GENERATE_KEY)(session, &generation, attributes, 8, key);
    return *code == CKR_OK;
}

static int crypt(function_list *list, CK_ULONG session, CK_ULONG key, int seals, const uint8_t *context,
                 size_t context_length, const uint8_t *input, size_t input_length, uint8_t *output,
                 size_t *output_length, unsigned long *code) {
    CK_BYTE nonce[NONCE_LENGTH];
    size_t needed = seals ? NONCE_LENGTH + input_length + TAG_LENGTH : input_length;
    if (*output_length < needed || (!seals && input_length < NONCE_LENGTH + TAG_LENGTH)) return 0;
    if (seals) {
        *code = CALL(list, random_function, GENERATE_RANDOM)(session, nonce, NONCE_LENGTH);
        if (*code != CKR_OK) return 0;
    } else {
        memcpy(nonce, input, NONCE_LENGTH);
    }
    gcm_parameters parameters = {nonce, NONCE_LENGTH, 8 * NONCE_LENGTH, (CK_BYTE *)context, context_length,
                                 8 * TAG_LENGTH};
    mechanism gcm = {CKM_AES_GCM, &parameters, sizeof parameters};
    *code = CALL(list, crypt_init_function, seals ? ENCRYPT_INIT : DECRYPT_INIT)(session, &gcm, key);
    if (*code != CKR_OK) return 0;
    CK_ULONG length;
    if (seals) {
        memcpy(output, nonce, NONCE_LENGTH);
        length = *output_length - NONCE_LENGTH;
        *code = CALL(list, crypt_function, ENCRYPT)(session, (CK_BYTE *)input, input_length, output + NONCE_LENGTH,
                                                    &length);
        if (*code == CKR_OK) *output_length = NONCE_LENGTH + length;
    } else {
        length = *output_length;
        *code = CALL(list, crypt_function, DECRYPT)(session, (CK_BYTE *)input + NONCE_LENGTH,
                                                    input_length - NONCE_LENGTH, output, &length);
        if (*code == CKR_OK) *output_length = length;
    }
    return *code == CKR_OK;
}

static enum cassette_pkcs11_stage work_in_session(
    function_list *list, CK_ULONG session, const uint8_t *pin, size_t pin_length, const char *key_label,
    enum cassette_pkcs11_work work, const uint8_t *context, size_t context_length, const uint8_t *input,
    size_t input_length, uint8_t *output, size_t *output_length, unsigned long *code) {
    *code = CALL(list, login_function, LOGIN)(session, CKU_USER, (CK_BYTE *)pin, pin_length);
    if (*code != CKR_OK && *code != CKR_USER_ALREADY_LOGGED_IN) return CASSETTE_PKCS11_LOGIN;
    CK_ULONG keys[2];
    CK_ULONG count = find_key(list, session, key_label, keys, code);
    if (count > 1) return CASSETTE_PKCS11_SEVERAL_KEYS;
    if (count == 0 && work != CASSETTE_PKCS11_MAKE) return CASSETTE_PKCS11_NO_KEY;
    if (count == 0 && !make_key(list, session, key_label, keys, code)) return CASSETTE_PKCS11_MAKE_FAILED;
    if (work != CASSETTE_PKCS11_SEAL && work != CASSETTE_PKCS11_OPEN) return CASSETTE_PKCS11_DONE;
    int seals = work == CASSETTE_PKCS11_SEAL;
    return crypt(list, session, keys[0], seals, context, context_length, input, input_length, output, output_length,
                 code)
               ? CASSETTE_PKCS11_DONE
               : CASSETTE_PKCS11_CRYPT;
}

enum cassette_pkcs11_stage cassette_pkcs11(
    const char *module, const char *token_label, const uint8_t *pin, size_t pin_length, const char *key_label,
    enum cassette_pkcs11_work work, const uint8_t *context, size_t context_length, const uint8_t *input,
    size_t input_length, uint8_t *output, size_t *output_length, unsigned long *code) {
    *code = 0;
    // Loading a module again gives the same one; it stays loaded for the life of the process.
    void *library = dlopen(module, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) return CASSETTE_PKCS11_MODULE;
    get_function_list_function get_list = (get_function_list_function)dlsym(library, "C_GetFunctionList");
    function_list *list = NULL;
    if (get_list == NULL || get_list(&list) != CKR_OK || list == NULL) return CASSETTE_PKCS11_MODULE;
    initialize_arguments arguments;
    memset(&arguments, 0, sizeof arguments);
    arguments.flags = CKF_OS_LOCKING_OK;
    *code = CALL(list, initialize_function, INITIALIZE)(&arguments);
    if (*code != CKR_OK && *code != CKR_CRYPTOKI_ALREADY_INITIALIZED) return CASSETTE_PKCS11_START;
    CK_ULONG slot = 0, session = 0;
    if (!find_slot(list, token_label, &slot, code)) return CASSETTE_PKCS11_TOKEN;
    *code = CALL(list, open_session_function, OPEN_SESSION)(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL,
                                                            &session);
    if (*code != CKR_OK) return CASSETTE_PKCS11_SESSION;
    enum cassette_pkcs11_stage stage =
        work_in_session(list, session, pin, pin_length, key_label, work, context, context_length, input, input_length,
                        output, output_length, code);
    CALL(list, session_function, CLOSE_SESSION)(session);
    return stage;
}
