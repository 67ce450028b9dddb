// What Swift cannot call in libmicrohttpd itself: the variadic functions and the unions.
#pragma once
#include <microhttpd.h>

#include <stddef.h>
#include <stdint.h>

/// How a daemon is started. All times in seconds; zero means "no limit".
struct cmicrohttpd_options {
    /// A bound, listening, non-blocking socket. The daemon owns it from the start on.
    int listen_socket;
    /// 0: one thread per connection. 1 or more: that many threads, each with its own epoll loop.
    unsigned int epoll_threads;
    unsigned int max_connections;
    unsigned int max_connections_per_address;
    unsigned int idle_timeout;
    /// Bytes per connection for the request line, the headers and the response headers.
    size_t connection_memory;
    /// 0: answers carry no `Date` header unless the handler sets one.
    int date_header;
    /// 1: TLS, with what `cmicrohttpd_tls_show` shows at the port.
    int encrypted;
};

/// The functions a daemon calls, all on its own threads, with `closure` as their first argument.
struct cmicrohttpd_callbacks {
    void *closure;
    /// Asked before a connection is taken: `MHD_NO` closes it at once.
    MHD_AcceptPolicyCallback accepts;
    /// Told of each connection that was taken, and before its socket is closed.
    MHD_NotifyConnectionCallback connection_changed;
    /// Called with the request target exactly as it was on the wire; what it returns is the request's context.
    void *(*request_began)(void *closure, const char *target, struct MHD_Connection *connection);
    MHD_AccessHandlerCallback handle;
    MHD_RequestCompletedCallback request_ended;
};

/// Starts a daemon, or returns NULL with `errno` set.
struct MHD_Daemon *cmicrohttpd_start(const struct cmicrohttpd_options *options,
                                     const struct cmicrohttpd_callbacks *callbacks);

/// Writes the peer's numeric address (at most 45 characters and a NUL) into `text`, or an empty string.
void cmicrohttpd_remote_address(struct MHD_Connection *connection, char *text, size_t capacity);

/// The peer's address as it is, or NULL.
const struct sockaddr *cmicrohttpd_peer(struct MHD_Connection *connection);

/// The socket of a connection, or -1.
int cmicrohttpd_socket(struct MHD_Connection *connection);

/// Whether a byte ever came on a socket; 1 also where that cannot be told.
int cmicrohttpd_heard(int socket);

/// A certificate with those that vouch for it, and its key.
struct cmicrohttpd_tls;

/// Reads a certificate (PEM, the server's own first) and its key (PEM, without a passphrase). NULL with the cause in `why` when
/// they cannot be read or do not belong together. `begins` and `ends` are the span in which the certificate holds, in seconds since
/// 1970, or -1.
struct cmicrohttpd_tls *cmicrohttpd_tls_load(const unsigned char *certificate, size_t certificate_size,
                                             const unsigned char *key, size_t key_size, int64_t *begins, int64_t *ends,
                                             char *why, size_t capacity);

/// Shows this to everybody who connects to the port from now on; NULL: nothing any more. What was shown before stays in
/// memory, since a handshake may still use it. 0 when there are too many servers.
int cmicrohttpd_tls_show(unsigned short port, const struct cmicrohttpd_tls *tls);
