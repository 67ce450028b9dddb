// The structural index and a cursor over it.
#pragma once
#include "CSimdJSON.h"
#include <cstring>
#include <memory>
#include <simdjson.h>

/// simdjson's first stage.
struct csimdjson_scanner {
    std::unique_ptr<simdjson::internal::dom_parser_implementation> stage;
    size_t capacity = 0;

    csimdjson_code scan(const uint8_t *buffer, size_t length) noexcept;
    const uint32_t *structurals() const noexcept { return stage->structural_indexes.get(); }
    size_t count() const noexcept { return stage->n_structural_indexes; }
};

namespace csimdjson {

simdjson_inline bool is_space(uint8_t byte) { return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t'; }

simdjson_inline uint64_t load64(const uint8_t *from) {
    uint64_t word;
    std::memcpy(&word, from, 8);
    return word;
}

/// Bytes of the buffer, not owned.
struct Span {
    const uint8_t *start = nullptr;
    size_t length = 0;

    bool has_backslash() const {
        // Eight bytes at a time; the padding makes the last load readable, its surplus is masked off.
        for (size_t i = 0; i < length; i += 8) {
            uint64_t word = load64(start + i) ^ 0x5C5C5C5C5C5C5C5CULL;
            if (length - i < 8) word |= ~0ULL << (8 * (length - i));
            if ((word - 0x0101010101010101ULL) & ~word & 0x8080808080808080ULL) return true;
        }
        return false;
    }
};

/// The number in `count` digits (1...8) at `digits`, behind which eight bytes are readable. False when a byte is none.
simdjson_inline bool read_digits(const uint8_t *digits, size_t count, uint64_t &value) {
    // Little-endian: the first digit is the lowest byte. Shifted up so that the last digit is the highest byte, with
    // '0' in front, the eight are added up in three multiplications.
    uint64_t word = load64(digits) << (8 * (8 - count));
    if (count < 8) word |= 0x3030303030303030ULL >> (8 * count);
    if (((word & 0xF0F0F0F0F0F0F0F0ULL) | (((word + 0x0606060606060606ULL) & 0xF0F0F0F0F0F0F0F0ULL) >> 4))
        != 0x3333333333333333ULL)
        return false;
    word -= 0x3030303030303030ULL;
    word = word * 10 + (word >> 8);
    value = ((word & 0x000000FF000000FFULL) * 0x000F424000000064ULL
             + (word >> 16 & 0x000000FF000000FFULL) * 0x0000271000000001ULL)
        >> 32;
    return true;
}

/// Walks the structurals of one text and checks every byte that it passes, so that what was walked without `code`
/// becoming an error is JSON.
struct Cursor {
    const uint8_t *buffer;
    size_t length;
    const uint32_t *structurals;
    size_t count;
    /// False when the text has not a single backslash: then no string of it has one.
    bool has_escapes;
    size_t at = 0;
    csimdjson_code code = CSIMDJSON_OK;

    Cursor(const uint8_t *text, size_t size, const csimdjson_scanner &scanner)
        : buffer(text), length(size), structurals(scanner.structurals()), count(scanner.count()),
          has_escapes(std::memchr(text, '\\', size) != nullptr) {}

    bool at_end() const { return at >= count; }
    size_t offset() const { return at < count ? structurals[at] : length; }
    /// The current structural byte, 0 at the end.
    uint8_t peek() const { return at < count ? buffer[structurals[at]] : 0; }

    bool fail(csimdjson_code why = CSIMDJSON_SYNTAX) {
        if (code == CSIMDJSON_OK) code = why;
        return false;
    }

    bool take(uint8_t byte) {
        if (simdjson_unlikely(peek() != byte)) return fail();
        at += 1;
        return true;
    }

    /// Behind an element of the outermost list or object: whether another one follows. Behind its closing mark nothing may.
    bool another(uint8_t close) {
        const uint8_t next = peek();
        if (next != ',' && next != close) return fail();
        at += 1;
        if (next == close && !at_end()) fail();
        return next == ',';
    }

    /// The current token without the white space behind it.
    Span token() const {
        const uint8_t *start = buffer + structurals[at];
        const uint8_t *end = buffer + (at + 1 < count ? structurals[at + 1] : length);
        while (end > start && is_space(end[-1])) end -= 1;
        return {start, size_t(end - start)};
    }

    /// Takes a string and gives its content, escapes unresolved and unchecked.
    bool take_string(Span &content) {
        if (simdjson_unlikely(peek() != '"')) return fail();
        Span whole = token();
        if (simdjson_unlikely(whole.length < 2 || whole.start[whole.length - 1] != '"')) return fail();
        content = {whole.start + 1, whole.length - 2};
        at += 1;
        return true;
    }

    /// Takes a literal, a number or a string, checked.
    bool skip_scalar();
    /// Takes any value, checked, at most `max_depth` deep.
    bool skip_value();

    static constexpr size_t max_depth = 1024;
};

/// Whether the escapes of a string's content are ones that JSON has.
bool has_valid_escapes(Span content);

/// Reads moments, faster on the day of the one before.
class MomentReader {
public:
    /// As csimdjson_rfc3339.
    bool read(Span text, int64_t &milliseconds);

private:
    /// Bytes 0..<8 and 3..<11 (`2026-11-21T`) of the last moment in UTC, and its day's beginning.
    uint64_t date[2] = {0, 0};
    int64_t midnight = 0;
};

struct Hash128 {
    uint64_t low, high;
};
Hash128 stable_hash(const uint8_t *bytes, size_t length);
uint64_t keyed_hash(Hash128 key, const uint8_t *bytes, size_t length);

} // namespace csimdjson
