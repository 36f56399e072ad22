// Defines a library whose functions are listed in the "functions.h" of the target that includes this once. Defined
// before are TRANCHE_LIBRARY, the function that gives it, and TRANCHE_LIBRARY_FILE, _PACKAGE and _VERSION.

#include "driver_forward.h"

#define TRANCHE_FUNCTION(name) TRANCHE_FORWARD(name)
#include "functions.h"
#undef TRANCHE_FUNCTION

#define TRANCHE_FUNCTION(name) TRANCHE_LIST(name)
static const struct tranche_function functions[] = {
#include "functions.h"
};
#undef TRANCHE_FUNCTION

static struct tranche_library library = {
    TRANCHE_LIBRARY_FILE, TRANCHE_LIBRARY_PACKAGE, TRANCHE_LIBRARY_VERSION,
    functions, sizeof functions / sizeof functions[0], 0,
};

struct tranche_library *TRANCHE_LIBRARY(void) { return &library; }
