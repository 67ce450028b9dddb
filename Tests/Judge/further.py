"""Further kinds: drips, loads that are given exactly, crowds in which nobody is to blame, limits and tools of some, clocks."""
from scenarios import A, ALL, ALWAYS, B, NOISE, Scenario, answers, between, everybody, only

NOISY_B = [("noisy|token|cost", B)]


def number(app):
    return int(app[4:])


def uneven(app):
    """Customers are not equally large."""
    return 0.6 + (number(app) * 7 % 11) / 10


def uneven_load(change=lambda minute, app: {}, **always):
    return lambda minute, app: (knobs := always | change(minute, app)) | {"starts": knobs.get("starts", 1) * uneven(app)}


def targets(change, others=5):
    """So many open runs of each, but what `change` says of some."""
    return lambda minute, app: {"target": found if (found := change(minute, app)) is not None else others}


def steps(minute, first, factor, every, count):
    """Grown by the factor at every so many minutes, so many times."""
    return factor ** max(0, min(count, int((minute - first) / every) + 1)) if minute >= first else 1


FURTHER = [
    # ---- Nothing is wrong, or nobody is to blame.
    Scenario("crowd-over-all", uneven_load(lambda m, a: {"starts": 6} if 60 <= m < 95 else {}), accepted=[("model-calls-spike", ALL)]),
    Scenario("crowd-one-after-another",
             uneven_load(lambda m, a: {"starts": 1 + 6 * min(1, max(0, (m - 60 - number(a)) / 5))} if m < 110 else {}), step=15,
             minutes=125),
    Scenario("crowd-of-three", uneven_load(lambda m, a: {"starts": 6} if 60 <= m < 95 else {}), tenants=3, base=0.8, step=20),
    Scenario("change-places", targets(lambda m, a: (25 if m < 70 else 8) if a == A else (8 if m < 70 else 25) if a == B else None, 3),
             minutes=120),
    Scenario("share-of-38", targets(lambda m, a: 38 if a == A else None, 6), minutes=90, quiet=True),
    Scenario("grows-to-38", targets(lambda m, a: 10 + int(27 * min(1, max(0, (m - 60) / 20))) if a == A else None, 6), minutes=110),
    Scenario("prompts-grow-with-runs", uneven_load(context=0.3), step=20, minutes=150, live=True, quiet=True),
    Scenario("runs-of-all-lengths", uneven_load(tail=1.3), base=0.3, step=20, minutes=180, quiet=True),
    Scenario("small-counts", uneven_load(context=0.2), base=0.08, tenants=60, step=30, minutes=160, live=True, quiet=True),
    Scenario("tools-fail-as-usual", uneven_load(tools=0.6, broken=0.08), minutes=150, live=True, quiet=True),
    Scenario("list-emptied", uneven_load(), lambda m: "emptied" if m in (60, 80) else None, quiet=True),
    Scenario("monitor-off", uneven_load(), lambda m: "off" if 60 <= m < 78 else None, quiet=True),
    Scenario("figures-every-third-poll", uneven_load(), lambda m: "figures-skipped" if m > 40 and round(m * 6) % 3 else None, step=10,
             quiet=True),
    Scenario("clock-ahead-dated", uneven_load(), lambda m: "restart" if m == 50 else None, skew=75, dated=True, step=15, quiet=True),
    Scenario("clock-runs-away", uneven_load(), skew=lambda m: m / 2, minutes=150, step=20, quiet=True),
    Scenario("three-deployed-twice", everybody(ALWAYS, starts=2),
             lambda m: (0, "restart") if m in (60, 75) else (1, "restart") if m in (62, 77)
             else (2, "restart") if m in (64, 79) else None, processes=3, quiet=True),
    Scenario("first-day-of-a-newcomer", lambda m, a: {"starts": 3 * min(1, max(0, (m - 60) / 90)) if a == A else uneven(a)}, minutes=240),
    # ---- Drips.
    Scenario("tokens-in-large-steps", lambda m, a: {"tokens": steps(m, 60, 1.5, 12, 5)} if a == A else {}, live=True, base=1, minutes=180,
             expected=[("token|cost", A, 84, 135)], accepted=[("token|cost", A)]),
    Scenario("fills-in-quick-steps", targets(lambda m, a: min(160, 4 * steps(m, 60, 1.15, 4, 40)) if a == A else None, 4), minutes=200,
             step=20,
             expected=[("noisy", A, 100, 150)], accepted=NOISE),
    Scenario("two-fill-in-steps", targets(lambda m, a: min(80, 4 * steps(m, 60, 1.15, 4, 40)) if a in (A, B) else None, 4), minutes=200,
             step=20,
             expected=[("noisy", A, 90, 150), ("noisy", B, 90, 150)], accepted=NOISE + NOISY_B),
    Scenario("share-of-43-slow", targets(lambda m, a: (43 if 60 <= m < 85 else 10) if a == A else None), step=60, minutes=100, skew=-90,
             expected=[("noisy", A, 60, 85)], accepted=NOISE),
    Scenario("outstays", uneven_load(lambda m, a: {"lives": 12} if a == A and m >= 60 else {}), minutes=150, base=0.8,
             expected=[("noisy", A, 60, 125)],
             accepted=NOISE),
    Scenario("crowd-and-one-more", uneven_load(lambda m, a: {"starts": 3, "more": 30 if a == A else 0} if 60 <= m < 90 else {}), step=20,
             expected=[("noisy", A, 60, 72)], accepted=NOISE),
    Scenario("crowd-fails", uneven_load(lambda m, a: {"starts": 15, "errors": 0.16, "slow": 2} if 60 <= m < 88 else {}), live=True,
             expected=[("saturated", ALL, 60, 82)], accepted=[("calls|latency|error", ALL)]),
    # ---- Limits, tools.
    Scenario("limit-of-one-model", uneven_load(lambda m, a: {"limited": 35, "starts": 1.2} if 60 <= m < 100 else {}), base=1, step=20,
             expected=[("provider|error", ALL, 60, 78)]),
    Scenario("tool-of-one-fails", uneven_load(lambda m, a: {"broken": 0.8} if a == A and 60 <= m < 95 else {}, tools=0.7), base=0.8,
             live=True,
             expected=[("app-errors", A, 60, 75)]),
    Scenario("tool-of-a-third-fails", uneven_load(lambda m, a: {"broken": 0.9} if number(a) % 3 == 0 and 60 <= m < 95 else {}, tools=0.7),
             base=0.8, live=True,
             expected=[("error", ALL, 60, 75)], accepted=[("error", f"app-{n:02d}") for n in (3, 6, 9, 12)]),
    # ---- Stuck.
    Scenario("stuck-and-tried-again", everybody(between(60, 85), stuck=True, tries=2), step=15, expected=[("runs-stuck", ALL, 60, 66)]),
    Scenario("one-stuck-and-tried-again", only(A, between(60, 95), stuck=True, more=1.5, tries=4), base=0.8,
             expected=[("app-stuck", A, 60, 80)],
             accepted=[("calls", ALL)]),
    # ---- Errors.
    Scenario("all-of-few-fail", everybody(between(60, 95), errors=1.0), tenants=3, base=0.15, live=True, expected=[("error", ALL, 60, 78)],
             accepted=[("error", f"app-{n:02d}") for n in (1, 2, 3)]),
    Scenario("a-small-one-fails-throughout",
             lambda m, a: ({"target": 1, "errors": 1.0 if 60 <= m < 90 else 0} if a == A else {"target": 5}), live=True,
             expected=[("error", A, 60, 80)]),
    # ---- Endpoints.
    Scenario("check-hangs", uneven_load(), answers(between(60, 75), "health-timeout"), expected=[("unhealthy", ALL, 60, 62.1)]),
    Scenario("events-hang", uneven_load(), answers(between(60, 80), "events-timeout"), expected=[("events-unreadable", ALL, 60, 66.1)]),
    Scenario("figures-late", uneven_load(),
             lambda m: "figures-late" if 60 <= m < 95 and round(m * 2) % 3 == 0 else "figures-skipped" if 60 <= m < 95
             else None, expected=[("perf-expensive", ALL, 60, 75)]),
    # ---- Restarts, several processes, two at once.
    Scenario("three-crash-in-turns", everybody(ALWAYS, starts=2),
             lambda m: (int(m - 60) // 4 % 3, "restart") if m >= 60 and (m - 60) % 4 == 0 and m < 104 else None,
             processes=3, step=20, minutes=115, expected=[("restart-loop", ALL, 72, 86)]),
    Scenario("noisy-on-three", only(A, between(60, 90), more=16), processes=3, base=0.6, step=20, expected=[("noisy", A, 60, 74)],
             accepted=NOISE),
    Scenario("noisy-ahead-dated-slow", uneven_load(lambda m, a: {"more": 13} if a == A and 60 <= m < 90 else {}), skew=75, dated=True,
             step=60,
             expected=[("noisy", A, 60, 76)], accepted=NOISE),
    Scenario("noisy-while-monitor-off", uneven_load(lambda m, a: {"more": 14} if a == A and 50 <= m < 95 else {}),
             lambda m: "off" if 65 <= m < 85 else None,
             expected=[("noisy", A, 50, 64)], accepted=NOISE + [("noisy", A)], minutes=110),
    Scenario("provider-of-few-slow", everybody(between(60, 100), dead=True, starts=2), tenants=3, base=0.4, step=60,
             expected=[("provider", ALL, 60, 80)]),
]
