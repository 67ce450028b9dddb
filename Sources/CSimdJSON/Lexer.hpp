// JSON seen byte by byte, without an index.
#pragma once
#include "Scanner.hpp"

namespace csimdjson {

/// A text seen byte by byte: enough to find boundaries, not to judge it.
struct Lexer {
    const uint8_t *bytes;
    size_t length;

    size_t skip_spaces(size_t p) const {
        while (p < length && is_space(bytes[p])) p += 1;
        return p;
    }

    /// From an opening quote to behind the closing one; `length` when there is none.
    size_t skip_string(size_t p) const {
        for (p += 1; p < length; p += 1) {
            if (bytes[p] == '\\') p += 1;
            else if (bytes[p] == '"') return p + 1;
        }
        return length;
    }

    /// From the first byte of a value to behind its last.
    size_t skip_value(size_t p) const {
        size_t depth = 0;
        while (p < length) {
            switch (bytes[p]) {
            case '"':
                p = skip_string(p);
                if (depth == 0) return p;
                continue;
            case '{': case '[': depth += 1; break;
            case '}': case ']':
                if (depth == 0) return p;
                if (--depth == 0) return p + 1;
                break;
            case ',':
                if (depth == 0) return p;
                break;
            default: break;
            }
            p += 1;
        }
        return length;
    }
};

} // namespace csimdjson
