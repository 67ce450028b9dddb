// Requests at a fixed rate, whatever the answers do.
#define _GNU_SOURCE
#include "BenchReference.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { most_connections = 64 };

typedef struct {
    int descriptor;
    /// when the request under way should have been sent
    double due;
} connection;

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int dial(uint16_t port) {
    const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int on = 1;
    if (descriptor < 0 || connect(descriptor, (const struct sockaddr *)&address, sizeof address) != 0) return -1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return descriptor;
}

/// As nginx asks the gate, about one of a thousand apps.
static void ask(const connection *to, size_t number) {
    char request[256];
    const int length = snprintf(
        request, sizeof request,
        "GET /gate?refuse=403 HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Original-URI: /api/chats/app-%zu/HelloWorld/start\r\n"
        "X-Original-Method: POST\r\n\r\n",
        number * 37 % 1000);
    send(to->descriptor, request, (size_t)length, MSG_NOSIGNAL);
}

/// Whether a decision came: 204 allows, 403 refuses.
static bool is_decision(int descriptor) {
    char answer[4096];
    const ssize_t length = recv(descriptor, answer, sizeof answer, 0);
    return length > 12 && (memcmp(answer + 9, "204", 3) == 0 || memcmp(answer + 9, "403", 3) == 0);
}

size_t benchreference_load(
    uint16_t port, double rate, size_t count, size_t connections, double *latencies, size_t *failures) {
    connection all[most_connections];
    connection *idle[most_connections];
    if (connections > most_connections) connections = most_connections;
    const int poll = epoll_create1(EPOLL_CLOEXEC);
    size_t free_ones = 0;
    for (; free_ones < connections; free_ones += 1) {
        connection *each = &all[free_ones];
        each->descriptor = dial(port);
        if (each->descriptor < 0) {
            *failures = count;
            return 0;
        }
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = each};
        epoll_ctl(poll, EPOLL_CTL_ADD, each->descriptor, &event);
        idle[free_ones] = each;
    }
    // Timers fire when they should, not up to 50 µs later.
    prctl(PR_SET_TIMERSLACK, 1);
    const double start = now() + 0.01, end = start + (double)count / rate + 2;
    size_t sent = 0, answered = 0, bad = 0, open = 0;
    double moment;
    while (answered + bad < count && (moment = now()) < end) {
        // What is due and finds a connection. What finds none waits, and its wait counts.
        while (sent < count && free_ones > 0 && start + (double)sent / rate <= moment) {
            connection *via = idle[--free_ones];
            via->due = start + (double)sent / rate;
            ask(via, sent);
            sent += 1;
            open += 1;
        }
        double pause = sent < count && free_ones > 0 ? start + (double)sent / rate - now() : 0.1;
        if (pause < 0) pause = 0;
        const struct timespec limit = {.tv_nsec = (long)(pause * 1e9)};
        struct epoll_event ready[most_connections];
        const int events = epoll_pwait2(poll, ready, most_connections, &limit, NULL);
        for (int i = 0; i < events; i += 1) {
            connection *from = ready[i].data.ptr;
            open -= 1;
            if (is_decision(from->descriptor)) {
                latencies[answered++] = now() - from->due;
                idle[free_ones++] = from;
            } else {
                bad += 1;
                epoll_ctl(poll, EPOLL_CTL_DEL, from->descriptor, NULL);
            }
        }
    }
    for (size_t i = 0; i < connections; i += 1) close(all[i].descriptor);
    close(poll);
    *failures = count - answered;
    return answered;
}

void benchreference_pin(int core) {
    if (sysconf(_SC_NPROCESSORS_ONLN) < 2) return;
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(core, &set);
    sched_setaffinity(0, sizeof set, &set);
}
