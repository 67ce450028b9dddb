"""What the seed document's three checks come to as a cron script: urllib and json, nothing kept."""
import json
import sys
import urllib.request

BASE = sys.argv[1]


def get(path):
    with urllib.request.urlopen(BASE + path, timeout=10) as answer:
        return json.loads(answer.read())


health = get("/api/health")
runs = get("/health/active-runs")
perf = get("/metrics/perf/aggregate")

active = {}
turns = calls = errors = tokens = 0
cost = 0.0
for chat in perf["chats"]:
    if chat["ended_at"] is None:
        active[chat["app_id"]] = active.get(chat["app_id"], 0) + 1
    turns += chat["agent_turns"]
    calls += chat["tool_calls"]
    errors += chat["errors"]
    tokens += chat["prompt_tokens"] + chat["completion_tokens"]
    cost += chat["cost"]

total = sum(active.values())
alerts = []
for app, count in sorted(active.items()):
    if total >= 10 and count / total > 0.40:
        alerts.append(f"noisy neighbor: {app} has {count} of {total} active runs")
rate = errors / (turns + calls) if turns + calls else 0.0
if total > 200 and rate > 0.05:
    alerts.append(f"saturated: {total} active runs, {rate:.1%} errors")
if tokens > 10_000_000:
    alerts.append(f"token burn: {tokens} tokens, {cost:.2f} USD")
if health["status"] != "healthy":
    alerts.append("unhealthy")
print(f"{health['status']}, {runs['active_count']} runs by the registry, {total} open, {errors} errors, {tokens} tokens")
for alert in alerts:
    print(alert)
sys.exit(1 if alerts else 0)
