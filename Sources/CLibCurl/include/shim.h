#ifndef TRANCHE_CLIBCURL_SHIM_H
#define TRANCHE_CLIBCURL_SHIM_H

// Opened when it is needed: Driver.open comes before the first call.
#include "driver_rename.h"
#define TRANCHE_FUNCTION(name) TRANCHE_RENAME(name)
#include "functions.h"
#undef TRANCHE_FUNCTION

#include <curl/curl.h>
#include <stdbool.h>

// curl_easy_setopt, curl_multi_setopt and curl_easy_getinfo take a variable list of arguments.
static inline CURLcode tranche_curl_set_text(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode tranche_curl_set_number(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode tranche_curl_set_body(CURL *handle, const void *bytes, size_t size) {
    CURLcode code = curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)size);
    if (code != CURLE_OK) return code;
    return curl_easy_setopt(handle, CURLOPT_POSTFIELDS, bytes);
}
static inline CURLcode tranche_curl_set_headers(CURL *handle, struct curl_slist *headers) {
    return curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
}
static inline CURLcode tranche_curl_set_writer(CURL *handle, size_t (*write)(char *, size_t, size_t, void *),
                                               void *context) {
    CURLcode code = curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, write);
    if (code != CURLE_OK) return code;
    return curl_easy_setopt(handle, CURLOPT_WRITEDATA, context);
}
static inline CURLcode tranche_curl_set_error_text(CURL *handle, char *buffer) {
    return curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, buffer);
}
static inline CURLcode tranche_curl_status(CURL *handle, long *status) {
    return curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, status);
}
static inline CURLcode tranche_curl_retry_after(CURL *handle, curl_off_t *seconds) {
    return curl_easy_getinfo(handle, CURLINFO_RETRY_AFTER, seconds);
}
// How much of a request went out, and of its answer came in, so far: it stands still in a silence.
static inline CURLcode tranche_curl_moved(CURL *handle, curl_off_t *bytes) {
    curl_off_t sent = 0, received = 0;
    long head_sent = 0, head_received = 0;
    CURLcode code = curl_easy_getinfo(handle, CURLINFO_SIZE_UPLOAD_T, &sent);
    if (code == CURLE_OK) code = curl_easy_getinfo(handle, CURLINFO_SIZE_DOWNLOAD_T, &received);
    if (code == CURLE_OK) code = curl_easy_getinfo(handle, CURLINFO_REQUEST_SIZE, &head_sent);
    if (code == CURLE_OK) code = curl_easy_getinfo(handle, CURLINFO_HEADER_SIZE, &head_received);
    *bytes = sent + received + head_sent + head_received;
    return code;
}

static inline CURLcode tranche_curl_socket(CURL *handle, curl_socket_t *socket) {
    return curl_easy_getinfo(handle, CURLINFO_ACTIVESOCKET, socket);
}

// How the transfer of a handle ended; false while it goes on. The message is a union.
static inline bool tranche_curl_ended(CURLM *multi, CURLcode *code) {
    int left = 0;
    CURLMsg *message;
    while ((message = curl_multi_info_read(multi, &left))) {
        if (message->msg == CURLMSG_DONE) {
            *code = message->data.result;
            return true;
        }
    }
    return false;
}

// The library, to be opened.
struct tranche_library;
struct tranche_library *tranche_libcurl(void);

#endif
