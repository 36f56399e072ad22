#define TRANCHE_LIBRARY tranche_libcurl
#define TRANCHE_LIBRARY_FILE "libcurl.so.4"
#define TRANCHE_LIBRARY_PACKAGE "libcurl4"
#define TRANCHE_LIBRARY_VERSION "7.85"

#include "driver_library.h"
