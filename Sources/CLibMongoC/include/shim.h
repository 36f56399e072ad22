#ifndef TRANCHE_CLIBMONGOC_SHIM_H
#define TRANCHE_CLIBMONGOC_SHIM_H

// Opened when it is needed: Driver.open comes before the first call.
#include "driver_rename.h"
#define TRANCHE_FUNCTION(name) TRANCHE_RENAME(name)
#include "functions.h"
#undef TRANCHE_FUNCTION

#include <libmongoc-1.0/mongoc/mongoc.h>
#include <stdlib.h>

// An error's message is an array, which Swift imports as a tuple of 504 elements.
static inline const char *tranche_mongo_message(const bson_error_t *error) { return error->message; }

// A reply is a structure of the caller's, and Swift knows the structure only by pointers. The reply as JSON,
// without the ids of what was inserted; free with bson_free. Sets `done` to whether all operations were carried
// out.
static inline char *tranche_mongo_execute(mongoc_bulk_operation_t *bulk, bool *done, bson_error_t *error) {
    bson_t reply;
    *done = mongoc_bulk_operation_execute(bulk, &reply, error) != 0;
    bson_t *kept = bson_new();
    bson_copy_to_excluding_noinit(&reply, kept, "upserted", NULL);
    char *json = bson_as_relaxed_extended_json(kept, NULL);
    bson_destroy(kept);
    bson_destroy(&reply);
    return json;
}

// Likewise, for a command.
static inline char *tranche_mongo_command(mongoc_client_t *client, const char *database, const bson_t *command,
                                          const bson_t *options, bool *done, bson_error_t *error) {
    bson_t reply;
    *done = mongoc_client_command_with_opts(client, database, command, NULL, options, &reply, error);
    char *json = bson_as_relaxed_extended_json(&reply, NULL);
    bson_destroy(&reply);
    return json;
}

// Appends the field `value` of a document under another name. An iterator is known only by pointers, too.
static inline bool tranche_bson_append_value(bson_t *document, const char *name, const bson_t *holder) {
    bson_iter_t iterator;
    return bson_iter_init_find(&iterator, holder, "value") && bson_append_iter(document, name, -1, &iterator);
}

// Likewise, for the end of a transaction.
static inline char *tranche_mongo_commit(mongoc_client_session_t *session, bool *done, bson_error_t *error) {
    bson_t reply;
    *done = mongoc_client_session_commit_transaction(session, &reply, error);
    char *json = bson_as_relaxed_extended_json(&reply, NULL);
    bson_destroy(&reply);
    return json;
}

// A field of a document, as far as it is a plain value; `text` stays the document's.
typedef struct {
    const char *name;
    bson_type_t type;
    int64_t integer;
    double real;
    const uint8_t *text;
    uint32_t length;
} tranche_bson_field;

// Reads field after field. An iterator is known to Swift only by pointers, and wants to be aligned.
typedef struct {
    bson_iter_t *iterator;
} tranche_bson_reader;

static inline tranche_bson_reader tranche_bson_read(const bson_t *document) {
    tranche_bson_reader reader = {NULL};
    void *memory = NULL;
    // Its alignment may be more than its size.
    if (posix_memalign(&memory, _Alignof(bson_iter_t), sizeof(bson_iter_t)) != 0) return reader;
    reader.iterator = (bson_iter_t *)memory;
    if (!bson_iter_init(reader.iterator, document)) {
        free(reader.iterator);
        reader.iterator = NULL;
    }
    return reader;
}
static inline void tranche_bson_end(tranche_bson_reader reader) { free(reader.iterator); }
static inline bool tranche_bson_next(tranche_bson_reader reader, tranche_bson_field *field) {
    bson_iter_t *at = reader.iterator;
    if (!at || !bson_iter_next(at)) return false;
    field->name = bson_iter_key(at);
    field->type = bson_iter_type(at);
    switch (field->type) {
    case BSON_TYPE_BOOL: field->integer = bson_iter_bool(at); break;
    case BSON_TYPE_INT32: field->integer = bson_iter_int32(at); break;
    case BSON_TYPE_INT64: field->integer = bson_iter_int64(at); break;
    case BSON_TYPE_DATE_TIME: field->integer = bson_iter_date_time(at); break;
    case BSON_TYPE_DOUBLE: field->real = bson_iter_double(at); break;
    case BSON_TYPE_UTF8: field->text = (const uint8_t *)bson_iter_utf8(at, &field->length); break;
    case BSON_TYPE_SYMBOL: field->text = (const uint8_t *)bson_iter_symbol(at, &field->length); break;
    case BSON_TYPE_OID:
        field->text = (const uint8_t *)bson_iter_oid(at)->bytes;
        field->length = 12;
        break;
    case BSON_TYPE_BINARY: {
        bson_subtype_t subtype;
        bson_iter_binary(at, &subtype, &field->length, &field->text);
        break;
    }
    default: break;
    }
    return true;
}

// The digits of a field that is a decimal; `digits` has room for BSON_DECIMAL128_STRING.
static inline void tranche_bson_decimal(tranche_bson_reader reader, char *digits) {
    bson_decimal128_t value;
    digits[0] = 0;
    if (bson_iter_decimal128(reader.iterator, &value)) bson_decimal128_to_string(&value, digits);
}

// The field as JSON, under the name "value" of an object; free with bson_free. For arrays, documents and
// what has no plain value.
static inline char *tranche_bson_json(tranche_bson_reader reader) {
    bson_t *holder = bson_new();
    char *json = NULL;
    if (bson_append_iter(holder, "value", 5, reader.iterator)) {
        json = bson_as_relaxed_extended_json(holder, NULL);
    }
    bson_destroy(holder);
    return json;
}

// The library writes warnings to standard error, which is the program's own.
static inline void tranche_mongo_be_quiet(void) { mongoc_log_set_handler(NULL, NULL); }

// The library, to be opened.
struct tranche_library;
struct tranche_library *tranche_libmongoc(void);

#endif
