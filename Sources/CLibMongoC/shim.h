#ifndef TRANCHE_CLIBMONGOC_SHIM_H
#define TRANCHE_CLIBMONGOC_SHIM_H

#include <mongoc/mongoc.h>

// An error's message is an array, which Swift imports as a tuple of 504 elements.
static inline const char *tranche_mongo_message(const bson_error_t *error) { return error->message; }

// A reply is a structure of the caller's, and Swift knows the structure only by pointers. The reply as JSON;
// free with bson_free. Sets `done` to whether all operations were carried out.
static inline char *tranche_mongo_execute(mongoc_bulk_operation_t *bulk, bool *done, bson_error_t *error) {
    bson_t reply;
    *done = mongoc_bulk_operation_execute(bulk, &reply, error) != 0;
    char *json = bson_as_relaxed_extended_json(&reply, NULL);
    bson_destroy(&reply);
    return json;
}

// Likewise, for a command.
static inline char *tranche_mongo_command(mongoc_client_t *client, const char *database, const bson_t *command,
                                          bool *done, bson_error_t *error) {
    bson_t reply;
    *done = mongoc_client_command_simple(client, database, command, NULL, &reply, error);
    char *json = bson_as_relaxed_extended_json(&reply, NULL);
    bson_destroy(&reply);
    return json;
}

// Appends the field `value` of a document under another name. An iterator is known only by pointers, too.
static inline bool tranche_bson_append_value(bson_t *document, const char *name, const bson_t *holder) {
    bson_iter_t iterator;
    return bson_iter_init_find(&iterator, holder, "value") && bson_append_iter(document, name, -1, &iterator);
}

// The library writes warnings to standard error, which is the program's own.
static inline void tranche_mongo_be_quiet(void) { mongoc_log_set_handler(NULL, NULL); }

#endif
