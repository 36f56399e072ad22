#include "driver_forward.h"

#define TRANCHE_FUNCTION(name) TRANCHE_FORWARD(name)
#include "include/functions.h"
#undef TRANCHE_FUNCTION

#define TRANCHE_FUNCTION(name) TRANCHE_LIST(name)
static const struct tranche_function functions[] = {
#include "include/functions.h"
};
#undef TRANCHE_FUNCTION

static struct tranche_library library = {
    "libpq.so.5", "libpq5", "14", functions, sizeof functions / sizeof functions[0], 0,
};

struct tranche_library *tranche_libpq(void) { return &library; }
