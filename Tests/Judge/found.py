"""Stories that recordings of others showed to be seen badly, or that nobody had thought of before: scenarios.py says what a
story is."""
from scenarios import A, ALL, ALWAYS, B, DAY, FRIDAY, HOUR, NOISE, Scenario, answers, between, everybody, long, only

C = "app-09"


def nightly(name, moved, runs=15.0, nights=3, lasts=40, extra=lambda minute, app: {}, **rest):
    """A tenant's batch at one in the night (the recording begins at eight), which comes at another hour in the last of them.
    Of the first one nothing is known, and it takes most of the runtime: that may be told."""

    def change(minute, app):
        day, at = divmod(minute, DAY)
        begins = 17 * HOUR + (moved if day == nights - 1 else 0)
        return {"starts": 0.3, "more": runs if begins <= at < begins + lasts else 0} if app == A else extra(minute, app)

    return long(name, days=nights - 1 + (17 * HOUR + max(0, moved) + 90) / DAY, change=change,
                expected=[("noisy", A, 17 * HOUR, 17 * HOUR + 15)], accepted=NOISE, **rest)


def climbing(minute, first, last, most):
    """From 1 to `most`, evenly."""
    return 1 + (most - 1) * min(1, max(0, (minute - first) / (last - first)))


FOUND = [
    # ---- Nothing is wrong.
    nightly("batch-two-hours-later", 120),
    nightly("batch-two-hours-early", -120),
    nightly("batch-hundred-minutes-later", 100),
    nightly("large-batch-two-hours-later", 120, runs=40),
    nightly("large-batch-two-hours-early", -120, runs=40, nights=2),
    Scenario("two-deploys-in-ten-minutes", everybody(ALWAYS, starts=1.5),
             lambda m: "page" if 60 <= m < 61.75 or 68 <= m < 69.75 else "restart" if m in (61.75, 69.75) else None, step=15, quiet=True),
    Scenario("one-of-sixty-grows-threefold", lambda m, a: {"starts": 3 if 80 <= m < 140 else 1} if a == A else {}, tenants=60, base=0.2,
             step=20, minutes=160),
    Scenario("two-of-three-restarted", everybody(ALWAYS, starts=2), lambda m: (0, "restart") if m == 60 else (2, "restart") if m == 61 else None,
             processes=3, quiet=True),
    Scenario("clock-steps", everybody(ALWAYS, starts=1.5), skew=lambda m: 0 if m < 50 else -45 if m < 90 else 75, step=15, minutes=120, quiet=True),
    Scenario("clock-put-right", everybody(ALWAYS, starts=1.5), skew=lambda m: -90 if m < 60 else 0, step=10, minutes=100, quiet=True),
    long("monday-after-a-holiday", FRIDAY, 3.2, tenants=12, change=lambda m, a: ({"starts": 0.08} if m < 2.6 * DAY else {"starts": 1.3})
         | ({"more": 0.4} if a == A else {}), accepted=[("model-calls-spike", ALL)]),
    Scenario("webinar", lambda m, a: {"more": 8 if a == A and 60 <= m < 68 else 0}, base=2.5, step=10, minutes=90),
    Scenario("largest-is-away-for-an-hour", lambda m, a: {"starts": 0 if 70 <= m < 120 else 6} if a == A else {}, base=2, minutes=180),
    Scenario("ninety-seconds-an-hour", lambda m, a: {"errors": 0.7} if 50 <= m % 60 < 51.5 else {}, step=15, minutes=180, live=True),
    Scenario("a-little-slower", everybody(between(60, 130), slow=2.2), minutes=130, base=1),
    # ---- Something is.
    Scenario("errors-in-bursts", lambda m, a: {"errors": 0.6} if m >= 60 and m % 10 < 1.5 else {}, base=1, step=15, minutes=130, live=True,
             expected=[("error", ALL, 60, 92)]),
    Scenario("one-model-is-slow", everybody(between(60, 100), heavy=(33, 12)), base=0.8, step=20, minutes=125, expected=[("latency", ALL, 60, 80)]),
    Scenario("one-model-is-slow-minutely", everybody(between(60, 100), heavy=(33, 15)), base=1.5, tenants=5, step=60, minutes=125,
             expected=[("latency", ALL, 60, 80)]),
    Scenario("tenfold-of-sixty", only(A, between(60, 90), more=22), tenants=60, base=0.2, step=10, expected=[("noisy", A, 60, 70)], accepted=NOISE),
    Scenario("three-grow", lambda m, a: {"more": min(19, 0.65 * (m - 60) * 3)} if a in (A, B, C) and 60 <= m < 100 else {}, base=2, step=20,
             minutes=120, expected=[("noisy", a, 60, 90) for a in (A, B, C)],
             accepted=[("noisy|token|cost", a) for a in (A, B, C)] + [("crowded|saturated|calls", ALL)]),
    Scenario("one-of-three-lost-while-another-restarts", everybody(ALWAYS, starts=2),
             lambda m: (1, "restart") if m == 64 else (2, "refused") if 60 <= m < 72 else None, processes=3, step=20, minutes=105,
             expected=[("replica-down", ALL, 60, 66)]),
    Scenario("hang-then-noisy", only(A, between(63, 85), more=18), answers(between(60, 62.5), "timeout"), step=10, minutes=105,
             expected=[("down", ALL, 60, 63.1), ("noisy", A, 63, 74)], accepted=NOISE),
    Scenario("slow-database-in-two-of-three", faults=lambda m: "mongo" if 60 <= m < 92 and round(m * 3) % 3 else None, step=20,
             expected=[("mongodb", ALL, 60, 80)]),
    Scenario("key-of-one-revoked", lambda m, a: {"dead": True, "starts": 1.6} if a == A and 60 <= m < 95 else {}, base=0.8, step=20, minutes=110,
             expected=[("app-errors", A, 60, 80)]),
    Scenario("monitor-turned-away", faults=answers(between(60, 80), "limit"), step=15, expected=[("unreach|unread", ALL, 60, 65)]),
    Scenario("one-of-two-fails-until-the-next-deploy", lambda m, a: {"errors": 0.4} if a == "app-01" and 61 <= m < 90 else {},
             lambda m: "restart" if m in (60, 90) else None, tenants=2, base=2, step=20, minutes=120, live=True,
             expected=[("error", "app-01", 61, 76)], accepted=[("error", ALL)]),
    Scenario("all-slow-and-one-has-half", lambda m, a: {"starts": 8 if a == A else 1, "slow": 6 if 60 <= m < 100 else 1}, base=0.8, step=20,
             expected=[("latency", ALL, 60, 72)]),
    Scenario("noisy-crashes-twice", lambda m, a: {"more": 22} if a == A and 60 <= m < 95 else {}, lambda m: "restart" if m in (64, 74) else None,
             step=15, expected=[("noisy", A, 60, 80)], accepted=NOISE),
    Scenario("ghosts-of-a-dead-database", lambda m, a: {"ghost": 1.0, "dead": True, "starts": 16 if a == B else 2} if 60 <= m < 72 else {"starts": 2},
             answers(between(60, 72), "sick"), base=0.5, step=15, minutes=110, expected=[("unhealthy", ALL, 60, 62)]),
    Scenario("check-of-one-of-two-comes-and-goes", everybody(ALWAYS, starts=2), lambda m: (1, "sick") if 60 <= m < 92 and round(m * 3) % 3 == 0 else None,
             processes=2, step=20, expected=[("unhealthy", ALL, 60, 80)]),
    Scenario("grows-to-half-within-an-hour", lambda m, a: {"more": 36 * (m - 60) / 60} if a == A and m >= 60 else {}, base=1.2, minutes=140,
             expected=[("noisy", A, 65, 104)], accepted=NOISE),
    Scenario("figures-time-out-at-every-other-poll", everybody(ALWAYS, starts=2), lambda m: "figures-timeout" if 60 <= m < 85 and round(m * 3) % 2 else None,
             step=20, expected=[("perf", ALL, 60, 70)]),
    Scenario("largest-is-slow-alone", lambda m, a: {"starts": 9, "slow": 10 if 60 <= m < 90 else 1} if a == A else {}, base=0.8, step=20,
             expected=[("app-slow", A, 60, 75)]),
    Scenario("newcomer-fills-half", lambda m, a: {"starts": 0, "more": min(30, 3 * (m - 60)) if m >= 60 else 0} if a == A else {}, base=1, step=10,
             minutes=95, expected=[("noisy", A, 60, 74)], accepted=NOISE),
    Scenario("fills-the-machine-within-minutes", only(A, between(60, 64), more=170), step=10, minutes=85, expected=[("noisy", A, 60, 64)],
             accepted=NOISE + [("saturated", ALL)]),
    Scenario("fills-the-machine-for-two-minutes", only(A, between(60, 62), more=240), step=10, minutes=85, expected=[("noisy", A, 60, 64)],
             accepted=NOISE + [("saturated", ALL)]),
    Scenario("fills-the-machine-twice", lambda m, a: {"more": 170} if a == A and (60 <= m < 64 or 78 <= m < 82) else {}, step=15, minutes=100,
             expected=[("noisy", A, 60, 64)], accepted=NOISE + [("saturated", ALL), ("noisy", A)]),
    # ---- Deploys, retries, drips, limits: nothing is wrong.
    Scenario("largest-begins-anew", lambda m, a: {"starts": 22, "more": 120} if a == A else {}, lambda m: "restart" if m in (15, 50) else None,
             base=1.5, step=15, minutes=80, accepted=[("crowded|saturated", ALL)]),
    Scenario("runtime-tells-local-time", everybody(ALWAYS, starts=1.5), skew=lambda m: 0 if m < 60 else 3600, minutes=100, quiet=True),
    Scenario("all-retry-after-an-outage", lambda m, a: {"starts": 5} if 63 <= m < 68 else {}, answers(between(60, 63), "refused"),
             expected=[("down", ALL, 60, 62.1)], accepted=[("model-calls-spike", ALL)], step=10),
    Scenario("errors-while-it-warms-up", everybody(between(62, 64), errors=0.5),
             lambda m: "page" if 60 <= m < 61.5 else "restart" if m == 61.5 else None, live=True),
    Scenario("workflow-without-turns", only(A, ALWAYS, silent=1.0, starts=6), minutes=130),
    Scenario("failover-of-the-database", faults=lambda m: "sick" if 60 <= m < 60.75 or 80 <= m < 80.5 else None, quiet=True),
    Scenario("a-webhook-every-quarter", lambda m, a: {"more": 12 if a == A and m % 15 < 2 else 0}, minutes=150),
    Scenario("quiet-without-errors", everybody(ALWAYS, errors=0), base=1, quiet=True, live=True),
    long("tenant-comes-on-board", days=3, change=lambda m, a: {"starts": min(2, max(0, (m - HOUR) / DAY))} if a == A else {}),
    # ---- Something is.
    long("noisy-on-two-days", days=1.5, change=only(A, lambda m: 3 * HOUR <= m < 3.5 * HOUR or 32 * HOUR <= m < 32.5 * HOUR, more=25),
         expected=[("noisy", A, 3 * HOUR, 3 * HOUR + 12), ("noisy", A, 32 * HOUR, 32 * HOUR + 12)], accepted=NOISE),
    long("noisy-again-and-twice-as-large", days=1.4,
         change=lambda m, a: {"more": 25 if 3 * HOUR <= m < 3.5 * HOUR else 60 if 28 * HOUR <= m < 28.5 * HOUR else 0} if a == A else {},
         expected=[("noisy", A, 3 * HOUR, 3 * HOUR + 12), ("noisy", A, 28 * HOUR, 28 * HOUR + 12)], accepted=NOISE + [("saturated", ALL)]),
    Scenario("a-third-turned-away", everybody(between(60, 100), silent=0.33, starts=1.3), base=0.8, minutes=110, expected=[("provider", ALL, 60, 78)]),
    Scenario("a-quarter-fails-everywhere", everybody(between(60, 95), errors=0.27), live=True, expected=[("error", ALL, 60, 70)]),
    Scenario("errors-climb", lambda m, a: {"errors": 0.01 * climbing(m, 60, 160, 20)}, base=1, live=True, minutes=180,
             expected=[("error", ALL, 60, 130)], accepted=[("error-spike", ALL)]),
    Scenario("turns-slow-down-evenly", lambda m, a: {"slow": climbing(m, 60, 160, 6)}, base=1, minutes=180, expected=[("latency", ALL, 60, 135)]),
    Scenario("tokens-climb", lambda m, a: {"tokens": climbing(m, 60, 130, 9)} if a == A else {}, live=True, base=1, minutes=160,
             expected=[("token|cost", A, 60, 120)], accepted=[("token|cost", A)]),
    Scenario("dies-every-twelve-minutes", faults=lambda m: "restart" if m >= 60 and m % 12 == 0 else None, expected=[("restart-loop", ALL, 60, 85)]),
    Scenario("deploy-breaks-one", only(A, between(61, 100), errors=1.0), lambda m: "restart" if m == 60 else None, live=True, base=0.6,
             expected=[("app-errors", A, 61, 76)]),
    Scenario("backlog-after-a-hang", lambda m, a: {"stuck": True} if 60 <= m < 68 else {"starts": 3} if 68 <= m < 73 else {},
             expected=[("runs-stuck", ALL, 60, 66)], accepted=[("model-calls-spike", ALL)], minutes=95),
    Scenario("one-run-in-a-loop", lambda m, a: {"tokens": 25} if a == A and 60 <= m < 100 else {}, live=True, base=0.4,
             expected=[("token|cost", A, 60, 76)], accepted=[("token|cost", A)]),
    Scenario("just-above-ten-seconds", lambda m, a: {"slow": 2.5 if 60 <= m < 95 else 0.6}, base=1, expected=[("latency", ALL, 60, 70)]),
]
