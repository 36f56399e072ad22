#ifndef TRANCHE_CBYTESCAN_SHIM_H
#define TRANCHE_CBYTESCAN_SHIM_H

#include <stdbool.h>
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

// The same for two letters or brackets at once that differ in the bit 0x20 alone: `wanted` is the one that has it.
static inline uint64_t tranche_find64_folded(const uint8_t *bytes, uint8_t wanted) {
#if defined(__SSE2__)
    const __m128i pattern = _mm_set1_epi8((char)wanted), fold = _mm_set1_epi8(0x20);
    uint64_t bits = 0;
    for (int lane = 0; lane < 4; lane++) {
        const __m128i part = _mm_or_si128(fold, _mm_loadu_si128((const __m128i *)(const void *)(bytes + 16 * lane)));
        bits |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(part, pattern)) << (16 * lane);
    }
    return bits;
#else
    return tranche_find64(bytes, wanted) | tranche_find64(bytes, wanted & 0xDF);
#endif
}

// The place of the first byte from `place` on that ends the plain part of a JSON text: a quote, a backslash
// or a control character; `count` when there is none.
static inline size_t tranche_find_json_mark(const uint8_t *bytes, size_t place, size_t count) {
#if defined(__SSE2__)
    const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\');
    const __m128i control = _mm_set1_epi8(0x1F);
    for (; place + 16 <= count; place += 16) {
        const __m128i part = _mm_loadu_si128((const __m128i *)(const void *)(bytes + place));
        const __m128i hits = _mm_or_si128(
            _mm_or_si128(_mm_cmpeq_epi8(part, quote), _mm_cmpeq_epi8(part, backslash)),
            _mm_cmpeq_epi8(_mm_min_epu8(part, control), part));
        const unsigned bits = (unsigned)_mm_movemask_epi8(hits);
        if (bits != 0) return place + (size_t)__builtin_ctz(bits);
    }
#elif defined(__aarch64__)
    for (; place + 16 <= count; place += 16) {
        const uint8x16_t part = vld1q_u8(bytes + place);
        const uint8x16_t hits = vorrq_u8(
            vorrq_u8(vceqq_u8(part, vdupq_n_u8('"')), vceqq_u8(part, vdupq_n_u8('\\'))),
            vcltq_u8(part, vdupq_n_u8(0x20)));
        if (vmaxvq_u8(hits) != 0) break;
    }
#endif
    while (place < count && bytes[place] != '"' && bytes[place] != '\\' && bytes[place] >= 0x20) place++;
    return place;
}

// The place of the first byte from `place` on that is no ASCII; `count` when there is none.
static inline size_t tranche_skip_ascii(const uint8_t *bytes, size_t place, size_t count) {
#if defined(__SSE2__)
    for (; place + 64 <= count; place += 64) {
        const __m128i *parts = (const __m128i *)(const void *)(bytes + place);
        const __m128i all = _mm_or_si128(
            _mm_or_si128(_mm_loadu_si128(parts), _mm_loadu_si128(parts + 1)),
            _mm_or_si128(_mm_loadu_si128(parts + 2), _mm_loadu_si128(parts + 3)));
        if (_mm_movemask_epi8(all) != 0) break;
    }
    for (; place + 16 <= count; place += 16) {
        const __m128i part = _mm_loadu_si128((const __m128i *)(const void *)(bytes + place));
        const unsigned bits = (unsigned)_mm_movemask_epi8(part);
        if (bits != 0) return place + (size_t)__builtin_ctz(bits);
    }
#elif defined(__aarch64__)
    for (; place + 16 <= count; place += 16) {
        if (vmaxvq_u8(vld1q_u8(bytes + place)) >= 0x80) break;
    }
#endif
    while (place < count && bytes[place] < 0x80) place++;
    return place;
}

// The place of the first NUL among bytes, or their count.
static inline size_t tranche_find_nul(const uint8_t *bytes, size_t count) {
    const void *found = memchr(bytes, 0, count);
    return found == NULL ? count : (size_t)((const uint8_t *)found - bytes);
}

// Whether some bytes are the same.
static inline bool tranche_is_equal(const uint8_t *left, const uint8_t *right, size_t count) {
    return memcmp(left, right, count) == 0;
}

#endif
