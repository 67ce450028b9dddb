// Perf bodies, a chunk at a time.
//
// The index of a whole body would cost four bytes a structural, some 24 MB for 100,000 chats. So the array of chats is
// cut at `},{` into pieces of about a megabyte, each of which is read in place as an array of its own: its first byte
// becomes `[` and its last one `]` for as long as it is read.
//
// Why a cut in the wrong place cannot go unnoticed: every byte of a piece is checked. A cut inside a string leaves the
// string open. A cut inside a nested value leaves more brackets open than the one `]` closes. A piece that is a valid
// array was therefore cut between two elements. After a failure the next element boundary is looked up byte by byte,
// and a second failure is the body's own.
#include "ChatReader.hpp"
#include "Lexer.hpp"
#include <algorithm>
#include <new>

using namespace csimdjson;

namespace {

const Key chats_key("chats");
const Key total_keys[CSIMDJSON_TOTALS + 1] = {
    Key("active_chats"), Key("tracked_chats"), Key("total_agent_turns"), Key("total_tool_calls"), Key("total_errors"),
    Key("total_prompt_tokens"), Key("total_completion_tokens"), Key("total_cost"),
};

bool names(Span key, const Key &name) {
    if (!key.has_backslash()) return key.length == name.length && std::memcmp(key.start, name.text, key.length) == 0;
    std::vector<uint8_t> resolved(key.length);
    size_t lone = 0;
    const ptrdiff_t length = csimdjson_unescape(key.start, key.length, resolved.data(), &lone);
    return length == ptrdiff_t(name.length) && std::memcmp(resolved.data(), name.text, name.length) == 0;
}

/// Appends a text without the white space between its values, until there would be more than `limit` bytes: then false.
bool append_dense(std::vector<uint8_t> &to, const uint8_t *from, const uint8_t *end, size_t limit) {
    bool in_string = false;
    for (; from < end; from += 1) {
        if (in_string) {
            if (*from == '\\' && from + 1 < end) {
                to.push_back(*from);
                from += 1;
            } else if (*from == '"') {
                in_string = false;
            }
        } else if (is_space(*from)) {
            // One is left: two numbers with a blank between them are not one.
            if (!to.empty() && is_space(to.back())) continue;
        } else if (*from == '"') {
            in_string = true;
        }
        if (to.size() >= limit) return false;
        to.push_back(*from);
    }
    return true;
}

} // namespace

struct csimdjson_perf {
    uint8_t *buffer;
    size_t length, chunk;
    csimdjson_scanner scanner;
    ChatReader reader;
    std::vector<csimdjson_chat> chats;
    enum { fresh, reading, done } state = fresh;
    bool bare = false;
    size_t array_start = 0, array_end = 0;
    /// Where the next piece begins: at the array's bracket, later at a comma between two elements.
    size_t position = 0;
    csimdjson_perf_summary summary = {};

    csimdjson_code next();

private:
    struct Piece {
        /// Index of the comma or bracket behind the last element.
        size_t end;
        bool is_last;
    };

    csimdjson_code fail(csimdjson_code code, size_t offset) {
        summary.error_offset = offset;
        return code;
    }

    csimdjson_code locate();
    csimdjson_code judge_whole();
    bool guess(Piece &piece) const;
    csimdjson_code find(Piece &piece);
    csimdjson_code read(Piece piece);
    csimdjson_code walk(Cursor &cursor, bool may_be_empty);
    csimdjson_code read_envelope();
    csimdjson_code read_totals(Cursor &cursor);
};

csimdjson_code csimdjson_perf::next() {
    chats.clear();
    if (state == done) return CSIMDJSON_DONE;
    if (state == fresh) {
        if (const auto code = locate()) return code;
        state = reading;
    }
    Piece piece;
    csimdjson_code code = guess(piece) ? read(piece) : CSIMDJSON_SYNTAX;
    if (code != CSIMDJSON_OK && code != CSIMDJSON_NO_MEMORY) {
        code = find(piece);
        if (code == CSIMDJSON_OK) code = read(piece);
    }
    if (code != CSIMDJSON_OK) return code;
    position = piece.end;
    if (piece.is_last) {
        array_end = piece.end;
        if (const auto code = read_envelope()) return code;
        position = length;
        state = done;
    }
    return CSIMDJSON_OK;
}

/// Finds the bracket that opens the chats.
csimdjson_code csimdjson_perf::locate() {
    const Lexer body{buffer, length};
    size_t p = body.skip_spaces(0);
    if (p == length) return fail(CSIMDJSON_EMPTY, length);
    if (buffer[p] == '[') {
        bare = true;
        array_start = position = p;
        return CSIMDJSON_OK;
    }
    if (buffer[p] != '{') return judge_whole();
    for (;;) {
        p = body.skip_spaces(p + 1);
        if (p >= length || buffer[p] != '"') break;
        const size_t key = p + 1;
        p = body.skip_string(p);
        if (p >= length) break;
        const Span name{buffer + key, p - 1 - key};
        p = body.skip_spaces(p);
        if (p >= length || buffer[p] != ':') break;
        p = body.skip_spaces(p + 1);
        if (p >= length) break;
        if (names(name, chats_key)) {
            if (buffer[p] != '[') break;
            array_start = position = p;
            return CSIMDJSON_OK;
        }
        p = body.skip_spaces(body.skip_value(p));
        if (p >= length || buffer[p] != ',') break;
    }
    return judge_whole();
}

/// Without chats the body is of no use; says whether it is at least JSON.
csimdjson_code csimdjson_perf::judge_whole() {
    if (length > CSIMDJSON_LONGEST) return fail(CSIMDJSON_TOO_LONG, 0);
    if (const auto code = scanner.scan(buffer, length)) return fail(code, 0);
    Cursor cursor(buffer, length, scanner);
    if (cursor.skip_value() && !cursor.at_end()) cursor.fail();
    return fail(cursor.code ? cursor.code : CSIMDJSON_NO_CHATS, cursor.code ? cursor.offset() : 0);
}

/// A probable boundary, without reading what lies before it.
bool csimdjson_perf::guess(Piece &piece) const {
    if (length - position <= chunk + chunk / 4) {
        for (size_t p = length; p-- > position + 1;) {
            if (buffer[p] == ']') {
                piece = {p, true};
                return true;
            }
        }
        return false;
    }
    for (size_t p = position + chunk; p > position + 1; p -= 1) {
        if (buffer[p] != '{') continue;
        size_t comma = p - 1;
        while (comma > position && is_space(buffer[comma])) comma -= 1;
        if (comma == position || buffer[comma] != ',') continue;
        size_t brace = comma - 1;
        while (brace > position && is_space(buffer[brace])) brace -= 1;
        if (brace == position || buffer[brace] != '}') continue;
        piece = {comma, false};
        return true;
    }
    return false;
}

/// The true boundary: the last one of the first `chunk` bytes, or the first one behind them.
csimdjson_code csimdjson_perf::find(Piece &piece) {
    const Lexer body{buffer, length};
    size_t comma = 0, p = position + 1;
    const size_t most = position + std::max<size_t>(CSIMDJSON_LONGEST, 2 * chunk);
    while (p < length) {
        if (comma && p > position + chunk) break;
        p = body.skip_spaces(p);
        p = body.skip_value(p);
        p = body.skip_spaces(p);
        if (p >= length) break;
        // Without what was found before, which is to be read first.
        if (p > most) {
            if (comma) break;
            return fail(CSIMDJSON_TOO_LONG, position);
        }
        if (buffer[p] == ']') {
            piece = {p, true};
            return CSIMDJSON_OK;
        }
        if (buffer[p] != ',') return fail(CSIMDJSON_SYNTAX, p);
        if (comma && p > position + chunk) break;
        comma = p;
        p += 1;
    }
    if (!comma) return fail(CSIMDJSON_SYNTAX, length); // the body ends inside an element
    piece = {comma, false};
    return CSIMDJSON_OK;
}

/// Reads the elements between `position` and the end of the piece. Leaves no trace when it fails.
csimdjson_code csimdjson_perf::read(Piece piece) {
    const size_t skipped = reader.skipped, malformed = reader.malformed;
    const size_t apps = reader.apps.count(), workflows = reader.workflows.count();
    const uint8_t first = buffer[position], last = buffer[piece.end];
    buffer[position] = '[';
    buffer[piece.end] = ']';
    const size_t size = piece.end - position + 1;
    csimdjson_code code = scanner.scan(buffer + position, size);
    size_t offset = 0;
    if (code == CSIMDJSON_OK) {
        Cursor cursor(buffer + position, size, scanner);
        code = walk(cursor, piece.is_last && position == array_start);
        offset = cursor.offset();
    }
    buffer[piece.end] = last;
    buffer[position] = first;
    if (code == CSIMDJSON_OK) return code;
    chats.clear();
    reader.skipped = skipped;
    reader.malformed = malformed;
    reader.apps.truncate(apps);
    reader.workflows.truncate(workflows);
    return fail(code, position + offset);
}

csimdjson_code csimdjson_perf::walk(Cursor &cursor, bool may_be_empty) {
    if (!cursor.take('[')) return cursor.code;
    if (cursor.peek() == ']' && may_be_empty) {
        cursor.at += 1;
        if (!cursor.at_end()) cursor.fail();
        return cursor.code;
    }
    for (;;) {
        if (simdjson_likely(cursor.peek() == '{')) {
            bool kept = false;
            chats.emplace_back();
            if (!reader.read(cursor, chats.back(), kept)) return cursor.code;
            if (!kept) chats.pop_back();
        } else {
            if (!cursor.skip_value()) return cursor.code;
            reader.skipped += 1;
        }
        if (!cursor.another(']')) return cursor.code;
    }
}

/// Reads what stands around the chats, with an empty array in their place.
csimdjson_code csimdjson_perf::read_envelope() {
    if (bare) {
        const size_t rest = Lexer{buffer, length}.skip_spaces(array_end + 1);
        return rest == length ? CSIMDJSON_OK : fail(CSIMDJSON_SYNTAX, rest);
    }
    std::vector<uint8_t> text;
    const size_t around = array_start + (length - array_end - 1);
    const bool is_whole = around <= CSIMDJSON_LONGEST;
    if (is_whole) {
        text.reserve(around + 2 + CSIMDJSON_PADDING);
        text.assign(buffer, buffer + array_start);
        text.push_back('[');
        text.push_back(']');
        text.insert(text.end(), buffer + array_end + 1, buffer + length);
    } else {
        // So much can only be white space, or nothing that a runtime says.
        static const uint8_t brackets[] = {'[', ']'};
        if (!append_dense(text, buffer, buffer + array_start, CSIMDJSON_LONGEST)
            || !append_dense(text, brackets, brackets + 2, CSIMDJSON_LONGEST)
            || !append_dense(text, buffer + array_end + 1, buffer + length, CSIMDJSON_LONGEST))
            return fail(CSIMDJSON_TOO_LONG, array_end);
    }
    const size_t size = text.size();
    text.resize(size + CSIMDJSON_PADDING, ' ');
    csimdjson_code code = scanner.scan(text.data(), size);
    size_t offset = 0;
    if (code == CSIMDJSON_OK) {
        Cursor cursor(text.data(), size, scanner);
        code = read_totals(cursor);
        offset = cursor.offset();
    }
    if (!code) return code;
    if (!is_whole) return fail(code, 0);
    return fail(code, offset <= array_start ? offset : offset + (array_end - array_start) - 1);
}

csimdjson_code csimdjson_perf::read_totals(Cursor &cursor) {
    summary.has_totals = true;
    uint32_t seen = 0;
    size_t arrays = 0;
    if (!cursor.take('{')) return cursor.code;
    for (;;) {
        Span key;
        if (!cursor.take_string(key)) return cursor.code;
        if ((key.has_backslash() && !has_valid_escapes(key)) || !cursor.take(':')) {
            cursor.fail();
            return cursor.code;
        }
        size_t total = 0;
        while (total <= CSIMDJSON_TOTALS && !names(key, total_keys[total])) total += 1;
        bool valid, present = false;
        if (total < CSIMDJSON_TOTALS) valid = reader.take_integer(cursor, summary.totals[total], present);
        else if (total == CSIMDJSON_TOTALS) valid = reader.take_double(cursor, summary.cost, present);
        else {
            // The first array of chats is the one that was read.
            if (names(key, chats_key) && ++arrays > 1) reader.malformed += 1;
            valid = cursor.skip_value();
        }
        if (!valid) return cursor.code;
        if (total <= CSIMDJSON_TOTALS) {
            const uint32_t bit = 1u << total;
            if (seen & bit) reader.malformed += 1;
            seen |= bit;
            summary.present = present ? summary.present | bit : summary.present & ~bit;
        }
        if (!cursor.another('}')) return cursor.code;
    }
}

extern "C" csimdjson_perf *csimdjson_perf_create(uint8_t *buffer, size_t length, size_t chunk) {
    auto *perf = new (std::nothrow) csimdjson_perf;
    if (perf) {
        perf->buffer = buffer;
        perf->length = length;
        perf->chunk = std::max<size_t>(chunk, 1);
    }
    return perf;
}

extern "C" void csimdjson_perf_destroy(csimdjson_perf *perf) { delete perf; }

extern "C" csimdjson_code csimdjson_perf_next(csimdjson_perf *perf, const csimdjson_chat **chats, size_t *count) {
    *chats = nullptr;
    *count = 0;
    try {
        const csimdjson_code code = perf->next();
        if (code == CSIMDJSON_OK) {
            *chats = perf->chats.data();
            *count = perf->chats.size();
        }
        return code;
    } catch (const std::bad_alloc &) {
        return CSIMDJSON_NO_MEMORY;
    }
}

extern "C" csimdjson_perf_summary csimdjson_perf_finish(const csimdjson_perf *perf) {
    csimdjson_perf_summary summary = perf->summary;
    summary.skipped_chats = perf->reader.skipped;
    summary.malformed_fields = perf->reader.malformed;
    summary.apps = perf->reader.apps.count();
    summary.workflows = perf->reader.workflows.count();
    return summary;
}

extern "C" size_t csimdjson_perf_position(const csimdjson_perf *perf) { return perf->position; }

extern "C" void csimdjson_perf_app(const csimdjson_perf *perf, size_t index, const uint8_t **bytes, size_t *length) {
    const Span text = perf->reader.apps.text(index);
    *bytes = text.start;
    *length = text.length;
}

extern "C" void csimdjson_perf_workflow(const csimdjson_perf *perf, size_t index, const uint8_t **bytes, size_t *length) {
    const Span text = perf->reader.workflows.text(index);
    *bytes = text.start;
    *length = text.length;
}
