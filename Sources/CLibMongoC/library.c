#include "driver_forward.h"

#include <stdlib.h>

#define TRANCHE_FUNCTION(name) TRANCHE_FORWARD(name)
#include "include/functions.h"
#undef TRANCHE_FUNCTION

#define TRANCHE_FUNCTION(name) TRANCHE_LIST(name)
static const struct tranche_function functions[] = {
#include "include/functions.h"
};
#undef TRANCHE_FUNCTION

static struct tranche_library library = {
    "libmongoc-1.0.so.0", "libmongoc-1.0-0", "1.20", functions, sizeof functions / sizeof functions[0], 0,
};

struct tranche_library *tranche_libmongoc(void) { return &library; }

// The library starts itself when it is opened, and says on standard error where /dev/shm has no room for
// its counters. Nobody reads them: they are kept in plain memory, as this variable says. It is set before
// main, while there is no other thread that might read the environment; one that is set stays.
__attribute__((constructor)) static void keep_counters_private(void) {
    setenv("MONGOC_DISABLE_SHM", "1", 0);
}
