#ifndef TRANCHE_CPCRE2_SHIM_H
#define TRANCHE_CPCRE2_SHIM_H

// Its functions are macros that need to know how wide a character is.
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stddef.h>

// The library's functions get their width from macros, which Swift cannot import.
static inline pcre2_code_8 *tranche_pcre2_compile(const uint8_t *pattern, size_t length, uint32_t options,
                                                  int *error, size_t *offset) {
    return pcre2_compile_8(pattern, length, options, error, offset, NULL);
}

static inline void tranche_pcre2_free(pcre2_code_8 *code) { pcre2_code_free_8(code); }

// Whether it could be made faster does not matter: it matches all the same.
static inline void tranche_pcre2_hurry(pcre2_code_8 *code) { (void)pcre2_jit_compile_8(code, PCRE2_JIT_COMPLETE); }

static inline void tranche_pcre2_message(int error, uint8_t *text, size_t size) {
    (void)pcre2_get_error_message_8(error, text, size);
}

static inline pcre2_match_context_8 *tranche_pcre2_limits(uint32_t steps, uint32_t kibibytes) {
    pcre2_match_context_8 *limits = pcre2_match_context_create_8(NULL);
    if (limits != NULL) {
        (void)pcre2_set_match_limit_8(limits, steps);
        (void)pcre2_set_heap_limit_8(limits, kibibytes);
    }
    return limits;
}

static inline void tranche_pcre2_free_limits(pcre2_match_context_8 *limits) { pcre2_match_context_free_8(limits); }

// Only whether it matches is asked for: there is room for the whole match alone.
static inline pcre2_match_data_8 *tranche_pcre2_room(void) { return pcre2_match_data_create_8(1, NULL); }

static inline void tranche_pcre2_free_room(pcre2_match_data_8 *room) { pcre2_match_data_free_8(room); }

static inline int tranche_pcre2_match(const pcre2_code_8 *code, const uint8_t *text, size_t length,
                                      uint32_t options, pcre2_match_data_8 *room,
                                      pcre2_match_context_8 *limits) {
    return pcre2_match_8(code, text, length, 0, options, room, limits);
}

#endif
