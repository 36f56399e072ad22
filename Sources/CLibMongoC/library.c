#define TRANCHE_LIBRARY tranche_libmongoc
#define TRANCHE_LIBRARY_FILE "libmongoc-1.0.so.0"
#define TRANCHE_LIBRARY_PACKAGE "libmongoc-1.0-0"
#define TRANCHE_LIBRARY_VERSION "1.20"

#include "driver_library.h"
