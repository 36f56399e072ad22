#define TRANCHE_LIBRARY tranche_libyaml
#define TRANCHE_LIBRARY_FILE "libyaml-0.so.2"
#define TRANCHE_LIBRARY_PACKAGE "libyaml-0-2"
#define TRANCHE_LIBRARY_VERSION "0.2"

#include "driver_library.h"
