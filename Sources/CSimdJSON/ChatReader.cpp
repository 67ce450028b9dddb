#include "ChatReader.hpp"
#include "Numbers.hpp"
#include <cmath>

namespace csimdjson {

namespace {

enum ChatField {
    f_chat_id, f_app_id, f_workflow_name, f_user_id, f_started_at, f_ended_at, f_runtime_sec, f_agent_turns,
    f_tool_calls, f_errors, f_last_turn_duration_sec, f_prompt_tokens, f_completion_tokens, f_cost, chat_fields,
};

// In the order in which the runtime writes them.
const Key chat_keys[chat_fields] = {
    Key("chat_id"), Key("app_id"), Key("workflow_name"), Key("user_id"), Key("started_at"), Key("ended_at"),
    Key("runtime_sec"), Key("agent_turns"), Key("tool_calls"), Key("errors"), Key("last_turn_duration_sec"),
    Key("prompt_tokens"), Key("completion_tokens"), Key("cost"),
};

/// The field that a key names, `chat_fields` for one that we do not know.
size_t field_of(Span key) {
    for (size_t field = 0; field < chat_fields; field += 1) {
        if (chat_keys[field].matches(key.start)) return field;
    }
    if (simdjson_likely(!key.has_backslash())) return chat_fields;
    // A name written with escapes is still that name.
    std::vector<uint8_t> name(key.length);
    size_t lone = 0;
    const ptrdiff_t length = csimdjson_unescape(key.start, key.length, name.data(), &lone);
    for (size_t field = 0; field < chat_fields; field += 1) {
        if (size_t(length) == chat_keys[field].length && std::memcmp(name.data(), chat_keys[field].text, size_t(length)) == 0)
            return field;
    }
    return chat_fields;
}

} // namespace

__attribute__((flatten)) bool ChatReader::read(Cursor &cursor, csimdjson_chat &chat, bool &kept) {
    chat = csimdjson_chat{};
    for (Span &text : texts) text.start = nullptr;
    uint32_t seen = 0;
    if (!cursor.take('{')) return false;
    if (cursor.peek() == '}') {
        cursor.at += 1;
    } else {
        size_t expected = 0;
        for (;;) {
            size_t field = expected;
            if (simdjson_likely(expected < chat_fields && cursor.peek() == '"'
                                && chat_keys[expected].matches(cursor.buffer + cursor.structurals[cursor.at] + 1))) {
                cursor.at += 1;
            } else {
                Span key;
                if (!cursor.take_string(key)) return false;
                if (key.has_backslash() && !has_valid_escapes(key)) return cursor.fail();
                field = field_of(key);
            }
            if (!cursor.take(':')) return false;
            if (simdjson_likely(field < chat_fields)) {
                expected = field + 1;
                if (simdjson_unlikely(seen >> field & 1)) malformed += 1; // the last one wins
                seen |= 1u << field;
                if (!take_field(cursor, field, chat)) return false;
            } else if (!cursor.skip_value()) {
                return false;
            }
            const uint8_t next = cursor.peek();
            if (simdjson_likely(next == ',')) {
                cursor.at += 1;
            } else if (next == '}') {
                cursor.at += 1;
                break;
            } else {
                return cursor.fail();
            }
        }
    }
    if (!(seen >> f_ended_at & 1)) chat.present |= CSIMDJSON_OPEN;
    identify(chat, kept);
    return true;
}

bool ChatReader::take_field(Cursor &cursor, size_t field, csimdjson_chat &chat) {
    bool present = false;
    uint16_t bit = 0;
    bool valid = true;
    switch (field) {
    case f_chat_id: return take_text(cursor, chat_id, texts[chat_id]);
    case f_app_id: return take_text(cursor, app_id, texts[app_id]);
    case f_workflow_name: return take_text(cursor, workflow_name, texts[workflow_name]);
    case f_user_id: return take_text(cursor, user_id, texts[user_id]);
    case f_started_at:
        valid = take_moment(cursor, chat.started_at, present);
        bit = CSIMDJSON_STARTED_AT;
        break;
    case f_ended_at:
        chat.present &= uint16_t(~CSIMDJSON_OPEN);
        if (is_null(cursor)) {
            chat.present &= uint16_t(~CSIMDJSON_ENDED_AT);
            chat.ended_at = 0;
            chat.present |= CSIMDJSON_OPEN;
            return cursor.skip_scalar();
        }
        valid = take_moment(cursor, chat.ended_at, present);
        bit = CSIMDJSON_ENDED_AT;
        break;
    case f_runtime_sec:
        valid = take_double(cursor, chat.runtime_sec, present);
        bit = CSIMDJSON_RUNTIME_SEC;
        break;
    case f_agent_turns:
        valid = take_integer(cursor, chat.agent_turns, present);
        bit = CSIMDJSON_AGENT_TURNS;
        break;
    case f_tool_calls:
        valid = take_integer(cursor, chat.tool_calls, present);
        bit = CSIMDJSON_TOOL_CALLS;
        break;
    case f_errors:
        valid = take_integer(cursor, chat.errors, present);
        bit = CSIMDJSON_ERRORS;
        break;
    case f_last_turn_duration_sec:
        bit = CSIMDJSON_LAST_TURN_SEC;
        if (is_null(cursor)) { // before the first turn
            chat.last_turn_sec = 0;
            valid = cursor.skip_scalar();
            break;
        }
        valid = take_double(cursor, chat.last_turn_sec, present);
        break;
    case f_prompt_tokens:
        valid = take_integer(cursor, chat.prompt_tokens, present);
        bit = CSIMDJSON_PROMPT_TOKENS;
        break;
    case f_completion_tokens:
        valid = take_integer(cursor, chat.completion_tokens, present);
        bit = CSIMDJSON_COMPLETION_TOKENS;
        break;
    case f_cost:
        valid = take_double(cursor, chat.cost, present);
        bit = CSIMDJSON_COST;
        break;
    default: return cursor.skip_value();
    }
    chat.present = present ? chat.present | bit : chat.present & ~bit;
    return valid;
}

void ChatReader::identify(csimdjson_chat &chat, bool &kept) {
    const Span id = texts[chat_id], app = texts[app_id], user = texts[user_id], workflow = texts[workflow_name];
    kept = id.start && app.start;
    if (!kept) {
        skipped += 1;
        return;
    }
    const Hash128 key = stable_hash(id.start, id.length);
    chat.key_low = key.low;
    chat.key_high = key.high;
    chat.app = apps.intern(app);
    if (user.start) {
        chat.user = keyed_hash(apps.hash(chat.app), user.start, user.length);
        chat.present |= CSIMDJSON_USER;
    }
    if (workflow.start) {
        chat.workflow = workflows.intern(workflow);
        chat.present |= CSIMDJSON_WORKFLOW;
    }
}

bool ChatReader::take_text(Cursor &cursor, TextField field, Span &text) {
    text.start = nullptr;
    if (simdjson_unlikely(cursor.peek() != '"')) {
        malformed += 1;
        return cursor.skip_value();
    }
    if (!cursor.take_string(text)) return false;
    if (simdjson_likely(!cursor.has_escapes || !text.has_backslash())) return true;
    auto &room = resolved[field];
    // What is done with a text reads whole words, as in the body: the padding belongs to a resolved one, too.
    room.resize(text.length + CSIMDJSON_PADDING);
    size_t lone = 0;
    const ptrdiff_t length = csimdjson_unescape(text.start, text.length, room.data(), &lone);
    if (length < 0) return cursor.fail();
    if (lone) { // no text: two ids that differ in it would become one
        malformed += 1;
        text.start = nullptr;
        return true;
    }
    text = {room.data(), size_t(length)};
    return true;
}

bool ChatReader::take_moment(Cursor &cursor, int64_t &milliseconds, bool &present) {
    milliseconds = 0;
    Span text;
    const bool is_string = cursor.peek() == '"';
    if (!take_text(cursor, moment, text)) return false;
    present = text.start && moments.read(text, milliseconds);
    if (is_string && text.start && !present) malformed += 1;
    return true;
}

bool ChatReader::take_integer(Cursor &cursor, int64_t &value, bool &present) {
    value = 0;
    const uint8_t first = cursor.peek();
    if (simdjson_likely(uint8_t(first - '0') < 10 || first == '-')) {
        const Span text = cursor.token();
        const bool negative = first == '-';
        if (simdjson_likely(short_integer(text.start + negative, text.length - negative, negative, value))) {
            present = true;
            cursor.at += 1;
            return true;
        }
        double fractional;
        switch (csimdjson_number(text.start, text.start + text.length, &value, &fractional)) {
        case CSIMDJSON_NOT_A_NUMBER: return cursor.fail();
        case CSIMDJSON_INTEGER: present = true; break;
        case CSIMDJSON_DOUBLE:
            // 3.0 is an integer for a writer that has only one kind of number.
            present = fractional == std::trunc(fractional) && std::fabs(fractional) < 9.2e18;
            value = present ? int64_t(fractional) : 0;
            break;
        case CSIMDJSON_OUT_OF_RANGE: break;
        }
        if (!present) malformed += 1;
        cursor.at += 1;
        return true;
    }
    malformed += 1;
    return cursor.skip_value();
}

bool ChatReader::take_double(Cursor &cursor, double &value, bool &present) {
    value = 0;
    const uint8_t first = cursor.peek();
    if (simdjson_likely(uint8_t(first - '0') < 10 || first == '-')) {
        const Span text = cursor.token();
        const bool negative = first == '-';
        if (simdjson_likely(short_decimal(text.start + negative, text.length - negative, negative, value))) {
            present = true;
            cursor.at += 1;
            return true;
        }
        int64_t whole;
        switch (csimdjson_number(text.start, text.start + text.length, &whole, &value)) {
        case CSIMDJSON_NOT_A_NUMBER: return cursor.fail();
        case CSIMDJSON_INTEGER:
            value = double(whole);
            present = true;
            break;
        case CSIMDJSON_DOUBLE: present = true; break;
        case CSIMDJSON_OUT_OF_RANGE:
            value = 0;
            malformed += 1;
            break;
        }
        cursor.at += 1;
        return true;
    }
    malformed += 1;
    return cursor.skip_value();
}

} // namespace csimdjson
