#pragma once
/// The part of JSON reading that Swift cannot do itself: simdjson is C++.
///
/// simdjson's first stage (UTF-8 validation and the index of structural bytes, vectorised) is used as it is; the second
/// stage is ours, so that a value of an unexpected type or range is a counted field and not a lost document.
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Readable bytes that must lie behind the end of every buffer handed in.
#define CSIMDJSON_PADDING 64

/// Bytes of what is read at once: the index of a text takes up to four times its length. An element of a list of chats is about 300
/// bytes long, what stands around the list as many.
#define CSIMDJSON_LONGEST (8 << 20)

/// How reading ended.
enum csimdjson_code {
    CSIMDJSON_OK = 0,
    /// perf only: everything has been read
    CSIMDJSON_DONE = 1,
    CSIMDJSON_EMPTY = 2,
    CSIMDJSON_BAD_UTF8 = 3,
    CSIMDJSON_UNCLOSED_STRING = 4,
    CSIMDJSON_CONTROL_CHARACTER = 5,
    CSIMDJSON_SYNTAX = 6,
    CSIMDJSON_TOO_DEEP = 7,
    /// JSON, but no array of chats in it
    CSIMDJSON_NO_CHATS = 8,
    CSIMDJSON_NO_MEMORY = 9,
    /// larger than 4 GB
    CSIMDJSON_TOO_LARGE = 10,
    /// perf only: more than CSIMDJSON_LONGEST bytes in one element, around the chats, or without any
    CSIMDJSON_TOO_LONG = 11,
};

// MARK: The structural index

/// Not for use by two threads at once.
typedef struct csimdjson_scanner csimdjson_scanner;

/// NULL when there is no memory.
csimdjson_scanner *csimdjson_scanner_create(void);
void csimdjson_scanner_destroy(csimdjson_scanner *scanner);

/// Finds the structural bytes of `buffer`: brackets, colons, commas, opening quotes and the first bytes of other
/// scalars, as ascending offsets that live until the next call. Whatever lies between two of them belongs to the first
/// (and may be followed by white space). Checks UTF-8, that strings are closed and hold no bare control characters.
enum csimdjson_code csimdjson_scan(
    csimdjson_scanner *scanner, const uint8_t *buffer, size_t length, const uint32_t **structurals, size_t *count);

/// Whether `buffer` is one JSON document. Numbers of any size and lone surrogates are.
bool csimdjson_is_json(csimdjson_scanner *scanner, const uint8_t *buffer, size_t length);

/// Where the value that begins at `start` ends, found by its quotes and brackets alone: exact for JSON, some offset up to
/// `length` for anything else.
size_t csimdjson_value_end(const uint8_t *buffer, size_t length, size_t start);

// MARK: Scalars

enum csimdjson_number_kind {
    CSIMDJSON_NOT_A_NUMBER = 0,
    CSIMDJSON_INTEGER = 1,
    /// has a fraction or an exponent, or does not fit 64 bits
    CSIMDJSON_DOUBLE = 2,
    /// a number by its grammar, beyond the range of a double
    CSIMDJSON_OUT_OF_RANGE = 3,
};

/// Reads the number that fills [start, end). The padding must lie behind it: it is read eight bytes at a time.
enum csimdjson_number_kind csimdjson_number(
    const uint8_t *start, const uint8_t *end, int64_t *integer, double *value);

/// Resolves the escapes of a string's content into `to`, which has room for `length` bytes. Returns the number of bytes
/// written or -1 for an escape that JSON does not have. A surrogate without its partner becomes U+FFFD and is counted.
ptrdiff_t csimdjson_unescape(const uint8_t *from, size_t length, uint8_t *to, size_t *lone_surrogates);

/// Milliseconds since 1970 of an RFC 3339 moment with a zone; false when it is not one.
bool csimdjson_rfc3339(const uint8_t *start, size_t length, int64_t *milliseconds);

/// SipHash-1-3 with 128 bits and a fixed key. Written to `hash` as (low, high).
void csimdjson_stable_hash(const uint8_t *bytes, size_t length, uint64_t hash[2]);

// MARK: Perf bodies

enum csimdjson_chat_field {
    CSIMDJSON_STARTED_AT = 1 << 0,
    CSIMDJSON_ENDED_AT = 1 << 1,
    CSIMDJSON_OPEN = 1 << 2,
    CSIMDJSON_RUNTIME_SEC = 1 << 3,
    CSIMDJSON_AGENT_TURNS = 1 << 4,
    CSIMDJSON_TOOL_CALLS = 1 << 5,
    CSIMDJSON_ERRORS = 1 << 6,
    CSIMDJSON_LAST_TURN_SEC = 1 << 7,
    CSIMDJSON_PROMPT_TOKENS = 1 << 8,
    CSIMDJSON_COMPLETION_TOKENS = 1 << 9,
    CSIMDJSON_COST = 1 << 10,
    CSIMDJSON_USER = 1 << 11,
    CSIMDJSON_WORKFLOW = 1 << 12,
};

typedef struct csimdjson_chat {
    uint64_t key_low, key_high, user;
    int64_t started_at, ended_at;
    double runtime_sec, last_turn_sec, cost;
    int64_t agent_turns, tool_calls, errors, prompt_tokens, completion_tokens;
    uint32_t app, workflow;
    uint16_t present;
} csimdjson_chat;

enum csimdjson_total {
    CSIMDJSON_TOTAL_ACTIVE_CHATS,
    CSIMDJSON_TOTAL_TRACKED_CHATS,
    CSIMDJSON_TOTAL_AGENT_TURNS,
    CSIMDJSON_TOTAL_TOOL_CALLS,
    CSIMDJSON_TOTAL_ERRORS,
    CSIMDJSON_TOTAL_PROMPT_TOKENS,
    CSIMDJSON_TOTAL_COMPLETION_TOKENS,
    CSIMDJSON_TOTALS,
};

/// What is known once the body has been read.
typedef struct csimdjson_perf_summary {
    size_t skipped_chats, malformed_fields;
    /// false: the body is a bare array, without totals
    bool has_totals;
    /// one bit each, by csimdjson_total; bit CSIMDJSON_TOTALS is the cost's
    uint32_t present;
    int64_t totals[CSIMDJSON_TOTALS];
    double cost;
    size_t apps, workflows;
    /// where reading stopped, when it failed
    size_t error_offset;
} csimdjson_perf_summary;

/// Reads one perf body, about `chunk` bytes at a time.
typedef struct csimdjson_perf csimdjson_perf;

/// NULL when there is no memory. `buffer` must outlive the reader; single bytes of it are changed while a call runs
/// and put back before it returns.
csimdjson_perf *csimdjson_perf_create(uint8_t *buffer, size_t length, size_t chunk);
void csimdjson_perf_destroy(csimdjson_perf *perf);

/// The next chats: CSIMDJSON_OK with `chats` (perhaps none), which live until the next call; CSIMDJSON_DONE at the end;
/// anything else is an error and the body is not to be used.
enum csimdjson_code csimdjson_perf_next(csimdjson_perf *perf, const csimdjson_chat **chats, size_t *count);
csimdjson_perf_summary csimdjson_perf_finish(const csimdjson_perf *perf);
/// Bytes of the body that have been read.
size_t csimdjson_perf_position(const csimdjson_perf *perf);
void csimdjson_perf_app(const csimdjson_perf *perf, size_t index, const uint8_t **bytes, size_t *length);
void csimdjson_perf_workflow(const csimdjson_perf *perf, size_t index, const uint8_t **bytes, size_t *length);

#ifdef __cplusplus
}
#endif
