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

/// Up to eight digits, without a loop. False for all other numbers, which then go the long way.
simdjson_inline bool short_integer(const uint8_t *digits, size_t length, bool negative, int64_t &integer) {
    uint64_t whole;
    if (length == 0 || length > 8 || !read_digits(digits, length, whole) || (*digits == '0' && length > 1)) return false;
    integer = negative ? -int64_t(whole) : int64_t(whole);
    return true;
}

/// Up to eight digits, a point and up to sixteen more, without a loop. False for all other numbers.
simdjson_inline bool short_decimal(const uint8_t *digits, size_t length, bool negative, double &value) {
    const uint64_t points = load64(digits) ^ 0x2E2E2E2E2E2E2E2EULL;
    const uint64_t zeros = (points - 0x0101010101010101ULL) & ~points & 0x8080808080808080ULL;
    if (!zeros) return false;
    const size_t point = size_t(__builtin_ctzll(zeros)) / 8; // only the lowest is sure to be one
    if (point == 0 || point + 1 >= length || (*digits == '0' && point > 1)) return false;
    const size_t places = length - point - 1;
    uint64_t whole, fraction;
    // At most 19 digits fit 64 bits.
    if (places > 16 || point + places > 19 || !read_digits(digits, point, whole)) return false;
    const uint8_t *const behind = digits + point + 1;
    if (!read_digits(behind, places < 8 ? places : 8, fraction)) return false;
    if (places > 8) {
        uint64_t rest;
        if (!read_digits(behind + 8, places - 8, rest)) return false;
        fraction = fraction * powers_of_ten[places - 8] + rest;
    }
    return nearest_double(whole * powers_of_ten[places] + fraction, -int64_t(places), negative, value);
}

} // namespace csimdjson
