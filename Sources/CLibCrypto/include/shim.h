#ifndef TRANCHE_CLIBCRYPTO_SHIM_H
#define TRANCHE_CLIBCRYPTO_SHIM_H

// Opened when it is needed: Driver.open comes before the first call.
#include "driver_rename.h"
#define TRANCHE_FUNCTION(name) TRANCHE_RENAME(name)
#include "functions.h"
#undef TRANCHE_FUNCTION

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <stdbool.h>
#include <stdint.h>

// Reads a private key; NULL when it is none. A key that is encrypted is none: nobody is asked for a pass
// phrase. Free with EVP_PKEY_free. Made here since the callback is a function of C.
static inline int tranche_no_pass_phrase(char *buffer, int size, int writing, void *context) {
    (void)buffer; (void)size; (void)writing; (void)context;
    return 0;
}
static inline EVP_PKEY *tranche_read_private_key(const char *pem, int size) {
    BIO *bio = BIO_new_mem_buf(pem, size);
    if (!bio) return NULL;
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, tranche_no_pass_phrase, NULL);
    BIO_free(bio);
    return key;
}

// EVP_PKEY_base_id is a macro in some versions.
static inline bool tranche_is_rsa(const EVP_PKEY *key) { return EVP_PKEY_base_id(key) == EVP_PKEY_RSA; }

// Whether some bytes are the same, in a time that does not tell how many of them are. No compiler may see
// through a volatile value.
static inline bool tranche_is_same(const uint8_t *bytes, const uint8_t *others, size_t count) {
    volatile uint8_t difference = 0;
    for (size_t place = 0; place < count; place++) difference |= bytes[place] ^ others[place];
    return difference == 0;
}

// The library, to be opened.
struct tranche_library;
struct tranche_library *tranche_libcrypto(void);

#endif
