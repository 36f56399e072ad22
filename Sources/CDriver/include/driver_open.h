#ifndef TRANCHE_CDRIVER_OPEN_H
#define TRANCHE_CDRIVER_OPEN_H

#include <stddef.h>

// A library that is opened when it is needed, with the functions of it that are called.
struct tranche_library;

enum tranche_opening {
    TRANCHE_OPENED = 0,
    // The problem is the loader's, in its words.
    TRANCHE_ABSENT = 1,
    // The problem is the name of the first function that is missing.
    TRANCHE_INCOMPLETE = 2,
};

// Opens a library, unless it is open; it stays open. Any thread may call it, and whoever has it return
// TRANCHE_OPENED may call the library's functions. It blocks while files are read.
int tranche_open_library(struct tranche_library *library, char *problem, size_t size);

// The file's name with the version of its interface.
const char *tranche_library_file(const struct tranche_library *library);
// The package of Debian that has it.
const char *tranche_library_package(const struct tranche_library *library);
// The first version that has all functions.
const char *tranche_library_version(const struct tranche_library *library);

#endif
