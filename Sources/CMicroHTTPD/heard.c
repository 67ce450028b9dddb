#include "CMicroHTTPD.h"

// The kernel's own header: that of the C library has an older, shorter structure of the same name.
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

int cmicrohttpd_heard(int socket) {
    struct tcp_info info;
    memset(&info, 0, sizeof info);
    socklen_t size = sizeof info;
    const size_t needed = offsetof(struct tcp_info, tcpi_bytes_received) + sizeof info.tcpi_bytes_received;
    if (getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0 || (size_t)size < needed)
        return 1;
    // The end of the peer's stream counts as a byte.
    return info.tcpi_bytes_received > 1;
}
