#ifndef TRANCHE_CZLIB_SHIM_H
#define TRANCHE_CZLIB_SHIM_H

#include <zlib.h>

// inflateInit2 is a macro.
static inline int tranche_begin_inflate(z_stream *stream, int window_bits) {
    return inflateInit2(stream, window_bits);
}

#endif
