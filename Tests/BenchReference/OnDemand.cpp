#include "BenchReference.h"
#include <simdjson.h>
#include <string_view>

using namespace simdjson;

namespace {

/// The parser is kept, as simdjson's documentation asks for: its index is allocated once.
ondemand::parser &parser() {
    static thread_local ondemand::parser parser;
    return parser;
}

void read(ondemand::object chat, benchreference_sums &sums) {
    // In the order of the body, so that nothing is looked for twice.
    for (const char *key : {"chat_id", "app_id", "workflow_name", "user_id", "started_at"}) {
        sums.id_bytes += std::string_view(chat[key]).size();
    }
    ondemand::value ended = chat["ended_at"];
    if (ended.is_null()) sums.open += 1;
    else sums.id_bytes += std::string_view(ended).size();
    sums.runtime_sec += double(chat["runtime_sec"]);
    sums.agent_turns += int64_t(chat["agent_turns"]);
    sums.tool_calls += int64_t(chat["tool_calls"]);
    sums.errors += int64_t(chat["errors"]);
    ondemand::value last = chat["last_turn_duration_sec"];
    if (!last.is_null()) sums.last_turn_sec += double(last);
    sums.prompt_tokens += int64_t(chat["prompt_tokens"]);
    sums.completion_tokens += int64_t(chat["completion_tokens"]);
    sums.cost += double(chat["cost"]);
    sums.chats += 1;
}

} // namespace

bool benchreference_ondemand(const uint8_t *body, size_t length, benchreference_sums *sums) {
    *sums = {};
    try {
        const auto text = reinterpret_cast<const char *>(body);
        ondemand::document document = parser().iterate(text, length, length + SIMDJSON_PADDING);
        for (ondemand::object chat : document["chats"].get_array()) read(chat, *sums);
        return true;
    } catch (const simdjson_error &) {
        return false;
    }
}
