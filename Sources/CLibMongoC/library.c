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
    "libmongoc-1.0.so.0", "libmongoc-1.0-0", "1.20", functions, sizeof functions / sizeof functions[0], 0,
};

struct tranche_library *tranche_libmongoc(void) { return &library; }
