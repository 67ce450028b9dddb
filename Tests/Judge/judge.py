#!/usr/bin/env python3
"""Scores the default rules on labelled recordings that it simulates itself: `make judge`.

  judge.py BINARY POLICIES [--seeds N] [--only REGEX] [--report-half choose|report] [--bounded]

Each scenario says what happens to a runtime and what a careful operator expects to be told: (rule, subject, minute of the
fault, latest minute of the telling). Whatever else of severity warning or critical is told is a false alarm, but what the
scenario accepts besides. An offer to hold back an app that nobody is expected to be told of is a wrong offer. Thresholds may
be chosen on even seeds only; odd ones are for the report.
"""
import argparse, collections, json, math, pathlib, random, re, subprocess, sys, tempfile
from datetime import datetime, timedelta, timezone

START = datetime(2026, 1, 12, 8, 0, tzinfo=timezone.utc)  # a Monday
URL = "http://runtime.example:8000"
HEALTH, RUNS, PERF, EVENTS = "/api/health", "/health/active-runs", "/metrics/perf/aggregate", "/api/events/metrics"
PAGE = "<html><body><h1>502 Bad Gateway</h1></body></html>"
ALL = ".*"


def stamp(moment, digits="milliseconds"):
    return moment.isoformat(timespec=digits).replace("+00:00", "Z")


def counts(rng, mean):
    """A Poisson number; by its normal limit where it is large."""
    if mean > 60:
        return max(0, round(rng.gauss(mean, math.sqrt(mean))))
    left, number = math.exp(-mean), 0
    product = rng.random()
    while product > left:
        product *= rng.random()
        number += 1
    return number


class World:
    """Chats of one process. `live`: every counter moves; `built`: errors, tokens and cost stay 0, as in today's runtimes."""

    def __init__(self, rng, apps, live):
        self.rng, self.apps, self.live = rng, apps, live
        self.chats, self.calls, self.born, self.total = [], 0, START, 0

    def step(self, now, seconds, load):
        rng = self.rng
        for app in self.apps:
            knobs = load(app)
            for _ in range(counts(rng, knobs.get("starts", 1.0) * 0.5 * seconds / 60)):
                self.total += 1
                self.chats.append({
                    "chat_id": f"{rng.getrandbits(96):024x}", "app_id": app, "workflow_name": "Support",
                    "user_id": f"user-{rng.randrange(30)}", "started": now - timedelta(seconds=rng.uniform(0, seconds)),
                    "ended": None, "agent_turns": 0, "tool_calls": 0, "errors": 0, "last_turn_duration_sec": None,
                    "prompt_tokens": 0, "completion_tokens": 0, "cost": 0.0, "life": rng.expovariate(1 / 180)})
        for chat in self.chats:
            if chat["ended"]:
                continue
            knobs = load(chat["app_id"])
            for _ in range(counts(rng, seconds / 20)):
                chat["agent_turns"] += 1
                self.calls += 1
                chat["last_turn_duration_sec"] = rng.lognormvariate(0.7, 0.5) * knobs.get("slow", 1)
                if self.live:
                    chat["prompt_tokens"] += int(rng.uniform(300, 1500) * knobs.get("tokens", 1))
                    chat["completion_tokens"] += int(rng.uniform(50, 400) * knobs.get("tokens", 1))
                    chat["cost"] += 0.004 * knobs.get("tokens", 1)
                    chat["errors"] += rng.random() < knobs.get("errors", 0.01)
            age = (now - chat["started"]).total_seconds()
            if age > (4 if knobs.get("dead") else chat["life"]):
                chat["ended"] = now

    def restart(self, now):
        self.chats, self.calls, self.born = [], 0, now

    def figures(self, now):
        rows = []
        for chat in self.chats:
            row = {k: v for k, v in chat.items() if k not in ("started", "ended", "life")}
            row["started_at"] = chat["started"].isoformat(timespec="microseconds")
            row["ended_at"] = chat["ended"].isoformat(timespec="microseconds") if chat["ended"] else None
            row["runtime_sec"] = ((chat["ended"] or now) - chat["started"]).total_seconds()
            rows.append(row)
        total = lambda key: sum(row[key] for row in rows)
        return {
            "active_chats": sum(row["ended_at"] is None for row in rows), "tracked_chats": len(rows),
            "total_agent_turns": total("agent_turns"), "total_tool_calls": 0, "total_errors": total("errors"),
            "total_prompt_tokens": total("prompt_tokens"), "total_completion_tokens": total("completion_tokens"),
            "total_cost": total("cost"), "chats": rows}

    def events(self, now):
        return {"status": "success", "data": {
            "events_processed": self.total, "events_failed": 0, "created": self.born.isoformat(timespec="microseconds"),
            "events_by_category": {"business": self.total, "ui_tool": 0}, "custom_events_emitted": self.calls,
            "custom_events_by_type": {"chat.usage_delta": self.calls}, "handler_count": 1}}


def between(first, last):
    return lambda minute: first <= minute < last


def only(app, when, **knobs):
    return lambda minute, other: knobs if other == app and when(minute) else {}


def everybody(when, **knobs):
    return lambda minute, app: knobs if when(minute) else {}


def answers(when, kind):
    return lambda minute: kind if when(minute) else None


NOTHING = lambda *_: {}
# name: (load, what the endpoints do, expected, accepted besides, needs live counters)
A = "app-02"
NOISE = [("token-burn-spike|cost-spike", A), ("model-calls-spike|runtime-crowded", "shared")]
SCENARIOS = {
    "quiet": (NOTHING, None, [], [], False),
    "burst": (only(A, between(60, 62), starts=25), None, [], [], False),
    "growth-of-all": (lambda m, a: {"starts": 1 + m / 100}, None, [], [], False),
    "monday": (lambda m, a: {"starts": 0.2 if m < 60 else 3}, None, [], [("model-calls-spike", "shared")], False),
    "night": (lambda m, a: {"starts": 1 if m < 40 else 0.05}, None, [], [], False),
    "others-leave": (lambda m, a: {"starts": 6} if a == A else {"starts": 2 if m < 60 else 0.1}, None, [], [], False),
    "always-large": (only(A, lambda m: True, starts=12), None, [], [], False),
    "lost-polls": (NOTHING, lambda m: "refused" if m in (20, 45, 71) else None, [], [], False),
    "deploy": (NOTHING, answers(between(60, 62), "page"), [], [], False),
    "restart": (NOTHING, lambda m: "restart" if m == 60 else None, [], [], False),
    "noisy": (only(A, between(60, 85), starts=25), None, [("noisy", A, 60, 75)], NOISE, False),
    "down": (NOTHING, answers(between(60, 66), "refused"), [("down", "shared", 60, 62)], [], False),
    "hang": (NOTHING, answers(between(60, 66), "timeout"), [("down", "shared", 60, 63)], [], False),
    "page": (NOTHING, answers(between(60, 75), "page"), [("unreachable", "shared", 60, 66)], [], False),
    "redirect": (NOTHING, answers(between(60, 75), "redirect"), [("unreachable", "shared", 60, 66)], [], False),
    "no-token": (NOTHING, answers(between(60, 80), "401"), [("unauthorized", "shared", 60, 67)], [], False),
    "poison": (NOTHING, answers(between(60, 80), "poison"), [("poisoned", "shared", 60, 67)], [], False),
    "sick": (NOTHING, answers(between(60, 75), "sick"), [("unhealthy", "shared", 60, 63)], [], False),
    "sometimes-sick": (NOTHING, lambda m: "sick" if 60 <= m < 90 and round(m * 2) % 2 else None, [("unhealthy", "shared", 60, 72)], [], False),
    "slow-database": (NOTHING, answers(between(60, 80), "mongo"), [("mongodb", "shared", 60, 67)], [], False),
    "health-page": (NOTHING, answers(between(60, 80), "health-page"), [("health-unreadable", "shared", 60, 67)], [], False),
    "events-page": (NOTHING, answers(between(60, 80), "events-page"), [("events-unreadable", "shared", 60, 67)], [], False),
    "provider": (everybody(between(60, 80), dead=True, starts=3), None, [("provider", "shared", 60, 70)], [], False),
    "slow-turns": (everybody(between(60, 85), slow=7), None, [("latency", "shared", 60, 72)], [], False),
    "a-third-fails": (only(A, between(60, 85), errors=0.35), None, [("app-errors", A, 60, 85)], [], True),
    "all-fail": (everybody(between(60, 80), errors=0.5), None, [("error-spike", "shared", 60, 72)], [], True),
    "tokens": (only(A, between(60, 85), tokens=8), None, [("token|cost", A, 60, 75)], [], True),
}


def record(path, name, seed, live, step, tenants, minutes):
    load, faults, expected, accepted, _ = SCENARIOS[name]
    rng = random.Random(f"{name} {seed} {step} {tenants}")
    world = World(rng, [f"app-{n:02d}" for n in range(1, tenants + 1)], live)
    with open(path, "w") as tape:
        line = lambda value: tape.write(json.dumps(value, separators=(",", ":")) + "\n")
        line({"schema": "mozaiks.ops/tape/v1", "interval_ms": step * 1000, "runtimes": {"shared": {"replicas": [URL]}}})
        for poll in range(minutes * 60 // step):
            minute, now = poll * step / 60, START + timedelta(seconds=poll * step)
            fault = faults(minute) if faults else None
            if fault == "restart":
                world.restart(now)
            world.step(now, step, lambda app: load(minute, app) or {})
            waiting = sum(not chat["ended"] for chat in world.chats)
            health = {"status": "healthy", "mongodb": "connected", "mongodb_ping_ms": 1500 if fault == "mongo" else 1.2,
                      "active_connections": {"websocket_connections": waiting, "total_connections": waiting}}
            bodies = {HEALTH: health, RUNS: {"active_count": 0, "total_runs": 0, "runs": [],
                                             "note": "Registry tracking disabled for simplicity"},
                      PERF: world.figures(now), EVENTS: world.events(now)}
            for endpoint, body in bodies.items():
                said = {"at": stamp(now), "runtime": "shared", "replica": URL, "path": endpoint, "elapsed_ms": 2.0}
                if fault in ("refused", "timeout"):
                    said["error"] = fault
                elif fault == "401":
                    said |= {"status": 401, "body": {"detail": "Token has expired"}}
                elif fault == "redirect":
                    said |= {"status": 302, "text": ""}
                elif fault == "page" or (fault, endpoint) in (("health-page", HEALTH), ("events-page", EVENTS)):
                    said |= {"status": 502, "text": PAGE, "content_type": "text/html"}
                elif (fault, endpoint) == ("poison", PERF):
                    said |= {"status": 500, "text": "Internal Server Error"}
                elif (fault, endpoint) == ("sick", HEALTH):
                    said |= {"status": 500, "body": {"detail": "Health check failed"}}
                else:
                    said |= {"status": 200, "body": body}
                line(said)
            line({"at": stamp(now + timedelta(milliseconds=50)), "runtime": "shared", "tick": poll + 1})
    return expected, accepted


def judge(binary, policies, tape, expected, accepted):
    run = subprocess.run([binary, "replay", tape, "--policies", policies, "-o", "json"], capture_output=True)
    if run.returncode != 0:
        sys.exit(f"{tape}: {run.stderr.decode()[-400:]}")
    score, notes, hit = collections.Counter(), [], set()
    for incident in json.loads(run.stdout)["policies"]["incidents"]:
        subject = incident["subject"].get("app_id") or incident["subject"]["runtime"]
        opened = datetime.fromisoformat(incident["decisions"]["opened_at"].replace("Z", "+00:00"))
        minute = (opened - START).total_seconds() / 60
        fits = lambda wanted: re.search(wanted[0], incident["rule"]) and wanted[1] == subject
        told = [index for index, wanted in enumerate(expected) if fits(wanted) and wanted[2] <= minute <= wanted[3]]
        for index in told:
            if index not in hit:
                hit.add(index)
                score["delay"] += minute - expected[index][2]
        if not told and incident["severity"] != "info" and not any(fits(other) for other in accepted):
            score["false"] += 1
            notes.append(f"false: {incident['rule']} on {subject} at {minute:.1f} m")
        for action in incident["decisions"]["actions"]:
            innocent = not any(wanted[1] == action.get("app_id") for wanted in expected)
            if action["verdict"] == "needs_approval" and innocent:
                score["wrong offers"] += 1
    score["expected"], score["hit"] = len(expected), len(hit)
    notes += [f"missed: {wanted}" for index, wanted in enumerate(expected) if index not in hit]
    return score, notes


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("policies")
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--only", default="")
    parser.add_argument("--half", choices=["choose", "report"], default="report")
    parser.add_argument("--step", type=int, default=30)
    parser.add_argument("--tenants", type=int, default=8)
    parser.add_argument("--bounded", action="store_true", help="one seed of each, for continuous integration")
    options = parser.parse_args()
    seeds = [seed for seed in range(2 * options.seeds) if seed % 2 == (options.half == "report")]
    total, bad = collections.Counter(), 0
    print(f"{'scenario':18}{'profile':9}{'expected':>9}{'hit':>5}{'false':>7}{'wrong offers':>14}{'delay':>8}")
    with tempfile.TemporaryDirectory() as folder:
        for name, (_, _, _, _, needs_live) in SCENARIOS.items():
            if not re.search(options.only, name):
                continue
            for profile in ("live", "built"):
                if profile == "built" and (needs_live or options.bounded):
                    continue
                row, lines = collections.Counter(), []
                for seed in seeds[:1] if options.bounded else seeds:
                    tape = str(pathlib.Path(folder) / "tape.jsonl")
                    wanted = record(tape, name, seed, profile == "live", options.step, options.tenants, 105)
                    score, notes = judge(options.binary, options.policies, tape, *wanted)
                    row.update(score)
                    lines += [f"    seed {seed}: {note}" for note in notes]
                delay = f"{row['delay'] / row['hit']:.1f}m" if row["hit"] else "-"
                print(f"{name:18}{profile:9}{row['expected']:>9}{row['hit']:>5}{row['false']:>7}{row['wrong offers']:>14}{delay:>8}")
                for note in lines:
                    print(note)
                total.update(row)
    recall = 100 * total["hit"] / max(1, total["expected"])
    print(f"recall {recall:.0f} %, false alarms {total['false']}, wrong offers {total['wrong offers']} ({options.half} seeds)")
    return 0 if recall == 100 and not total["false"] and not total["wrong offers"] else 1


if __name__ == "__main__":
    sys.exit(main())
