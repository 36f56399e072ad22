#ifndef TRANCHE_CLIBMONGOC_SHIM_H
#define TRANCHE_CLIBMONGOC_SHIM_H

#include <mongoc/mongoc.h>

#endif
