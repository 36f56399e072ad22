// A server of libmicrohttpd that answers each request with the same bytes: bare_http SIZE.
// Prints "127.0.0.1:PORT", and ends with its input.

#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *path, const char *method,
                              const char *version, const char *bytes, size_t *size, void **slot) {
    (void)path; (void)method; (void)version; (void)bytes; (void)size;
    static int known;
    // The first call has the head alone: the connection stays where the answer comes behind it.
    if (!*slot) {
        *slot = &known;
        return MHD_YES;
    }
    return MHD_queue_response(connection, 200, context);
}

int main(int count, char **words) {
    size_t size = count > 1 ? strtoul(words[1], NULL, 10) : 1000;
    char *body = malloc(size + 1);
    if (!body) return 1;
    memset(body, 'x', size);
    struct MHD_Response *response = MHD_create_response_from_buffer(size, body, MHD_RESPMEM_PERSISTENT);
    MHD_add_response_header(response, "Content-Type", "application/json");
    struct MHD_Daemon *daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, answer, response,
                                                 MHD_OPTION_THREAD_POOL_SIZE, 2u, MHD_OPTION_END);
    if (!daemon) return 1;
    printf("127.0.0.1:%u\n", (unsigned)MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
    fflush(stdout);
    char byte;
    while (read(0, &byte, 1) > 0) {}
    MHD_stop_daemon(daemon);
    return 0;
}
