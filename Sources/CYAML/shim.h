#ifndef TRANCHE_CYAML_SHIM_H
#define TRANCHE_CYAML_SHIM_H

#include <yaml.h>

#endif
