#define TRANCHE_LIBRARY tranche_libcrypto
#define TRANCHE_LIBRARY_FILE "libcrypto.so.3"
#define TRANCHE_LIBRARY_PACKAGE "libssl3"
#define TRANCHE_LIBRARY_VERSION "3.0"

#include "driver_library.h"
