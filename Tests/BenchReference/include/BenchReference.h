#pragma once
/// What the bench measures against and counts with. No product code uses this.
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Sums over a perf body, enough to see that every field was read.
typedef struct benchreference_sums {
    uint64_t chats, open, id_bytes;
    double runtime_sec, last_turn_sec, cost;
    int64_t agent_turns, tool_calls, errors, prompt_tokens, completion_tokens;
} benchreference_sums;

/// simdjson's on-demand parser as its documentation shows it, over a body with 64 readable bytes behind it: reads every
/// field of every chat that our decoder reads, keeps nothing but sums. False when the body is no perf body.
bool benchreference_ondemand(const uint8_t *body, size_t length, benchreference_sums *sums);

/// Allocations (malloc, calloc, realloc, aligned) that the calling thread has made since it started.
uint64_t benchreference_allocations(void);

/// The least that can answer HTTP: one thread, epoll, keep-alive, a constant 204 for whatever ends in an empty line.
/// Listens on a free port of 127.0.0.1, which it returns; 0 when it cannot. Its thread lives as long as the process.
uint16_t benchreference_serve(void);

/// Sends `count` questions for the gate at `rate` a second over so many kept connections (64 at most), whatever the
/// answers do. Each latency, in seconds, counts from the moment at which its request *should* have been sent: a server
/// that stalls is charged for everybody who had to wait meanwhile (no coordinated omission). Returns how many latencies
/// were written; `failures` says how many requests met no decision within two seconds of the schedule's end.
size_t benchreference_load(
    uint16_t port, double rate, size_t count, size_t connections, double *latencies, size_t *failures);

/// Binds the calling thread, and those that it starts from now on, to one core. Does nothing where there is only one.
void benchreference_pin(int core);

#ifdef __cplusplus
}
#endif
