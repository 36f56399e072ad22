#ifndef TRANCHE_CYAML_SHIM_H
#define TRANCHE_CYAML_SHIM_H

// Opened when it is needed: Driver.open comes before the first call.
#include "driver_rename.h"
#define TRANCHE_FUNCTION(name) TRANCHE_RENAME(name)
#include "functions.h"
#undef TRANCHE_FUNCTION

#include <yaml.h>

// The library, to be opened.
struct tranche_library;
struct tranche_library *tranche_libyaml(void);

#endif
