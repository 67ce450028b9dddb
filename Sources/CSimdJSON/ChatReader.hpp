// One chat object of a perf body.
#pragma once
#include "Interner.hpp"
#include <vector>

namespace csimdjson {

/// A name with its closing quote, in words, so that comparing it is a few instructions.
struct Key {
    uint64_t word[3] = {0, 0, 0}, mask[3] = {0, 0, 0};
    const char *text;
    size_t length;

    explicit Key(const char *name) : text(name), length(std::strlen(name)) {
        uint8_t bytes[24] = {0}, used[24] = {0};
        for (size_t i = 0; i < length; i += 1) bytes[i] = uint8_t(name[i]), used[i] = 0xFF;
        bytes[length] = '"', used[length] = 0xFF;
        std::memcpy(word, bytes, 24);
        std::memcpy(mask, used, 24);
    }

    /// Whether `content`, which follows an opening quote and has padding behind it, is this name.
    bool matches(const uint8_t *content) const {
        return (((load64(content) ^ word[0]) & mask[0]) | ((load64(content + 8) ^ word[1]) & mask[1])
                | ((load64(content + 16) ^ word[2]) & mask[2]))
            == 0;
    }
};

/// Reads chats at a cursor. A field of a wrong type or out of range is counted and absent.
class ChatReader {
public:
    Interner apps, workflows;
    size_t skipped = 0, malformed = 0;

    /// The cursor stands at `{`. False when the text is no JSON; `kept` tells whether the chat has what identifies it.
    bool read(Cursor &cursor, csimdjson_chat &chat, bool &kept);

    /// Takes a number at the cursor; anything else is skipped. `present` says whether `value` was given.
    bool take_integer(Cursor &cursor, int64_t &value, bool &present);
    bool take_double(Cursor &cursor, double &value, bool &present);

private:
    enum TextField { chat_id, app_id, workflow_name, user_id, moment, text_fields };

    /// Takes a string with its escapes resolved; anything else is skipped, counted, and leaves `text.start` null.
    bool take_text(Cursor &cursor, TextField field, Span &text);
    bool take_moment(Cursor &cursor, int64_t &milliseconds, bool &present);
    bool take_field(Cursor &cursor, size_t field, csimdjson_chat &chat);
    void identify(csimdjson_chat &chat, bool &kept);

    MomentReader moments;
    Span texts[text_fields];
    std::vector<uint8_t> resolved[text_fields];
};

inline bool is_null(const Cursor &cursor) {
    return cursor.peek() == 'n'; // whether it really is null is checked when it is taken
}

} // namespace csimdjson
