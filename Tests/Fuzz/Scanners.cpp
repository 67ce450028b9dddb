// What `make fuzz` runs: the C++ readers on bytes of strangers, with every read and every shift checked.
//
// Besides what the sanitizers see, some things must hold for every input: what is read does not depend on the bytes behind
// the body, nor on where it is cut into pieces; a body that was read is JSON; and it is put back as it was.
#include "CSimdJSON.h"
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

void require(bool holds, const char *what) {
    if (holds) return;
    std::fprintf(stderr, "fuzz: this does not hold: %s\n", what);
    std::abort();
}

/// The input on the heap, so that the first byte behind the promised padding is one that may not be read.
struct Padded {
    uint8_t *bytes;
    size_t length;

    Padded(const uint8_t *data, size_t size, uint8_t padding)
        : bytes(static_cast<uint8_t *>(std::malloc(size + CSIMDJSON_PADDING))), length(size) {
        if (size) std::memcpy(bytes, data, size);
        std::memset(bytes + size, padding, CSIMDJSON_PADDING);
    }
    ~Padded() { std::free(bytes); }
    Padded(const Padded &) = delete;
};

/// A body as it was read, all of it in one text, so that two can be compared.
struct Reading {
    csimdjson_code code = CSIMDJSON_OK;
    std::string text;
};

void put(std::string &text, const void *bytes, size_t length) {
    text.append(reinterpret_cast<const char *>(&length), sizeof length);
    if (length) text.append(static_cast<const char *>(bytes), length);
}

template <typename Value> void put(std::string &text, const Value &value) {
    text.append(reinterpret_cast<const char *>(&value), sizeof value);
}

/// Field by field: what lies between the fields of a structure is nobody's.
void put_chat(std::string &text, const csimdjson_chat &chat) {
    put(text, chat.key_low), put(text, chat.key_high), put(text, chat.user), put(text, chat.started_at), put(text, chat.ended_at);
    put(text, chat.runtime_sec), put(text, chat.last_turn_sec), put(text, chat.cost);
    put(text, chat.agent_turns), put(text, chat.tool_calls), put(text, chat.errors);
    put(text, chat.prompt_tokens), put(text, chat.completion_tokens);
    put(text, chat.app), put(text, chat.workflow), put(text, chat.present);
}

Reading read_perf(const uint8_t *data, size_t size, size_t chunk, uint8_t padding) {
    Padded body(data, size, padding);
    Reading reading;
    csimdjson_perf *perf = csimdjson_perf_create(body.bytes, size, chunk);
    for (;;) {
        const csimdjson_chat *chats;
        size_t count;
        reading.code = csimdjson_perf_next(perf, &chats, &count);
        if (reading.code != CSIMDJSON_OK) break;
        for (size_t i = 0; i < count; i += 1) put_chat(reading.text, chats[i]);
    }
    require(!size || std::memcmp(body.bytes, data, size) == 0, "the body is left as it was");
    require(csimdjson_perf_position(perf) <= size, "no more was read than there is");
    const csimdjson_perf_summary summary = csimdjson_perf_finish(perf);
    if (reading.code == CSIMDJSON_DONE) {
        put(reading.text, summary.skipped_chats), put(reading.text, summary.malformed_fields);
        put(reading.text, summary.has_totals), put(reading.text, summary.present), put(reading.text, summary.cost);
        for (const int64_t total : summary.totals) put(reading.text, total);
        for (size_t i = 0; i < summary.apps; i += 1) {
            const uint8_t *bytes;
            size_t length;
            csimdjson_perf_app(perf, i, &bytes, &length);
            put(reading.text, bytes, length);
        }
        for (size_t i = 0; i < summary.workflows; i += 1) {
            const uint8_t *bytes;
            size_t length;
            csimdjson_perf_workflow(perf, i, &bytes, &length);
            put(reading.text, bytes, length);
        }
    } else {
        reading.text.clear(); // such a body is not used
        require(summary.error_offset <= size, "an error lies inside the body");
    }
    csimdjson_perf_destroy(perf);
    return reading;
}

/// Structural index, and each scalar of it by itself.
void read_scalars(const uint8_t *data, size_t size) {
    Padded body(data, size, 0xFF);
    csimdjson_scanner *scanner = csimdjson_scanner_create();
    const uint32_t *structurals;
    size_t count;
    if (csimdjson_scan(scanner, body.bytes, size, &structurals, &count) == CSIMDJSON_OK) {
        for (size_t i = 0; i < count; i += 1) {
            require(structurals[i] < size && (i == 0 || structurals[i - 1] < structurals[i]), "structurals ascend");
            const size_t end = i + 1 < count ? structurals[i + 1] : size;
            int64_t integer;
            double value;
            csimdjson_number(body.bytes + structurals[i], body.bytes + end, &integer, &value);
        }
    }
    csimdjson_is_json(scanner, body.bytes, size);
    csimdjson_scanner_destroy(scanner);
    for (size_t start = 0; start < size; start += 1 + size / 8) {
        require(csimdjson_value_end(body.bytes, size, start) <= size, "a value ends inside the text");
    }
    // Without padding: these two promise to do without.
    std::vector<uint8_t> exact(data, data + size), resolved(size);
    size_t lone = 0;
    const ptrdiff_t length = csimdjson_unescape(exact.data(), size, resolved.data(), &lone);
    require(length <= ptrdiff_t(size), "a text without its escapes is no longer");
    int64_t milliseconds;
    csimdjson_rfc3339(exact.data(), size, &milliseconds);
    uint64_t hash[2];
    csimdjson_stable_hash(exact.data(), size, hash);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const Reading whole = read_perf(data, size, 1 << 20, ' ');
    for (const size_t chunk : {size_t(1), size_t(64), size / 3 + 1}) {
        for (const uint8_t padding : {uint8_t(0xFF), uint8_t('"')}) {
            const Reading cut = read_perf(data, size, chunk, padding);
            require((cut.code == CSIMDJSON_DONE) == (whole.code == CSIMDJSON_DONE), "where it is cut does not decide what is a body");
            require(cut.text == whole.text, "where it is cut does not change what is read");
        }
    }
    read_scalars(data, size);
    return 0;
}
