#ifndef TRANCHE_CLIBPQ_SHIM_H
#define TRANCHE_CLIBPQ_SHIM_H

// Opened when it is needed: Driver.open comes before the first call.
#include "driver_rename.h"
#define TRANCHE_FUNCTION(name) TRANCHE_RENAME(name)
#include "functions.h"
#undef TRANCHE_FUNCTION

#if __has_include(<libpq-fe.h>)
#include <libpq-fe.h>
#else
#include <postgresql/libpq-fe.h>
#endif

// PG_DIAG_SQLSTATE is a character constant, which Swift imports as a signed 32-bit integer of
// another type than PQresultErrorField wants.
static inline const char *tranche_pq_sqlstate(const PGresult *result) {
    return PQresultErrorField(result, PG_DIAG_SQLSTATE);
}

static inline const char *tranche_pq_primary(const PGresult *result) {
    return PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
}

static inline const char *tranche_pq_detail(const PGresult *result) {
    return PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
}

static inline const char *tranche_pq_hint(const PGresult *result) {
    return PQresultErrorField(result, PG_DIAG_MESSAGE_HINT);
}

static inline const char *tranche_pq_context(const PGresult *result) {
    return PQresultErrorField(result, PG_DIAG_CONTEXT);
}

static inline const char *tranche_pq_column(const PGresult *result) {
    return PQresultErrorField(result, PG_DIAG_COLUMN_NAME);
}

static inline const char *tranche_pq_constraint(const PGresult *result) {
    return PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);
}

static inline const char *tranche_pq_function(const PGresult *result) {
    return PQresultErrorField(result, PG_DIAG_SOURCE_FUNCTION);
}

// The library, to be opened.
struct tranche_library;
struct tranche_library *tranche_libpq(void);

#endif
