#define TRANCHE_LIBRARY tranche_libpq
#define TRANCHE_LIBRARY_FILE "libpq.so.5"
#define TRANCHE_LIBRARY_PACKAGE "libpq5"
#define TRANCHE_LIBRARY_VERSION "14"

#include "driver_library.h"
