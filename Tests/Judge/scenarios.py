"""What happens to the runtime, and what a careful operator expects to be told of it.

`expected`: (rule, subject, minute of the fault, latest minute of the telling). Whatever else of severity warning or critical is
told is a false alarm, but what is `accepted`: the same fault seen by another rule. Rules are regular expressions.
"""
import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

MONDAY = datetime(2026, 1, 12, 8, 0, tzinfo=timezone.utc)
A, B, ALL = "app-02", "app-05", "shared"
HOUR, DAY = 60, 24 * 60


@dataclass
class Scenario:
    name: str
    #: (minute, app) to knobs, see `world.World`.
    load: object = lambda minute, app: {}
    #: minute to what is wrong with the answers, see `world.lines`; `restart` is a new process. Of one of several
    #: processes: its number and what is wrong.
    faults: object = lambda minute: None
    expected: list = field(default_factory=list)
    accepted: list = field(default_factory=list)
    #: Only where errors, tokens and cost are counted.
    live: bool = False
    #: Nothing is wrong and nobody grew: counts for false alarms in an app-month.
    quiet: bool = False
    tenants: int = 12
    step: int = 30
    minutes: int = 105
    #: Starts a minute of each tenant.
    base: float = 0.5
    #: Seconds by which the runtime's clock is ahead; or of the minute.
    skew: object = 0
    processes: int = 1
    #: Whether answers carry the time in a `date` header.
    dated: bool = False
    begins: datetime = MONDAY

    @property
    def is_long(self):
        return self.minutes > 6 * HOUR


def between(first, last):
    return lambda minute: first <= minute < last


def only(app, when, **knobs):
    apps = app if isinstance(app, tuple) else (app,)
    return lambda minute, other: knobs if other in apps and when(minute) else {}


def everybody(when, **knobs):
    return lambda minute, app: knobs if when(minute) else {}


def answers(when, kind):
    return lambda minute: kind if when(minute) else None


def chance(share, kind="refused"):
    """So many polls are lost, one at a time."""
    return lambda minute: kind if minute > 5 and math.sin(minute * 12.9898) * 43758.5453 % 1 < share else None


def every(other, first, last, kind):
    """At every so many minutes of a stretch."""
    return lambda minute: kind if first <= minute < last and round(minute * 2) % other == 1 else None


def rhythm(minute, begins):
    """Of a working week: much by day, little by night, a third at weekends."""
    now = begins + timedelta(minutes=minute)
    hour = now.hour + now.minute / 60
    day = 0.08 + 0.92 * math.exp(-((hour - 13.5) / 4.2) ** 4)
    return day * (0.3 if now.weekday() >= 5 else 1)


def week(begins, change=lambda minute, app: {}):
    """The rhythm of a week, and what is different: `starts` there is a factor to it."""

    def load(minute, app):
        knobs = dict(change(minute, app))
        knobs["starts"] = knobs.get("starts", 1) * rhythm(minute, begins)
        return knobs

    return load


NOISE = [("token-burn-spike|cost-spike", A), ("model-calls-spike|runtime-crowded", ALL)]
FRIDAY = datetime(2026, 1, 9, 12, 0, tzinfo=timezone.utc)
MONTH_END = datetime(2026, 1, 28, 8, 0, tzinfo=timezone.utc)
ALWAYS = lambda minute: True


def long(name, begins=MONDAY, days=2, change=lambda minute, app: {}, **rest):
    """Days: polled once a minute, with the rhythm of a week."""
    rest = {"tenants": 12, "base": 0.8} | rest
    return Scenario(name, week(begins, change), step=60, minutes=int(days * DAY), begins=begins, **rest)


def down(name, first=60, last=66, kind="refused", latest=2.1, rule="down", **rest):
    return Scenario(name, faults=answers(between(first, last), kind), expected=[(rule, ALL, first, first + latest)], **rest)


def noisy(name, first=60, last=85, more=12.0, latest=10, **rest):
    return Scenario(name, only(A, between(first, last), more=more), expected=[("noisy", A, first, first + latest)], accepted=NOISE, **rest)


SCENARIOS = [
    # ---- Nothing is wrong.
    Scenario("quiet", quiet=True),
    Scenario("quiet-two", quiet=True, tenants=2, step=10),
    Scenario("quiet-sixty", quiet=True, tenants=60, base=0.1),
    Scenario("quiet-five-hundred", quiet=True, tenants=500, base=0.02, step=60),
    Scenario("quiet-fast", quiet=True, step=5, minutes=80),
    Scenario("quiet-large", quiet=True, base=4, minutes=60),
    Scenario("lost-polls", quiet=True, faults=lambda m: "refused" if m in (20, 45, 71) else None),
    Scenario("lost-polls-fast", quiet=True, faults=chance(0.05), step=10),
    Scenario("poor-line", quiet=True, faults=chance(0.15, "timeout"), minutes=200),
    Scenario("poor-line-fast", quiet=True, faults=chance(0.2, "timeout"), step=10),
    Scenario("poor-line-slow", quiet=True, faults=chance(0.15, "timeout"), step=60, minutes=300),
    Scenario("clock-behind", quiet=True, skew=-90, faults=lambda m: "restart" if m == 50 else None),
    Scenario("clock-ahead", quiet=True, skew=3_600, step=60, tenants=2),
    Scenario("errors-as-usual", everybody(ALWAYS, errors=0.03), quiet=True, live=True),
    Scenario("cached-answers", only(A, ALWAYS, silent=0.3), quiet=True),
    Scenario("deploy", faults=answers(between(60, 62), "page"), quiet=True),
    Scenario("restart", faults=lambda m: "restart" if m == 60 else None, quiet=True),
    Scenario("two-deploys", faults=lambda m: "restart" if m in (40, 70) else None, quiet=True),
    Scenario("burst", only(A, between(60, 62), starts=25)),
    Scenario("growth-of-all", lambda m, a: {"starts": 1 + m / 100}),
    Scenario("monday", lambda m, a: {"starts": 0.2 if m < 60 else 3}, accepted=[("model-calls-spike", ALL)]),
    Scenario("monday-sixty", lambda m, a: {"starts": 0.3 if m < 60 else 2}, accepted=[("model-calls-spike", ALL)], tenants=60, base=0.1),
    Scenario("night", lambda m, a: {"starts": 1 if m < 40 else 0.05}),
    Scenario("others-leave", lambda m, a: {"starts": 6} if a == A else {"starts": 2 if m < 60 else 0.1}),
    Scenario("always-large", only(A, ALWAYS, starts=12)),
    Scenario("sole-tenant-grows", lambda m, a: {"starts": 8 + m / 15 if a == A else 0.3}, tenants=2, step=10),
    Scenario("one-bad-minute", only(A, between(60, 61), errors=0.6), live=True),
    Scenario("visitors-leave", only(A, between(40, 90), ghost=0.6, more=2)),
    Scenario("slow-typists", only(A, ALWAYS, calm=3, slow=3)),
    Scenario("deploy-at-night", lambda m, a: {"starts": 0.2}, lambda m: "page" if 60 <= m < 62 else "restart" if m == 62 else None, quiet=True),
    Scenario("holiday", lambda m, a: {"starts": 1 if m < 60 else 0.04}, base=1.5, minutes=150),
    Scenario("lunch", lambda m, a: {"starts": 0.15 if 60 <= m < 90 else 1}, base=1.5, minutes=130),
    Scenario("launch-of-a-newcomer", only(A, lambda m: m < 60, starts=0), minutes=130, base=1),
    Scenario("batch-comes-early", lambda m, a: {"starts": 0 if a == A else 0.3, "more": 8 if a == A and (m < 35 or 200 <= m < 230) else 0},
             minutes=260),
    # Twelve customers are called otherwise after a release; one of them always had half of all.
    Scenario("renamed", lambda m, a: {"starts": (20 if a in (A, "app-14") else 1) if (a > "app-12") == (m >= 60) else 0},
             lambda m: "restart" if m == 60 else None, tenants=24, base=1),
    Scenario("always-half", only(A, ALWAYS, starts=9), base=3, minutes=75),
    Scenario("client-retries", only(A, between(60, 80), more=1.5, silent=0.7)),
    Scenario("strangers-look-in", only(A, between(60, 90), ghost=0.9, more=6)),
    Scenario("list-lacks-half", faults=lambda m: "half-list" if m in (40, 60, 80) else None, quiet=True),
    Scenario("people-think-longer", lambda m, a: {"think": 0.12 if 60 <= m < 95 else 0.04}),
    Scenario("people-think", everybody(ALWAYS, think=0.03), quiet=True, step=10, minutes=150),
    Scenario("an-eighth-fails-as-usual", only(A, ALWAYS, errors=0.12), base=1.5, live=True),
    Scenario("double-clicks", only(A, between(60, 80), more=0.5, silent=0.5)),
    Scenario("a-rolling-deploy", faults=lambda m: ((0, "refused") if 60 <= m < 61.5 else (0, "restart") if m == 61.5 else
             (1, "refused") if 63 <= m < 64.5 else (1, "restart") if m == 64.5 else None), processes=2, base=1, quiet=True),
    # ---- Days and weeks, nothing wrong.
    long("nights", days=3, quiet=True),
    long("week", days=7, quiet=True),
    long("weekend-and-monday", FRIDAY, 3.5, quiet=True),
    long("two-at-night", days=3, tenants=2, quiet=True),
    long("sixty-for-a-day", days=1.5, tenants=60, base=0.15, quiet=True),
    long("five-percent-a-day", days=5, change=lambda m, a: {"starts": 1.05 ** (m / DAY)} if a == A else {}),
    long("month-end", MONTH_END, 3.5, change=lambda m, a: {"starts": 2} if m > 2.1 * DAY else {}, accepted=[("model-calls-spike", ALL)]),
    long("launch-day-small", days=3, change=lambda m, a: {"starts": 4} if a == A and m > 2 * DAY else {}),
    # ---- The runtime does not answer, or not as itself.
    down("down"),
    down("down-fast", step=5, minutes=80),
    down("down-slow", last=70, step=60, tenants=60, base=0.1, latest=4.1),
    down("down-two", step=10, tenants=2),
    down("hang", kind="timeout", latest=3),
    Scenario("down-on-a-poor-line", faults=lambda m: "refused" if 60 <= m < 70 else chance(0.15, "timeout")(m),
             expected=[("down", ALL, 60, 64)]),
    Scenario("hang-on-a-poor-line", faults=lambda m: "timeout" if 60 <= m < 72 else chance(0.15, "timeout")(m),
             expected=[("down", ALL, 60, 66)]),
    Scenario("down-and-up", faults=lambda m: "refused" if 60 <= m < 96 and (m - 60) % 10 < 4 else None, minutes=120,
             expected=[("down", ALL, 60, 62.1)], accepted=[("unhealthy", ALL)]),
    down("page", last=75, kind="page", latest=4.1, rule="unreachable"),
    down("page-fast", last=75, kind="page", latest=4.1, rule="unreachable", step=5, minutes=85),
    down("page-five-hundred", last=75, kind="page", latest=5.1, rule="unreachable", tenants=500, base=0.02, step=60),
    down("redirect", last=75, kind="redirect", latest=4.1, rule="unreachable"),
    down("gone", last=75, kind="404", latest=4.1, rule="unreachable"),
    down("html", last=75, kind="html", latest=4.1, rule="unreachable"),
    down("no-token", last=80, kind="401", latest=6.1, rule="unauthorized"),
    Scenario("crash-then-page", faults=lambda m: "refused" if 60 <= m < 64 else "page" if 64 <= m < 80 else None,
             expected=[("down", ALL, 60, 62.1), ("unreachable", ALL, 64, 69.1)]),
    Scenario("one-process-of-two", faults=answers(between(60, 75), (1, "refused")), expected=[("replica-down", ALL, 60, 65.1)],
             processes=2, base=1),
    Scenario("one-process-of-three", faults=answers(between(60, 68), (2, "refused")), expected=[("replica-down", ALL, 60, 65.1)],
             processes=3, base=1, step=20, minutes=95),
    # ---- One endpoint, the database, the process.
    down("poison", last=80, kind="poison", latest=6.1, rule="poisoned"),
    down("figures-timeout", last=80, kind="figures-timeout", latest=6.1, rule="perf-unreadable"),
    down("sick", last=75, kind="sick", latest=2.1, rule="unhealthy"),
    Scenario("sometimes-sick", faults=lambda m: "sick" if 60 <= m < 90 and round(m * 2) % 2 else None,
             expected=[("unhealthy", ALL, 60, 72)]),
    Scenario("one-check-in-three", faults=every(3, 60, 95, "sick"), expected=[("unhealthy", ALL, 60, 76)]),
    Scenario("one-check-in-three-fast", faults=lambda m: "sick" if 60 <= m < 95 and round(m * 6) % 3 == 1 else None, step=10,
             expected=[("unhealthy", ALL, 60, 76)]),
    # Starts without a database stay open for ever, and one tenant's users try again most.
    Scenario("starts-without-a-database", lambda m, a: {"ghost": 1, "stuck": True, "starts": 6 if a == A else 1} if 60 <= m < 80 else {},
             answers(between(60, 80), "sick"), expected=[("unhealthy", ALL, 60, 62.1)], tenants=4, base=1, step=10, minutes=100),
    Scenario("forty-seconds-of-a-hundred", faults=lambda m: "sick" if 60 <= m < 95 and m * 60 % 100 < 40 else None, step=10,
             expected=[("unhealthy", ALL, 60, 68)]),
    Scenario("two-minutes-of-six", faults=lambda m: "sick" if 60 <= m < 95 and m % 6 < 2 else None, expected=[("unhealthy", ALL, 60, 62.1)]),
    Scenario("crashes-while-it-starts", faults=lambda m: "refused" if 60 <= m < 100 and m % 5 < 0.9 else "restart" if 60 <= m < 100 and m % 5 == 1
             else None, expected=[("restart-loop", ALL, 60, 74)], accepted=[("down|unhealthy", ALL)]),
    down("slow-database", last=80, kind="mongo", latest=6.1, rule="mongodb"),
    # A server's error is a failing check, and so is a page in its place.
    down("health-page", last=80, kind="health-page", latest=6.1, rule="health-unreadable|unhealthy"),
    down("events-page", last=80, kind="events-page", latest=6.1, rule="events-unreadable"),
    Scenario("restart-loop", faults=lambda m: "restart" if m in (60, 66, 72, 78) else None, expected=[("restart-loop", ALL, 72, 73.1)]),
    down("events-empty", last=80, kind="events-empty", latest=6.1, rule="events-unreadable"),
    Scenario("slow-database-at-times", faults=lambda m: "mongo" if 60 <= m < 100 and round(m * 2) % 2 else None,
             expected=[("mongodb", ALL, 60, 78)]),
    Scenario("slow-database-at-every-other-minute", faults=lambda m: "mongo" if 60 <= m < 100 and m % 2 else None, step=60,
             expected=[("mongodb", ALL, 60, 78)]),
    Scenario("token-refused-at-times", faults=every(2, 60, 95, "401"), expected=[("unauthorized", ALL, 60, 75)], accepted=[("unreadable", ALL)]),
    Scenario("figures-fail-at-times", faults=every(2, 60, 95, "poison"), expected=[("poisoned", ALL, 60, 75)]),
    Scenario("a-quarter-refused", faults=lambda m: "refused" if m >= 60 and round(m * 2) % 4 == 0 else None,
             expected=[("unhealthy", ALL, 60, 95)]),
    # ---- Runs.
    Scenario("provider-hangs", everybody(between(60, 85), stuck=True), expected=[("runs-stuck", ALL, 60, 66)]),
    Scenario("provider-hangs-retries", everybody(between(60, 85), stuck=True, starts=3), expected=[("runs-stuck", ALL, 60, 66)], step=10),
    Scenario("provider-hangs-small", everybody(between(90, 115), stuck=True), expected=[("runs-stuck", ALL, 90, 106)], tenants=2, minutes=120),
    Scenario("provider-hangs-slow", everybody(between(60, 85), stuck=True), expected=[("runs-stuck", ALL, 60, 68)], tenants=60, base=0.15, step=60),
    Scenario("one-hangs", only(A, between(60, 95), stuck=True, more=1.5), expected=[("app-stuck", A, 60, 80)]),
    Scenario("some-fail-everywhere", everybody(between(60, 100), errors=0.14), expected=[("error-rise", ALL, 60, 76)], live=True),
    Scenario("half-of-them-fail", only(tuple(f"app-{n:02d}" for n in range(1, 7)), between(60, 95), errors=0.33),
             expected=[("error-rise|error-spike", ALL, 60, 76)], accepted=[("error-spike", ALL)] + [("app-errors", f"app-{n:02d}") for n in range(1, 7)], live=True),
    Scenario("some-of-one-fail", only(A, between(60, 100), errors=0.16), expected=[("app-errors", A, 60, 85)], base=1.2, live=True),
    Scenario("loop-of-a-newcomer", lambda m, a: ({"starts": 0.4, "tokens": 300} if m >= 60 else {"starts": 0}) if a == A else {},
             expected=[("token|cost", A, 60, 80)], accepted=[("token|cost", A)], live=True),
    Scenario("provider", everybody(between(60, 80), dead=True, starts=3), expected=[("provider", ALL, 60, 66)]),
    Scenario("provider-two", everybody(between(60, 80), dead=True, starts=3), expected=[("provider", ALL, 60, 68)], tenants=2, base=1.5, step=10),
    Scenario("provider-sixty", everybody(between(60, 80), dead=True, starts=2), expected=[("provider", ALL, 60, 66)], tenants=60, base=0.15),
    Scenario("provider-slow", everybody(between(60, 85), dead=True, starts=2), expected=[("provider", ALL, 60, 70)], step=60),
    Scenario("provider-turns-away", everybody(between(60, 95), silent=0.4, starts=2), expected=[("provider", ALL, 60, 76)], base=0.8),
    Scenario("provider-in-turns", lambda m, a: {"dead": True, "starts": 2} if 60 <= m < 95 and int(m) % 4 < 2 else {}, base=0.8,
             expected=[("provider", ALL, 60, 75)]),
    Scenario("provider-tiny", everybody(between(60, 100), dead=True), expected=[("provider", ALL, 60, 88)], tenants=2, base=0.3),
    Scenario("provider-in-quarters", lambda m, a: {"dead": True, "starts": 1.6} if m >= 60 and m % 15 < 5 else {}, base=0.8,
             expected=[("provider", ALL, 60, 67)], minutes=130),
    Scenario("half-of-a-large-one-refused", lambda m, a: {"starts": 5, "silent": 0.55 if 60 <= m < 105 else 0.01} if a == A else {},
             expected=[("app-errors", A, 60, 95)], minutes=110),
    Scenario("key-of-a-smaller-one", only(A, between(60, 105), dead=True), expected=[("app-errors", A, 60, 92)], minutes=108),
    Scenario("key-of-a-small-one", only(A, between(60, 100), dead=True), expected=[("app-errors", A, 60, 78)], base=0.8),
    Scenario("slow-turns", everybody(between(60, 85), slow=7), expected=[("latency", ALL, 60, 70)]),
    Scenario("slow-for-two-hours", everybody(between(60, 180), slow=7), expected=[("latency", ALL, 60, 70)], minutes=180),
    Scenario("slow-turns-of-one-among-thinkers", lambda m, a: {"think": 0.1} | ({"starts": 2, "slow": 10 if 60 <= m < 90 else 1} if a == A else {}),
             base=1, expected=[("app-slow", A, 60, 75)]),
    Scenario("slow-turns-fast", everybody(between(60, 85), slow=7), expected=[("latency", ALL, 60, 70)], step=5, minutes=88),
    Scenario("slow-turns-of-one", lambda m, a: {"starts": 2, "slow": 10 if 60 <= m < 90 else 1} if a == A else {}, base=1,
             expected=[("app-slow", A, 60, 75)]),
    Scenario("a-third-fails", only(A, between(60, 85), errors=0.35), expected=[("app-errors", A, 60, 80)], live=True),
    Scenario("a-third-fails-sixty", only(A, between(60, 95), errors=0.35), expected=[("app-errors", A, 60, 85)], live=True, tenants=60, base=0.3),
    Scenario("all-turns-of-one-fail", only(A, between(60, 90), errors=1.0), expected=[("app-errors", A, 60, 75)], live=True, base=0.35),
    Scenario("all-fail", everybody(between(60, 80), errors=0.5), expected=[("error-spike", ALL, 60, 67)], live=True),
    Scenario("saturated", lambda m, a: {"starts": 16, "errors": 0.15, "slow": 2} if 60 <= m < 85 else {},
             expected=[("saturated", ALL, 60, 80)], accepted=[("model-calls-spike|latency|error-spike", ALL)], live=True),
    Scenario("tokens", only(A, between(60, 85), tokens=8), expected=[("token|cost", A, 60, 78)], accepted=[("token|cost", A)], live=True),
    Scenario("dear-model", only(A, between(60, 85), price=8), expected=[("cost", A, 60, 85)], live=True),
    # ---- One tenant crowds the others.
    noisy("noisy"),
    noisy("noisy-two", tenants=2, step=10),
    Scenario("half-list-then-noisy", only(A, between(65, 88), more=12), lambda m: "half-list" if m == 60 else None,
             expected=[("noisy", A, 65, 75)], accepted=NOISE),
    noisy("noisy-sixty", tenants=60, base=0.1, more=20, step=10, minutes=90),
    noisy("noisy-five-hundred", tenants=500, base=0.02, more=30, step=60, latest=12),
    noisy("noisy-fast", step=5, minutes=88),
    # Each has 46 %, and by chance less than 40 now and then, which begins the five minutes anew.
    Scenario("two-noisy", only((A, B), between(60, 85), more=22), expected=[("noisy", A, 60, 82), ("noisy", B, 60, 82)],
             accepted=NOISE + [("token-burn-spike|cost-spike", B)], base=0.3),
    Scenario("two-of-one-owner", only((A, B), between(60, 90), more=11), base=0.9, expected=[("noisy", A, 60, 88), ("noisy", B, 60, 88)],
             accepted=NOISE + [("token-burn-spike|cost-spike", B)]),
    Scenario("grew-to-less", only(A, between(60, 90), more=4), accepted=NOISE, base=1.2),
    Scenario("noisy-crashes", only(A, between(60, 90), more=22), lambda m: "restart" if 62 < m < 90 and m % 2.5 == 0 else None,
             expected=[("noisy", A, 60, 78), ("restart-loop", ALL, 67, 69)], accepted=NOISE),
    # ---- Days, and something happens on one of them.
    long("down-at-night", days=2, faults=answers(between(42 * HOUR, 42 * HOUR + 8), "refused"),
         expected=[("down", ALL, 42 * HOUR, 42 * HOUR + 4.1)]),
    long("noisy-second-day", days=1.3, change=only(A, between(29 * HOUR, 29 * HOUR + 30), more=25),
         expected=[("noisy", A, 29 * HOUR, 29 * HOUR + 12)], accepted=NOISE),
    long("noisy-at-night", days=1, change=only(A, between(18 * HOUR, 18 * HOUR + 30), more=12),
         expected=[("noisy", A, 18 * HOUR, 18 * HOUR + 12)], accepted=NOISE),
    long("launch-day-large", days=1.5, change=only(A, between(26 * HOUR, 34 * HOUR), more=25),
         expected=[("noisy", A, 26 * HOUR, 26 * HOUR + 15)], accepted=NOISE),
    long("provider-on-saturday", FRIDAY, 1.3, change=everybody(between(26 * HOUR, 26 * HOUR + 30), dead=True, starts=3),
         expected=[("provider", ALL, 26 * HOUR, 26 * HOUR + 12)]),
    long("tokens-at-night", days=1, change=only(A, between(16 * HOUR, 16 * HOUR + 60), tokens=12, more=0.6),
         expected=[("token|cost", A, 16 * HOUR, 16 * HOUR + 20)], accepted=[("token|cost", A)], live=True),
]
