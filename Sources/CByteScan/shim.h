#ifndef TRANCHE_CBYTESCAN_SHIM_H
#define TRANCHE_CBYTESCAN_SHIM_H

#include <stdint.h>
#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

// A bit for each of 64 bytes: whether it is `wanted`. Swift has vectors, but no way to make bits of their
// lanes that compiles to one instruction.
static inline uint64_t tranche_find64(const uint8_t *bytes, uint8_t wanted) {
#if defined(__SSE2__)
    const __m128i pattern = _mm_set1_epi8((char)wanted);
    uint64_t bits = 0;
    for (int lane = 0; lane < 4; lane++) {
        const __m128i part = _mm_loadu_si128((const __m128i *)(const void *)(bytes + 16 * lane));
        bits |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(part, pattern)) << (16 * lane);
    }
    return bits;
#elif defined(__aarch64__)
    const uint8x16_t pattern = vdupq_n_u8(wanted);
    const uint8x16_t weights = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    uint64_t bits = 0;
    for (int lane = 0; lane < 4; lane++) {
        const uint8x16_t hits = vandq_u8(vceqq_u8(vld1q_u8(bytes + 16 * lane), pattern), weights);
        const uint64_t low = vaddv_u8(vget_low_u8(hits)), high = vaddv_u8(vget_high_u8(hits));
        bits |= (low | high << 8) << (16 * lane);
    }
    return bits;
#else
    uint64_t bits = 0;
    for (int place = 0; place < 64; place++) bits |= (uint64_t)(bytes[place] == wanted) << place;
    return bits;
#endif
}

// The place of the first NUL among bytes, or their count.
static inline size_t tranche_find_nul(const uint8_t *bytes, size_t count) {
    const void *found = memchr(bytes, 0, count);
    return found == NULL ? count : (size_t)((const uint8_t *)found - bytes);
}

#endif
