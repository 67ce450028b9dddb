// The quick way to read numbers, inlined into its callers.
#pragma once
#include "Scanner.hpp"

namespace csimdjson {

inline constexpr uint64_t powers_of_ten[] = {
    1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000, 100000000000,
    1000000000000, 10000000000000, 100000000000000, 1000000000000000, 10000000000000000,
};

/// The double nearest to mantissa * 10^exponent (Clinger's fast path, then Eisel-Lemire). False where neither decides.
simdjson_inline bool nearest_double(uint64_t mantissa, int64_t exponent, bool negative, double &value) {
    if (exponent < simdjson::internal::smallest_power || exponent > simdjson::internal::largest_power) return false;
    return simdjson::builtin::numberparsing::compute_float_64(exponent, mantissa, negative, value);
}

/// Numbers as runtimes write them (up to eight digits; up to eight, a point, up to sixteen more), without a loop.
/// CSIMDJSON_NOT_A_NUMBER for all others, which then go the long way.
simdjson_inline csimdjson_number_kind short_number(
    const uint8_t *digits, size_t length, bool negative, int64_t *integer, double *value) {
    uint64_t whole;
    if (length <= 8 && read_digits(digits, length, whole)) {
        if (*digits == '0' && length > 1) return CSIMDJSON_NOT_A_NUMBER;
        *integer = negative ? -int64_t(whole) : int64_t(whole);
        return CSIMDJSON_INTEGER;
    }
    const uint64_t points = load64(digits) ^ 0x2E2E2E2E2E2E2E2EULL;
    const uint64_t zeros = (points - 0x0101010101010101ULL) & ~points & 0x8080808080808080ULL;
    if (!zeros) return CSIMDJSON_NOT_A_NUMBER;
    const size_t point = size_t(__builtin_ctzll(zeros)) / 8; // only the lowest is sure to be one
    if (point == 0 || point + 1 >= length || (*digits == '0' && point > 1)) return CSIMDJSON_NOT_A_NUMBER;
    const size_t places = length - point - 1;
    uint64_t fraction, rest = 0;
    if (places > 16 || !read_digits(digits, point, whole)) return CSIMDJSON_NOT_A_NUMBER;
    const uint8_t *const behind = digits + point + 1;
    if (!read_digits(behind, places < 8 ? places : 8, fraction)) return CSIMDJSON_NOT_A_NUMBER;
    if (places > 8) {
        if (!read_digits(behind + 8, places - 8, rest)) return CSIMDJSON_NOT_A_NUMBER;
        fraction = fraction * powers_of_ten[places - 8] + rest;
    }
    // At most 19 digits fit 64 bits.
    if (point + places > 19) return CSIMDJSON_NOT_A_NUMBER;
    const uint64_t mantissa = whole * powers_of_ten[places] + fraction;
    return nearest_double(mantissa, -int64_t(places), negative, *value) ? CSIMDJSON_DOUBLE : CSIMDJSON_NOT_A_NUMBER;
}

} // namespace csimdjson
