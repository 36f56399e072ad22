#ifndef TRANCHE_CCODECS_SHIM_H
#define TRANCHE_CCODECS_SHIM_H

// What the libraries of compression share with the program that opens them when it runs: their
// structures, whose members Swift would import as tuples of thousands, and their macros.

#include <stddef.h>
#include <stdint.h>
#include <string.h>

// Intel's library, without which zlib is used: neither building nor running needs it.
#if __has_include(<isa-l/igzip_lib.h>)
#include <isa-l/igzip_lib.h>

static inline size_t tranche_isal_state_size(void) { return sizeof(struct inflate_state); }
static inline size_t tranche_isal_stream_size(void) { return sizeof(struct isal_zstream); }

// After isal_inflate_init: the header and trailer of gzip are read and checked.
static inline void tranche_isal_expect_gzip(void *memory) {
    struct inflate_state *state = (struct inflate_state *)memory;
    state->crc_flag = ISAL_GZIP;
}

static inline void tranche_isal_give(void *memory, const uint8_t *input, uint32_t input_size,
                                     uint8_t *output, uint32_t output_size) {
    struct inflate_state *state = (struct inflate_state *)memory;
    state->next_in = (uint8_t *)input;
    state->avail_in = input_size;
    state->next_out = output;
    state->avail_out = output_size;
}

static inline uint32_t tranche_isal_input_left(const void *memory) {
    return ((const struct inflate_state *)memory)->avail_in;
}

static inline uint32_t tranche_isal_output_left(const void *memory) {
    return ((const struct inflate_state *)memory)->avail_out;
}

static inline int tranche_isal_is_at_end(const void *memory) {
    return ((const struct inflate_state *)memory)->block_state == ISAL_BLOCK_FINISH;
}

// Makes a copy of a state fit to be kept: without what is of no use any more, or of this process.
static inline void tranche_isal_tidy(void *memory) {
    struct inflate_state *state = (struct inflate_state *)memory;
    state->next_in = NULL;
    state->next_out = NULL;
    state->avail_in = 0;
    state->avail_out = 0;
    size_t valid = (size_t)state->tmp_out_valid;
    if (valid < sizeof state->tmp_out_buffer) {
        memset(state->tmp_out_buffer + valid, 0, sizeof state->tmp_out_buffer - valid);
    }
}

// Whether a state that was kept cannot make the library leave its memory.
static inline int tranche_isal_is_sound(const void *memory) {
    const struct inflate_state *state = (const struct inflate_state *)memory;
    const int32_t room = (int32_t)sizeof state->tmp_out_buffer;
    return state->tmp_out_valid >= 0 && state->tmp_out_valid <= room
        && state->tmp_out_processed >= 0 && state->tmp_out_processed <= state->tmp_out_valid
        && state->tmp_in_size >= 0 && state->tmp_in_size <= (int32_t)sizeof state->tmp_in_buffer
        && state->read_in_length >= 0 && state->read_in_length <= 64
        && state->crc_flag == ISAL_GZIP && state->block_state <= ISAL_CHECKSUM_CHECK;
}

static inline void tranche_isal_give_whole(void *memory, const uint8_t *input, uint32_t input_size,
                                           uint8_t *output, uint32_t output_size) {
    struct isal_zstream *stream = (struct isal_zstream *)memory;
    stream->next_in = (uint8_t *)input;
    stream->avail_in = input_size;
    stream->next_out = output;
    stream->avail_out = output_size;
    stream->end_of_stream = 1;
}

static inline uint32_t tranche_isal_written(const void *memory) {
    return ((const struct isal_zstream *)memory)->total_out;
}
#else
static inline size_t tranche_isal_state_size(void) { return 0; }
static inline size_t tranche_isal_stream_size(void) { return 0; }
static inline void tranche_isal_expect_gzip(void *memory) { (void)memory; }
static inline void tranche_isal_give(void *memory, const uint8_t *input, uint32_t input_size,
                                     uint8_t *output, uint32_t output_size) {
    (void)memory; (void)input; (void)input_size; (void)output; (void)output_size;
}
static inline uint32_t tranche_isal_input_left(const void *memory) { (void)memory; return 0; }
static inline uint32_t tranche_isal_output_left(const void *memory) { (void)memory; return 0; }
static inline int tranche_isal_is_at_end(const void *memory) { (void)memory; return 0; }
static inline void tranche_isal_tidy(void *memory) { (void)memory; }
static inline int tranche_isal_is_sound(const void *memory) { (void)memory; return 0; }
static inline void tranche_isal_give_whole(void *memory, const uint8_t *input, uint32_t input_size,
                                           uint8_t *output, uint32_t output_size) {
    (void)memory; (void)input; (void)input_size; (void)output; (void)output_size;
}
static inline uint32_t tranche_isal_written(const void *memory) { (void)memory; return 0; }
#endif

// Zstandard's ZSTD_inBuffer and ZSTD_outBuffer. Source: zstd.h 1.5.4.
typedef struct {
    void *memory;
    size_t size;
    size_t place;
} tranche_zstd_buffer;

// bz_stream. Source: bzlib.h 1.0.8.
typedef struct {
    char *next_in;
    unsigned int avail_in;
    unsigned int total_in[2];
    char *next_out;
    unsigned int avail_out;
    unsigned int total_out[2];
    void *state;
    void *allocate;
    void *release;
    void *opaque;
} tranche_bzip2_stream;

// lzma_stream. Source: lzma/base.h 5.4.1.
typedef struct {
    const uint8_t *next_in;
    size_t avail_in;
    uint64_t total_in;
    uint8_t *next_out;
    size_t avail_out;
    uint64_t total_out;
    const void *allocator;
    void *state;
    void *reserved_pointers[4];
    uint64_t reserved_places[2];
    size_t reserved_sizes[2];
    unsigned int reserved_numbers[2];
} tranche_xz_stream;

#endif
