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
    "libmicrohttpd.so.12", "libmicrohttpd12", "0.9.75", functions, sizeof functions / sizeof functions[0], 0,
};

struct tranche_library *tranche_libmicrohttpd(void) { return &library; }
