"""A runtime that is simulated for the judge, and the tape of a poller that asks it. Standard library only."""
import json, math
from datetime import datetime, timedelta, timezone

#: Of the processes of a runtime; most stories have one.
URLS = ["http://runtime.example:8000", "http://runtime-two.example:8000", "http://runtime-three.example:8000"]
HEALTH, RUNS, PERF, EVENTS = "/api/health", "/health/active-runs", "/metrics/perf/aggregate", "/api/events/metrics"
PAGE = "<html><body><h1>502 Bad Gateway</h1></body></html>"
STUB = {"active_count": 0, "total_runs": 0, "runs": [], "note": "Registry tracking disabled for simplicity"}


def stamp(moment, digits="milliseconds"):
    return moment.isoformat(timespec=digits).replace("+00:00", "Z")


def poisson(rng, mean):
    """By its normal limit where it is large."""
    if mean > 60:
        return max(0, round(rng.gauss(mean, math.sqrt(mean))))
    left, number, product = math.exp(-mean), 0, rng.random()
    while product > left:
        product *= rng.random()
        number += 1
    return number


class Chat:
    __slots__ = ("head", "app", "began", "over", "life", "ghost", "silent", "turns", "errors", "duration", "prompt",
                 "completion", "cost", "row", "number", "tools")


class World:
    """Chats of one process. `live`: every counter moves; `built`: errors, tokens and cost stay 0, as in today's runtimes.

    What a tenant does is said by knobs: starts (times the base rate), more (further starts a minute), dead (runs end in 4 s
    with nothing done), silent (a share of them), ghost (a share whose websocket never comes), stuck (nothing moves nor ends),
    errors (share of turns), slow, tokens, price (factors), user (all runs are one user's), calm (turns are so much rarer),
    think (share of turns in which a person takes half a minute to answer), heavy (percent of the runs whose workflow uses a
    model that is slow, and how many times), limited (percent of the runs whose model turns them away), target (so many open
    runs, whoever ends), lives (how many times as long runs last), tail (their spread), context (a run's prompt grows so much
    with each turn), endless (one run at a time never ends), tools (tool calls a turn), broken (share of them that fail),
    tries (model calls a minute of each run that is stuck).
    """

    def __init__(self, rng, apps, live, base, skew=0, evicts=None):
        self.rng, self.apps, self.live, self.base = rng, apps, live, base
        self.skew, self.evicts = timedelta(seconds=skew), evicts
        self.skew_at_birth = self.skew
        self.chats, self.calls, self.total, self.born = [], 0, 0, None
        # What an exporter would have counted, by app: starts, ends, turns, errors, tokens, cost.
        self.counted = {app: [0, 0, 0, 0, 0, 0.0] for app in apps}

    def step(self, now, seconds, load):
        rng = self.rng
        self.born = self.born or now
        knobs = {app: load(app) or {} for app in self.apps}
        for app in self.apps:
            own = knobs[app]
            if "target" not in own:
                for _ in range(poisson(rng, (own.get("starts", 1) * self.base + own.get("more", 0)) * seconds / 60)):
                    self.start(now, seconds, app, own)
        for chat in self.chats:
            if chat.over:
                continue
            own, age = knobs[chat.app], (now - chat.began).total_seconds()
            if chat.ghost or own.get("stuck"):
                self.calls += poisson(rng, own["tries"] * seconds / 60) if own.get("tries") else 0
                continue
            if own.get("dead") or chat.silent:
                if age > 4:
                    self.end(chat, now)
                continue
            chat.row = None
            for _ in range(poisson(rng, seconds / 20 / own.get("calm", 1))):
                self.turn(chat, own)
            if age > chat.life:
                self.end(chat, now)
        for app in self.apps:
            if "target" in knobs[app]:
                self.keep(now, seconds, app, knobs[app])
        if self.evicts:
            oldest = now - timedelta(minutes=self.evicts)
            self.chats = [chat for chat in self.chats if not chat.over or chat.over > oldest]

    def keep(self, now, seconds, app, own):
        """Exactly so many open runs: the youngest of more end, and who ended is followed by another."""
        mine = [chat for chat in self.chats if chat.app == app and not chat.over]
        for chat in mine[int(own["target"]):]:
            self.end(chat, now)
        for _ in range(int(own["target"]) - len(mine)):
            self.start(now, seconds, app, own)

    def start(self, now, seconds, app, own):
        rng, chat = self.rng, Chat()
        self.total += 1
        self.counted[app][0] += 1
        chat.number = self.total
        chat.app, chat.began, chat.over = app, now - timedelta(seconds=rng.uniform(0, seconds)), None
        chat.life, chat.row = rng.expovariate(1 / 180) * own.get("lives", 1), None
        if own.get("tail"):
            chat.life *= rng.lognormvariate(0, own["tail"])
        if own.get("endless") and not any(other.life > 1e8 for other in self.chats if other.app == app and not other.over):
            chat.life = 1e9
        chat.ghost, chat.silent = rng.random() < own.get("ghost", 0), rng.random() < own.get("silent", 0)
        chat.silent = chat.silent or chat.number * 37 % 100 < own.get("limited", 0)
        chat.turns = chat.tools = chat.errors = chat.prompt = chat.completion = 0
        chat.cost, chat.duration = 0.0, "null"
        user = own.get("user") or f"user-{rng.randrange(30)}"
        chat.head = (f'{{"chat_id":"{rng.getrandbits(96):024x}","app_id":"{app}","workflow_name":"Support","user_id":"{user}",'
                     f'"started_at":"{(chat.began + self.skew).isoformat(timespec="microseconds")}",')
        self.chats.append(chat)

    def turn(self, chat, own):
        rng, counted = self.rng, self.counted[chat.app]
        chat.turns += 1
        self.calls += 1
        counted[2] += 1
        thought = rng.lognormvariate(3.4, 0.6) if own.get("think") and rng.random() < own["think"] else 0
        percent, times = own.get("heavy", (0, 1))
        slow = own.get("slow", 1) * (times if chat.number * 37 % 100 < percent else 1)
        chat.duration = f"{rng.lognormvariate(0.7, 0.5) * slow + thought:.3f}"
        calls = poisson(rng, own["tools"]) if own.get("tools") else 0
        chat.tools += calls
        if not self.live:
            return
        prompt, completion = (int(rng.uniform(*range_) * own.get("tokens", 1)) for range_ in ((300, 1500), (50, 400)))
        grown = 1 + own.get("context", 0) * chat.turns
        prompt = int(prompt * grown)
        cost, failed = 0.004 * own.get("tokens", 1) * own.get("price", 1) * grown, rng.random() < own.get("errors", 0.01)
        failed += sum(rng.random() < own.get("broken", 0.01) for _ in range(calls))
        chat.prompt, chat.completion, chat.cost = chat.prompt + prompt, chat.completion + completion, chat.cost + cost
        chat.errors += failed
        counted[3], counted[4], counted[5] = counted[3] + failed, counted[4] + prompt + completion, counted[5] + cost

    def end(self, chat, now):
        chat.over, chat.row = now, None
        self.counted[chat.app][1] += 1

    def restart(self, now):
        self.chats, self.calls, self.born = [], 0, now
        self.skew_at_birth = self.skew

    def running(self):
        return sum(not chat.over and not chat.ghost for chat in self.chats)

    def open(self):
        found = dict.fromkeys(self.apps, 0)
        for chat in self.chats:
            found[chat.app] += not chat.over
        return found

    def figures(self, now, every=1):
        """The perf body as text; ended chats are written once. `every`: 2 for a list that lacks every other chat."""
        rows = []
        for chat in self.chats[::every]:
            if chat.over and chat.row:
                rows.append(chat.row)
                continue
            ended = f'"{(chat.over + self.skew).isoformat(timespec="microseconds")}"' if chat.over else "null"
            chat.row = (f'{chat.head}"tool_calls":{chat.tools},"ended_at":{ended},"runtime_sec":{((chat.over or now) - chat.began).total_seconds():.6f},'
                        f'"agent_turns":{chat.turns},"errors":{chat.errors},"last_turn_duration_sec":{chat.duration},'
                        f'"prompt_tokens":{chat.prompt},"completion_tokens":{chat.completion},"cost":{chat.cost:.6f}}}')
            rows.append(chat.row)
        total = lambda name: sum(getattr(chat, name) for chat in self.chats)
        return (f'{{"active_chats":{sum(not chat.over for chat in self.chats)},"tracked_chats":{len(rows)},'
                f'"total_agent_turns":{total("turns")},"total_tool_calls":{total("tools")},"total_errors":{total("errors")},'
                f'"total_prompt_tokens":{total("prompt")},"total_completion_tokens":{total("completion")},'
                f'"total_cost":{total("cost"):.6f},"chats":[{",".join(rows)}]}}')

    def events(self):
        return json.dumps({"status": "success", "data": {
            "events_processed": self.total, "events_failed": 0, "created": (self.born + self.skew_at_birth).isoformat(timespec="microseconds"),
            "events_by_category": {"business": self.total, "ui_tool": 0}, "custom_events_emitted": self.calls,
            "custom_events_by_type": {"chat.usage_delta": self.calls}, "handler_count": 1}}, separators=(",", ":"))


def lines(now, fault, world, url, dated=False):
    """What one poll of a process's four endpoints is told, as lines of a tape. `fault`: what is wrong, nil for nothing."""
    waiting = world.running()
    health = json.dumps({"status": "healthy", "mongodb": "connected", "mongodb_ping_ms": 1500 if fault == "mongo" else 1.2,
                         "active_connections": {"websocket_connections": waiting, "total_connections": waiting}})
    bodies = {HEALTH: health, RUNS: json.dumps(STUB), PERF: None, EVENTS: None}
    date = f'"date":"{(now + world.skew).strftime("%a, %d %b %Y %H:%M:%S GMT")}",' if dated else ""
    for endpoint in bodies:
        took = 1600.0 if (fault, endpoint) == ("figures-late", PERF) else 2.0
        asked = f'{{"at":"{stamp(now)}","runtime":"shared","replica":"{url}","path":"{endpoint}","elapsed_ms":{took},'
        head = asked if fault in ("refused", "timeout") else asked + date
        lone = {"health-page": HEALTH, "events-page": EVENTS}.get(fault)
        if fault == "off" or (fault, endpoint) == ("figures-skipped", PERF):
            continue
        if fault in ("refused", "timeout"):
            yield f'{head}"error":"{fault}"}}\n'
        elif (fault, endpoint) in (("figures-timeout", PERF), ("health-timeout", HEALTH), ("events-timeout", EVENTS)):
            yield f'{asked}"error":"timeout"}}\n'
        elif fault == "401":
            yield f'{head}"status":401,"body":{{"detail":"Token has expired"}}}}\n'
        elif fault == "404":
            yield f'{head}"status":404,"body":{{"detail":"Not Found"}}}}\n'
        elif fault == "redirect":
            yield f'{head}"status":302,"text":""}}\n'
        elif fault == "html":
            yield f'{head}"status":200,"content_type":"text/html","text":{json.dumps(PAGE)}}}\n'
        elif fault == "limit":
            yield f'{head}"status":429,"content_type":"text/plain","text":"Too Many Requests"}}\n'
        elif fault == "page" or lone == endpoint:
            yield f'{head}"status":502,"content_type":"text/html","text":{json.dumps(PAGE)}}}\n'
        elif (fault, endpoint) == ("poison", PERF):
            yield f'{head}"status":500,"text":"Internal Server Error"}}\n'
        elif (fault, endpoint) == ("sick", HEALTH):
            yield f'{head}"status":500,"body":{{"detail":"Health check failed"}}}}\n'
        else:
            if (fault, endpoint) == ("events-empty", EVENTS):
                body = '{"status":"success","data":{}}'
            else:
                body = bodies[endpoint] or (world.figures(now, 2 if fault == "half-list" else 1) if endpoint == PERF else world.events())
            yield f'{head}"status":200,"body":{body}}}\n'
