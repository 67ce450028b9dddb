#define _GNU_SOURCE
#include "BenchReference.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static const char answer[] =
    "HTTP/1.1 204 No Content\r\nX-Mozaiks-Gate: allowed\r\nConnection: Keep-Alive\r\n\r\n";

static void greet(int poll, int listener) {
    const int peer = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (peer < 0) return;
    const int on = 1;
    setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = peer};
    epoll_ctl(poll, EPOLL_CTL_ADD, peer, &event);
}

/// The load generator sends one request at a time on a connection, in one segment.
static void reply(int peer) {
    char request[4096];
    const ssize_t length = recv(peer, request, sizeof request, 0);
    if (length <= 0) {
        close(peer);
        return;
    }
    if (length < 4 || memcmp(request + length - 4, "\r\n\r\n", 4) != 0) return;
    if (send(peer, answer, sizeof answer - 1, MSG_NOSIGNAL) < 0) close(peer);
}

static void *serve(void *descriptor) {
    const int listener = (int)(intptr_t)descriptor;
    const int poll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
    epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        struct epoll_event ready[64];
        const int count = epoll_wait(poll, ready, 64, -1);
        for (int i = 0; i < count; i += 1) {
            if (ready[i].data.fd == listener) greet(poll, listener);
            else reply(ready[i].data.fd);
        }
    }
    return NULL;
}

uint16_t benchreference_serve(void) {
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, size) != 0 || listen(listener, 128) != 0
        || getsockname(listener, (struct sockaddr *)&address, &size) != 0) {
        return 0;
    }
    pthread_t thread;
    if (pthread_create(&thread, NULL, serve, (void *)(intptr_t)listener) != 0) return 0;
    pthread_detach(thread);
    return ntohs(address.sin_port);
}
