// Numbers, strings, moments and hashes: each from the bytes of one token.
#include "Numbers.hpp"
#include <charconv>
#include <cmath>
#include <system_error>

using namespace csimdjson;

namespace {

inline bool is_digit(uint8_t byte) { return uint8_t(byte - '0') < 10; }

} // namespace

extern "C" csimdjson_number_kind csimdjson_number(
    const uint8_t *start, const uint8_t *end, int64_t *integer, double *value) {
    const uint8_t *p = start;
    const bool negative = p < end && *p == '-';
    if (negative) p += 1;
    if (p == end) return CSIMDJSON_NOT_A_NUMBER;
    if (short_integer(p, size_t(end - p), negative, *integer)) return CSIMDJSON_INTEGER;
    if (short_decimal(p, size_t(end - p), negative, *value)) return CSIMDJSON_DOUBLE;
    const uint8_t *const digits = p;
    uint64_t mantissa = 0; // wraps silently beyond 19 digits; then it is not used
    while (p < end && is_digit(*p)) mantissa = mantissa * 10 + (*p++ - '0');
    size_t significant = size_t(p - digits);
    if (significant == 0 || (significant > 1 && *digits == '0')) return CSIMDJSON_NOT_A_NUMBER;
    if (p == end) {
        if (significant <= 18) {
            *integer = negative ? -int64_t(mantissa) : int64_t(mantissa);
            return CSIMDJSON_INTEGER;
        }
        const auto read = std::from_chars((const char *)start, (const char *)end, *integer);
        if (read.ec == std::errc() && read.ptr == (const char *)end) return CSIMDJSON_INTEGER;
    }
    int64_t exponent = 0;
    if (p < end && *p == '.') {
        const uint8_t *const fraction = ++p;
        while (p < end && is_digit(*p)) mantissa = mantissa * 10 + (*p++ - '0');
        if (p == fraction) return CSIMDJSON_NOT_A_NUMBER;
        significant += size_t(p - fraction);
        exponent = -int64_t(p - fraction);
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
        p += 1;
        const bool down = p < end && *p == '-';
        if (p < end && (*p == '-' || *p == '+')) p += 1;
        const uint8_t *const power = p;
        int64_t shift = 0;
        while (p < end && is_digit(*p)) {
            if (shift < 100000) shift = shift * 10 + (*p - '0');
            p += 1;
        }
        if (p == power) return CSIMDJSON_NOT_A_NUMBER;
        exponent += down ? -shift : shift;
    }
    if (p != end) return CSIMDJSON_NOT_A_NUMBER;
    if (significant <= 19 && nearest_double(mantissa, exponent, negative, *value)) return CSIMDJSON_DOUBLE;
    const auto read = std::from_chars((const char *)start, (const char *)end, *value);
    if (read.ec == std::errc::result_out_of_range) {
        // Too small is zero, as every other reader has it; too large has no double. libstdc++ leaves the value alone,
        // so the decimal exponent of the first digit that is not zero decides.
        int64_t leading = 0;
        for (const uint8_t *q = digits; q < end && (*q == '0' || *q == '.'); q += 1) leading += *q == '0';
        if (exponent + int64_t(significant) - leading < 0) {
            *value = negative ? -0.0 : 0.0;
            return CSIMDJSON_DOUBLE;
        }
        return CSIMDJSON_OUT_OF_RANGE;
    }
    if (read.ec != std::errc() || read.ptr != (const char *)end) return CSIMDJSON_NOT_A_NUMBER;
    return std::isfinite(*value) ? CSIMDJSON_DOUBLE : CSIMDJSON_OUT_OF_RANGE;
}

namespace {

/// The value of four hexadecimal digits, or -1.
int32_t hex4(const uint8_t *p, const uint8_t *end) {
    if (end - p < 4) return -1;
    int32_t value = 0;
    for (int i = 0; i < 4; i += 1) {
        const uint8_t byte = p[i];
        int digit;
        if (is_digit(byte)) digit = byte - '0';
        else if (uint8_t(byte - 'a') < 6) digit = byte - 'a' + 10;
        else if (uint8_t(byte - 'A') < 6) digit = byte - 'A' + 10;
        else return -1;
        value = value << 4 | digit;
    }
    return value;
}

uint8_t *put_scalar(uint32_t scalar, uint8_t *to) {
    if (scalar < 0x80) {
        *to++ = uint8_t(scalar);
    } else if (scalar < 0x800) {
        *to++ = uint8_t(0xC0 | scalar >> 6);
        *to++ = uint8_t(0x80 | (scalar & 0x3F));
    } else if (scalar < 0x10000) {
        *to++ = uint8_t(0xE0 | scalar >> 12);
        *to++ = uint8_t(0x80 | (scalar >> 6 & 0x3F));
        *to++ = uint8_t(0x80 | (scalar & 0x3F));
    } else {
        *to++ = uint8_t(0xF0 | scalar >> 18);
        *to++ = uint8_t(0x80 | (scalar >> 12 & 0x3F));
        *to++ = uint8_t(0x80 | (scalar >> 6 & 0x3F));
        *to++ = uint8_t(0x80 | (scalar & 0x3F));
    }
    return to;
}

} // namespace

extern "C" ptrdiff_t csimdjson_unescape(const uint8_t *from, size_t length, uint8_t *to, size_t *lone_surrogates) {
    const uint8_t *const end = from + length;
    uint8_t *const begin = to;
    while (from < end) {
        if (*from != '\\') {
            *to++ = *from++;
            continue;
        }
        if (end - from < 2) return -1;
        const uint8_t escape = from[1];
        from += 2;
        switch (escape) {
        case '"': *to++ = '"'; continue;
        case '\\': *to++ = '\\'; continue;
        case '/': *to++ = '/'; continue;
        case 'b': *to++ = '\b'; continue;
        case 'f': *to++ = '\f'; continue;
        case 'n': *to++ = '\n'; continue;
        case 'r': *to++ = '\r'; continue;
        case 't': *to++ = '\t'; continue;
        case 'u': break;
        default: return -1;
        }
        const int32_t unit = hex4(from, end);
        if (unit < 0) return -1;
        from += 4;
        uint32_t scalar = uint32_t(unit);
        if (scalar >= 0xD800 && scalar < 0xE000) {
            int32_t low = -1;
            if (scalar < 0xDC00 && end - from >= 6 && from[0] == '\\' && from[1] == 'u') low = hex4(from + 2, end);
            if (low >= 0xDC00 && low < 0xE000) {
                scalar = 0x10000 + ((scalar - 0xD800) << 10) + (uint32_t(low) - 0xDC00);
                from += 6;
            } else {
                scalar = 0xFFFD;
                *lone_surrogates += 1;
            }
        }
        to = put_scalar(scalar, to);
    }
    return to - begin;
}

bool csimdjson::has_valid_escapes(Span content) {
    const uint8_t *p = content.start;
    const uint8_t *const end = p + content.length;
    while (p < end) {
        if (*p++ != '\\') continue;
        if (p == end) return false;
        switch (*p++) {
        case '"': case '\\': case '/': case 'b': case 'f': case 'n': case 'r': case 't': break;
        case 'u':
            if (hex4(p, end) < 0) return false;
            p += 4;
            break;
        default: return false;
        }
    }
    return true;
}

namespace {

/// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil. From year 0 on.
int64_t days_since_1970(int year, int month, int day) {
    const int shifted = month <= 2 ? year - 1 : year;
    const int era = (shifted >= 0 ? shifted : shifted - 399) / 400;
    const int year_of_era = shifted - era * 400;
    const int day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return int64_t(era) * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

} // namespace

bool csimdjson::MomentReader::read(Span text, int64_t &milliseconds) {
    // The form that the runtime writes, on the day that was read last: 2026-11-21T08:50:01.922803+00:00
    const uint8_t *const t = text.start;
    if (text.length == 32 && load64(t) == date[0] && load64(t + 3) == date[1] && t[19] == '.' && t[26] == '+'
        && load64(t + 24) >> 24 == 0x30303A3030ULL) {
        const uint64_t clock = load64(t + 11);
        uint64_t hour, minute, second, fraction;
        if ((clock & 0x0000FF0000FF0000ULL) == 0x00003A00003A0000ULL && read_digits(t + 11, 2, hour)
            && read_digits(t + 14, 2, minute) && read_digits(t + 17, 2, second) && read_digits(t + 20, 6, fraction)
            && hour < 24 && minute < 60 && second <= 60) {
            milliseconds = midnight + int64_t((hour * 60 + minute) * 60 + second) * 1000 + int64_t(fraction / 1000);
            return true;
        }
    }
    if (!csimdjson_rfc3339(t, text.length, &milliseconds)) return false;
    if (text.length == 32 && t[26] == '+' && load64(t + 24) >> 24 == 0x30303A3030ULL) {
        date[0] = load64(t);
        date[1] = load64(t + 3);
        midnight = milliseconds - (milliseconds % 86400000 + 86400000) % 86400000;
    }
    return true;
}

extern "C" bool csimdjson_rfc3339(const uint8_t *text, size_t length, int64_t *milliseconds) {
    if (length < 20) return false;
    const auto two = [text](size_t i) -> int {
        return is_digit(text[i]) && is_digit(text[i + 1]) ? (text[i] - '0') * 10 + (text[i + 1] - '0') : -1;
    };
    const int century = two(0), years = two(2), month = two(5), day = two(8);
    const int hour = two(11), minute = two(14), second = two(17);
    const uint8_t between = text[10];
    if (century < 0 || years < 0 || text[4] != '-' || text[7] != '-' || text[13] != ':' || text[16] != ':'
        || (between != 'T' && between != 't' && between != ' '))
        return false;
    const int year = century * 100 + years;
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    static constexpr uint8_t days_of[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (month < 1 || month > 12 || day < 1 || day > days_of[month - 1] + (leap && month == 2) || hour < 0 || hour > 23
        || minute < 0 || minute > 59 || second < 0 || second > 60)
        return false;
    size_t at = 19;
    int fraction = 0;
    if (text[at] == '.') {
        const size_t first = ++at;
        for (int scale = 100; at < length && is_digit(text[at]); at += 1, scale /= 10) {
            fraction += (text[at] - '0') * scale; // further digits are cut
        }
        if (at == first) return false;
    }
    if (at >= length) return false;
    int offset = 0;
    if (text[at] == 'Z' || text[at] == 'z') {
        at += 1;
    } else {
        if ((text[at] != '+' && text[at] != '-') || length - at != 6 || text[at + 3] != ':') return false;
        const int hours = two(at + 1), minutes = two(at + 4);
        if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return false;
        offset = (hours * 60 + minutes) * (text[at] == '-' ? -1 : 1);
        at += 6;
    }
    if (at != length) return false;
    const int64_t days = days_since_1970(year, month, day);
    *milliseconds = ((days * 24 + hour) * 60 + minute - offset) * 60000 + second * 1000 + fraction;
    return true;
}

// MARK: SipHash (Aumasson, Bernstein), one round a word and three to finish, as in Rust's and Swift's hash tables.

namespace {

struct SipState {
    uint64_t v0, v1, v2, v3;

    SipState(uint64_t k0, uint64_t k1)
        : v0(k0 ^ 0x736f6d6570736575ULL), v1(k1 ^ 0x646f72616e646f6dULL), v2(k0 ^ 0x6c7967656e657261ULL),
          v3(k1 ^ 0x7465646279746573ULL) {}

    static uint64_t rotate(uint64_t x, int by) { return x << by | x >> (64 - by); }

    void round() {
        v0 += v1; v1 = rotate(v1, 13); v1 ^= v0; v0 = rotate(v0, 32);
        v2 += v3; v3 = rotate(v3, 16); v3 ^= v2;
        v0 += v3; v3 = rotate(v3, 21); v3 ^= v0;
        v2 += v1; v1 = rotate(v1, 17); v1 ^= v2; v2 = rotate(v2, 32);
    }

    void absorb(const uint8_t *bytes, size_t length) {
        const uint8_t *const whole = bytes + (length & ~size_t(7));
        for (; bytes != whole; bytes += 8) add(csimdjson::load64(bytes));
        uint64_t last = uint64_t(length) << 56;
        for (size_t i = 0; i < (length & 7); i += 1) last |= uint64_t(bytes[i]) << (8 * i);
        add(last);
    }

    void add(uint64_t word) {
        v3 ^= word;
        round();
        v0 ^= word;
    }

    uint64_t finish() {
        round(); round(); round();
        return v0 ^ v1 ^ v2 ^ v3;
    }
};

// "mozaiks-ops/ids." read as two little-endian words. Never to be changed: kept state holds hashes made with it.
constexpr uint64_t id_key0 = 0x2d736b69617a6f6dULL, id_key1 = 0x2e7364692f73706fULL;

} // namespace

csimdjson::Hash128 csimdjson::stable_hash(const uint8_t *bytes, size_t length) {
    SipState state(id_key0, id_key1);
    state.v1 ^= 0xee;
    state.absorb(bytes, length);
    state.v2 ^= 0xee;
    const uint64_t low = state.finish();
    state.v1 ^= 0xdd;
    return {low, state.finish()};
}

uint64_t csimdjson::keyed_hash(Hash128 key, const uint8_t *bytes, size_t length) {
    SipState state(key.low, key.high);
    state.absorb(bytes, length);
    state.v2 ^= 0xff;
    return state.finish();
}

extern "C" void csimdjson_stable_hash(const uint8_t *bytes, size_t length, uint64_t hash[2]) {
    const auto made = csimdjson::stable_hash(bytes, length);
    hash[0] = made.low;
    hash[1] = made.high;
}
