#ifndef TRANCHE_CMICROHTTPD_SHIM_H
#define TRANCHE_CMICROHTTPD_SHIM_H

// Opened when it is needed: Driver.open comes before the first call.
#include "driver_rename.h"
#define TRANCHE_FUNCTION(name) TRANCHE_RENAME(name)
#include "functions.h"
#undef TRANCHE_FUNCTION

#include <microhttpd.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

// accept4 stands behind _GNU_SOURCE, which would change structures that other modules declare too. A new connection
// is not passed on to programs that are started, and never makes a thread wait.
extern int accept4(int socket, struct sockaddr *address, socklen_t *length, int flags);
static inline int tranche_accept(int socket, struct sockaddr *address, socklen_t *length) {
    return accept4(socket, address, length, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

// Paths and queries are decoded by who reads them: a decoded NUL would cut them short here.
static inline size_t tranche_keep_escapes(void *context, struct MHD_Connection *connection, char *text) {
    (void)context; (void)connection;
    return strlen(text);
}

// MHD_start_daemon is variadic. Without a socket to listen on: connections are added. The library's own limit of
// connections has to stay out of reach, as 0.9.75 leaves a lock locked where it is reached.
static inline struct MHD_Daemon *tranche_mhd_start(
    void *context, MHD_AccessHandlerCallback access, MHD_RequestCompletedCallback completed,
    MHD_NotifyConnectionCallback connected, unsigned threads, unsigned connections, size_t memory,
    unsigned timeout, const char *certificate, const char *key) {
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET;
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)certificate},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)key},
        {MHD_OPTION_END, 0, NULL},
    };
    struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
    if (certificate) flags |= MHD_USE_TLS;
    return MHD_start_daemon(
        flags, 0, NULL, NULL, access, context,
        MHD_OPTION_NOTIFY_COMPLETED, completed, context,
        MHD_OPTION_NOTIFY_CONNECTION, connected, context,
        MHD_OPTION_UNESCAPE_CALLBACK, tranche_keep_escapes, NULL,
        MHD_OPTION_THREAD_POOL_SIZE, threads,
        MHD_OPTION_CONNECTION_LIMIT, connections,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, memory,
        MHD_OPTION_CONNECTION_TIMEOUT, timeout,
        MHD_OPTION_STRICT_FOR_CLIENT, (int)1,
        MHD_OPTION_ARRAY, certificate ? tls : none,
        MHD_OPTION_END);
}

// MHD_get_connection_info is variadic. The socket of a connection; -1 where it is not known.
static inline int tranche_mhd_socket(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info ? info->connect_fd : -1;
}

// The library, to be opened.
struct tranche_library;
struct tranche_library *tranche_libmicrohttpd(void);

#endif
