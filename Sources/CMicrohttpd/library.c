#define TRANCHE_LIBRARY tranche_libmicrohttpd
#define TRANCHE_LIBRARY_FILE "libmicrohttpd.so.12"
#define TRANCHE_LIBRARY_PACKAGE "libmicrohttpd12"
#define TRANCHE_LIBRARY_VERSION "0.9.75"

#include "driver_library.h"
