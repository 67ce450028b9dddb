"""A plain script's reading of a perf body: json.loads and the same sums. A line with a count on standard input is
answered with the processor seconds that each of so many decodings took, on average."""
import json
import sys
import time


def decode(body):
    document = json.loads(body)
    chats = document["chats"]
    turns = sum(chat["agent_turns"] for chat in chats)
    sum(chat["errors"] for chat in chats)
    sum(chat["prompt_tokens"] + chat["completion_tokens"] for chat in chats)
    sum(chat["cost"] for chat in chats)
    apps = {}
    for chat in chats:
        if chat["ended_at"] is None:
            apps[chat["app_id"]] = apps.get(chat["app_id"], 0) + 1
    if turns != document["total_agent_turns"] or len(chats) != document["tracked_chats"]:
        sys.exit("decode.py read other numbers than the totals say")


with open(sys.argv[1], "rb") as file:
    body = file.read()
for line in sys.stdin:
    times = int(line)
    started = time.thread_time()
    for _ in range(times):
        decode(body)
    print((time.thread_time() - started) / times, flush=True)
