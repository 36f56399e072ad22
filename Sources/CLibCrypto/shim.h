#ifndef TRANCHE_CLIBCRYPTO_SHIM_H
#define TRANCHE_CLIBCRYPTO_SHIM_H

#include <openssl/evp.h>

#endif
