#include "driver_forward.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

// secure_getenv stands behind _GNU_SOURCE.
extern char *secure_getenv(const char *name);

static pthread_mutex_t opening = PTHREAD_MUTEX_INITIALIZER;

void tranche_not_opened(void) {
    fputs("a function of a library was called before the library was opened\n", stderr);
    abort();
}

// The folder that TRANCHE_LIBRARIES names goes before the loader's own places; a program that runs with
// the rights of another user does not listen to it.
static void *open_file(const char *file) {
    const char *folder = secure_getenv("TRANCHE_LIBRARIES");
    if (folder == NULL || folder[0] == 0) return dlopen(file, RTLD_NOW | RTLD_LOCAL);
    char path[4096];
    int length = snprintf(path, sizeof path, "%s/%s", folder, file);
    if (length < 0 || (size_t)length >= sizeof path) return NULL;
    return dlopen(path, RTLD_NOW | RTLD_LOCAL);
}

static int open_locked(struct tranche_library *library, char *problem, size_t size) {
    void *handle = open_file(library->file);
    if (handle == NULL) {
        const char *words = dlerror();
        snprintf(problem, size, "%s", words ? words : "the path is too long");
        return TRANCHE_ABSENT;
    }
    // Nothing leads into a library that lacks something.
    for (size_t index = 0; index < library->count; index++) {
        if (dlsym(handle, library->functions[index].name) == NULL) {
            snprintf(problem, size, "%s", library->functions[index].name);
            dlclose(handle);
            return TRANCHE_INCOMPLETE;
        }
    }
    for (size_t index = 0; index < library->count; index++) {
        *library->functions[index].place = dlsym(handle, library->functions[index].name);
    }
    atomic_store_explicit(&library->is_open, 1, memory_order_release);
    return TRANCHE_OPENED;
}

int tranche_open_library(struct tranche_library *library, char *problem, size_t size) {
    if (atomic_load_explicit(&library->is_open, memory_order_acquire)) return TRANCHE_OPENED;
    pthread_mutex_lock(&opening);
    int result = TRANCHE_OPENED;
    if (!atomic_load_explicit(&library->is_open, memory_order_relaxed)) {
        result = open_locked(library, problem, size);
    }
    pthread_mutex_unlock(&opening);
    return result;
}

const char *tranche_library_file(const struct tranche_library *library) { return library->file; }
const char *tranche_library_package(const struct tranche_library *library) { return library->package; }
const char *tranche_library_version(const struct tranche_library *library) { return library->version; }
