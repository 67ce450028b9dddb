#include "CMicroHTTPD.h"

#include "Opened.h"
#include <arpa/inet.h>
#include <gnutls/abstract.h>
#include <netinet/in.h>
#include <sys/socket.h>

// The functions of libmicrohttpd that are used, each once.
#define FUNCTIONS(X) \
    X(MHD_add_response_header) X(MHD_create_response_from_buffer) X(MHD_create_response_from_callback) \
    X(MHD_destroy_response) X(MHD_get_connection_values_n) X(MHD_lookup_connection_value) X(MHD_queue_response) \
    X(MHD_stop_daemon) X(MHD_start_daemon) X(MHD_get_connection_info)
OPENED("libmicrohttpd.so.12")

// Under the library's own names for whoever calls them from Swift.
FUNCTIONS(OPENED_HIDE)

enum MHD_Result MHD_add_response_header(struct MHD_Response *response, const char *name, const char *value)
{
    return THERE(MHD_add_response_header)(response, name, value);
}
struct MHD_Response *MHD_create_response_from_buffer(size_t size, void *bytes, enum MHD_ResponseMemoryMode mode)
{
    return THERE(MHD_create_response_from_buffer)(size, bytes, mode);
}
struct MHD_Response *MHD_create_response_from_callback(uint64_t size, size_t block, MHD_ContentReaderCallback read, void *closure, MHD_ContentReaderFreeCallback drop)
{
    return THERE(MHD_create_response_from_callback)(size, block, read, closure, drop);
}
void MHD_destroy_response(struct MHD_Response *response) { THERE(MHD_destroy_response)(response); }
int MHD_get_connection_values_n(struct MHD_Connection *connection, enum MHD_ValueKind kind, MHD_KeyValueIteratorN each, void *closure)
{
    return THERE(MHD_get_connection_values_n)(connection, kind, each, closure);
}
const char *MHD_lookup_connection_value(struct MHD_Connection *connection, enum MHD_ValueKind kind, const char *name)
{
    return THERE(MHD_lookup_connection_value)(connection, kind, name);
}
enum MHD_Result MHD_queue_response(struct MHD_Connection *connection, unsigned int status, struct MHD_Response *response)
{
    return THERE(MHD_queue_response)(connection, status, response);
}
void MHD_stop_daemon(struct MHD_Daemon *daemon) { THERE(MHD_stop_daemon)(daemon); }

// The variadic ones, of which Swift can call none.
#define MHD_start_daemon THERE(MHD_start_daemon)
#define MHD_get_connection_info THERE(MHD_get_connection_info)

int cmicrohttpd_tls_retrieve(gnutls_session_t session, const gnutls_datum_t *authorities, int authority_count,
                             const gnutls_pk_algorithm_t *algorithms, int algorithm_count, gnutls_pcert_st **chain,
                             unsigned int *count, gnutls_privkey_t *key);

// Request targets are kept as bytes of the wire. libmicrohttpd would otherwise decode the path and every query
// argument in place, with rules of its own.
static size_t leave_escaped(void *closure, struct MHD_Connection *connection, char *text) {
    (void)closure;
    (void)connection;
    size_t length = 0;
    while (text[length] != 0)
        length += 1;
    return length;
}

struct MHD_Daemon *cmicrohttpd_start(const struct cmicrohttpd_options *options,
                                     const struct cmicrohttpd_callbacks *callbacks) {
    unsigned int flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_ITC;
    if (options->epoll_threads == 0)
        flags |= MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL;
    else
        flags |= MHD_USE_EPOLL;
    if (options->encrypted)
        flags |= MHD_USE_TLS;
    if (!options->date_header)
        flags |= MHD_USE_SUPPRESS_DATE_NO_CLOCK;
    // A pool of one is refused by the library: one thread is what it starts anyway.
    struct MHD_OptionItem pool[] = {
        {MHD_OPTION_THREAD_POOL_SIZE, (intptr_t)options->epoll_threads, NULL},
        {MHD_OPTION_END, 0, NULL},
    };
    struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
    // Nothing older than what every browser of the last years speaks.
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_CERT_CALLBACK, 0, (void *)cmicrohttpd_tls_retrieve},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)"NORMAL:-VERS-TLS1.0:-VERS-TLS1.1"},
        {MHD_OPTION_END, 0, NULL},
    };
    // What else it would be strict about, no Host and spaces in the target, is refused by us: its own answer to the first has its
    // head twice (0.9.75), to the second there is none.
    return MHD_start_daemon(
        flags, 0, callbacks->accepts, callbacks->closure, callbacks->handle, callbacks->closure,
        MHD_OPTION_LISTEN_SOCKET, (MHD_socket)options->listen_socket,
        MHD_OPTION_CONNECTION_LIMIT, options->max_connections,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, options->max_connections_per_address,
        MHD_OPTION_CONNECTION_TIMEOUT, options->idle_timeout,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, options->connection_memory,
        MHD_OPTION_STRICT_FOR_CLIENT, (int)0,
        MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL,
        MHD_OPTION_URI_LOG_CALLBACK, callbacks->request_began, callbacks->closure,
        MHD_OPTION_NOTIFY_COMPLETED, callbacks->request_ended, callbacks->closure,
        MHD_OPTION_NOTIFY_CONNECTION, callbacks->connection_changed, callbacks->closure,
        MHD_OPTION_ARRAY, options->epoll_threads > 1 ? pool : none,
        MHD_OPTION_ARRAY, options->encrypted ? tls : none,
        MHD_OPTION_END);
}

void cmicrohttpd_remote_address(struct MHD_Connection *connection, char *text, size_t capacity) {
    text[0] = 0;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (info == NULL || info->client_addr == NULL)
        return;
    const struct sockaddr *address = info->client_addr;
    if (address->sa_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)address)->sin_addr, text, (socklen_t)capacity);
    else if (address->sa_family == AF_INET6)
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)address)->sin6_addr, text, (socklen_t)capacity);
}

const struct sockaddr *cmicrohttpd_peer(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    return info == NULL ? NULL : info->client_addr;
}

int cmicrohttpd_socket(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info == NULL ? -1 : (int)info->connect_fd;
}
