#include "Lexer.hpp"
#include <new>

using namespace csimdjson;

csimdjson_code csimdjson_scanner::scan(const uint8_t *buffer, size_t length) noexcept {
    if (length >= simdjson::SIMDJSON_MAXSIZE_BYTES) return CSIMDJSON_TOO_LARGE;
    if (!stage || capacity < length) {
        // Rounded up, so that pieces of about one size do not each ask for memory.
        const size_t step = length < (1 << 16) ? 1 << 12 : 1 << 18;
        const size_t wanted = (length + step - 1) / step * step;
        const auto error = stage
            ? stage->set_capacity(wanted)
            : simdjson::get_active_implementation()->create_dom_parser_implementation(wanted, 1, stage);
        if (error) {
            stage.reset();
            return CSIMDJSON_NO_MEMORY;
        }
        capacity = wanted;
    }
    stage->n_structural_indexes = 0;
    switch (stage->stage1(buffer, length, simdjson::stage1_mode::regular)) {
    case simdjson::SUCCESS: return CSIMDJSON_OK;
    case simdjson::EMPTY: return CSIMDJSON_EMPTY;
    case simdjson::UTF8_ERROR: return CSIMDJSON_BAD_UTF8;
    case simdjson::UNCLOSED_STRING: return CSIMDJSON_UNCLOSED_STRING;
    case simdjson::UNESCAPED_CHARS: return CSIMDJSON_CONTROL_CHARACTER;
    case simdjson::MEMALLOC: return CSIMDJSON_NO_MEMORY;
    case simdjson::CAPACITY: return CSIMDJSON_TOO_LARGE;
    default: return CSIMDJSON_SYNTAX;
    }
}

extern "C" csimdjson_scanner *csimdjson_scanner_create(void) { return new (std::nothrow) csimdjson_scanner; }
extern "C" void csimdjson_scanner_destroy(csimdjson_scanner *scanner) { delete scanner; }

extern "C" csimdjson_code csimdjson_scan(
    csimdjson_scanner *scanner, const uint8_t *buffer, size_t length, const uint32_t **structurals, size_t *count) {
    *structurals = nullptr;
    *count = 0;
    if (length == 0) return CSIMDJSON_EMPTY;
    const csimdjson_code code = scanner->scan(buffer, length);
    if (code == CSIMDJSON_OK) {
        *structurals = scanner->structurals();
        *count = scanner->count();
    }
    return code;
}

extern "C" bool csimdjson_is_json(csimdjson_scanner *scanner, const uint8_t *buffer, size_t length) {
    if (length == 0 || scanner->scan(buffer, length) != CSIMDJSON_OK) return false;
    Cursor cursor(buffer, length, *scanner);
    return cursor.skip_value() && cursor.at_end();
}

extern "C" size_t csimdjson_value_end(const uint8_t *buffer, size_t length, size_t start) {
    return Lexer{buffer, length}.skip_value(start);
}

namespace csimdjson {

bool Cursor::skip_scalar() {
    const uint8_t first = peek();
    if (first == '"') {
        Span content;
        if (!take_string(content)) return false;
        return !has_escapes || !content.has_backslash() || has_valid_escapes(content) || fail();
    }
    if (at_end()) return fail();
    const Span text = token();
    const auto is = [&](const char *literal, size_t size) {
        return text.length == size && std::memcmp(text.start, literal, size) == 0;
    };
    bool valid;
    switch (first) {
    case 't': valid = is("true", 4); break;
    case 'f': valid = is("false", 5); break;
    case 'n': valid = is("null", 4); break;
    default: {
        int64_t integer;
        double value;
        valid = csimdjson_number(text.start, text.start + text.length, &integer, &value) != CSIMDJSON_NOT_A_NUMBER;
    }
    }
    if (!valid) return fail();
    at += 1;
    return true;
}

bool Cursor::skip_value() {
    // One bit a level: set inside an object.
    uint8_t in_object[max_depth];
    size_t depth = 0;
    for (;;) {
        // A value begins here.
        const uint8_t first = peek();
        bool opened = false;
        if (first == '{' || first == '[') {
            at += 1;
            const uint8_t close = first == '{' ? '}' : ']';
            if (peek() == close) {
                at += 1;
            } else {
                if (depth == max_depth) return fail(CSIMDJSON_TOO_DEEP);
                in_object[depth++] = first == '{';
                opened = true;
            }
        } else if (!skip_scalar()) {
            return false;
        }
        // Behind a value: close what ends here, then go on to the next one.
        while (!opened) {
            if (depth == 0) return true;
            const uint8_t next = peek();
            if (next == ',') {
                at += 1;
                opened = true;
            } else if (next == (in_object[depth - 1] ? '}' : ']')) {
                at += 1;
                depth -= 1;
            } else {
                return fail();
            }
        }
        if (in_object[depth - 1]) {
            if (peek() != '"' || !skip_scalar() || !take(':')) return fail();
        }
    }
}

} // namespace csimdjson
