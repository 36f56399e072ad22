#ifndef TRANCHE_CZLIB_SHIM_H
#define TRANCHE_CZLIB_SHIM_H

#include <zlib.h>

// inflateInit2 is a macro. 31: a gzip header with the largest window.
static inline int tranche_begin_gunzip(z_stream *stream) { return inflateInit2(stream, 31); }

#endif
