// Defines the forwarders of a library. Each jumps to where the library's function was found, whatever its
// arguments are, variable lists included: it is what the linker would have made for a library that it knows.

#ifndef TRANCHE_CDRIVER_FORWARD_H
#define TRANCHE_CDRIVER_FORWARD_H

#include <stdatomic.h>
#include <stddef.h>

#include "driver_open.h"

struct tranche_function {
    const char *name;
    void **place;
};

struct tranche_library {
    const char *file;
    const char *package;
    const char *version;
    const struct tranche_function *functions;
    size_t count;
    atomic_int is_open;
};

// Where all functions lead until their library is open: says so, and aborts.
void tranche_not_opened(void);

#if defined(__x86_64__)
#define TRANCHE_JUMP(place) "endbr64\n jmp *" place "(%rip)\n"
#elif defined(__aarch64__)
#define TRANCHE_JUMP(place) \
    "hint #34\n adrp x16, " place "\n ldr x16, [x16, :lo12:" place "]\n br x16\n"
#else
#error "forwarders are written for x86-64 and ARM64 alone: add a jump for this processor"
#endif

#define TRANCHE_FORWARD(name) \
    __attribute__((visibility("hidden"))) void *tranche_place_##name = (void *)tranche_not_opened; \
    __asm__(".pushsection .text.tranche_late_" #name ",\"ax\",@progbits\n" \
            ".globl tranche_late_" #name "\n.hidden tranche_late_" #name "\n" \
            ".type tranche_late_" #name ",@function\n.p2align 4\n" \
            "tranche_late_" #name ":\n " TRANCHE_JUMP("tranche_place_" #name) \
            ".size tranche_late_" #name ", .-tranche_late_" #name "\n.popsection\n");

#define TRANCHE_LIST(name) {#name, &tranche_place_##name},

#endif
