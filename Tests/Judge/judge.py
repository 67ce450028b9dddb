#!/usr/bin/env python3
"""Scores the default rules on labelled recordings that it simulates itself: `make judge`.

  judge.py BINARY POLICIES [--seeds N] [--only REGEX] [--half choose|report] [--bounded] [--peer prometheus] [--list]

Each scenario (scenarios.py) says what happens to a runtime and what a careful operator expects to be told. Whatever else of
severity warning or critical is told is a false alarm, but what the scenario accepts besides; an offer to hold back an app of
which nobody is expected to be told is a wrong offer. Thresholds may be chosen on even seeds (--half choose) only; odd ones are
for the report. Days and weeks are polled once a minute, of a runtime that lets go of chats ten minutes after their end.
"""
import argparse, collections, json, os, pathlib, random, re, subprocess, sys, tempfile
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime, timedelta

import peer
from found import FOUND
from further import FURTHER
from scenarios import SCENARIOS
from world import URLS, World, lines, stamp

SCENARIOS = SCENARIOS + FOUND + FURTHER
BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}
#: How much nearer (below 1) and farther (above 1) every threshold is set to see how close a false alarm and a miss are.
STRAINS = [0.95, 0.9, 0.8, 0.7], [1.05, 1.1, 1.2, 1.3]
MONTH = 30 * 24 * 60


def record(path, scenario, seed, live, series=None):
    """Writes one tape; `series` takes what an exporter would have shown."""
    rng = random.Random(f"{scenario.name} {seed}")
    apps = [f"app-{n:02d}" for n in range(1, scenario.tenants + 1)]
    urls = URLS[:scenario.processes]
    skew = scenario.skew if callable(scenario.skew) else lambda minute: scenario.skew
    worlds = [World(rng, apps, live, scenario.base / len(urls), skew(0), evicts=10 if scenario.is_long else None) for _ in urls]
    with open(path, "w") as tape:
        tape.write(json.dumps({"schema": "mozaiks.ops/tape/v1", "interval_ms": scenario.step * 1000,
                               "runtimes": {"shared": {"replicas": urls}}}) + "\n")
        for poll in range(scenario.minutes * 60 // scenario.step):
            minute, now = poll * scenario.step / 60, scenario.begins + timedelta(seconds=poll * scenario.step)
            fault = scenario.faults(minute)
            for index, (world, url) in enumerate(zip(worlds, urls)):
                # What is wrong with one of several processes comes with its number.
                own = fault if not isinstance(fault, tuple) else fault[1] if fault[0] == index else None
                world.skew = timedelta(seconds=skew(minute))
                if own == "restart":
                    world.restart(now)
                if own == "emptied":
                    world.chats = []
                world.step(now, scenario.step, lambda app: scenario.load(minute, app))
                tape.writelines(lines(now, own, world, url, scenario.dated))
                if series is not None and index == 0:
                    series.add(now, own, world)
            if fault != "off":
                tape.write(f'{{"at":"{stamp(now + timedelta(milliseconds=50))}","runtime":"shared","tick":{poll + 1}}}\n')


def strained(policies, folder, factor):
    """The same policies with every threshold multiplied: less than 1 makes rules speak sooner. In mode suggest every action
    waits for a person's yes, so each can be judged as an offer."""
    target = pathlib.Path(folder) / f"policies-{factor}"
    target.mkdir(exist_ok=True)
    for path in pathlib.Path(policies).glob("*.yaml"):
        inside, out = False, []
        for line in path.read_text().split("\n"):
            if line.startswith("mode:"):
                line = "mode: suggest"
            if re.match(r"\S", line):
                inside = line.startswith("thresholds:")
            found = inside and re.match(r"(  \w+: *)([\d.]+)(.*)", line)
            out.append(f"{found[1]}{float(found[2]) * factor:.6g}{found[3]}" if found else line)
        (target / path.name).write_text("\n".join(out))
    return str(target)


def replay(binary, tape, *arguments):
    run = subprocess.run([binary, "replay", tape, *arguments, "--mode", "suggest", "-o", "json"], capture_output=True)
    if run.returncode != 0:
        sys.exit(f"{tape}: {run.stderr.decode()[-400:]}")
    return json.loads(run.stdout)


def told(report, begins):
    """(rule, subject, minute, severity, innocent offers' apps) of every incident."""
    for incident in report["incidents"]:
        subject = incident["subject"].get("app_id") or incident["subject"]["runtime"]
        opened = datetime.fromisoformat(incident["decisions"]["opened_at"].replace("Z", "+00:00"))
        offers = {action.get("app_id") for action in incident["decisions"]["actions"] if action["verdict"] in ("needs_approval", "act")}
        yield incident["rule"], subject, (opened - begins).total_seconds() / 60, incident["severity"], offers


def judge(scenario, incidents):
    """Counts and notes of what was told against what was expected."""
    score, notes, hits = collections.Counter(), [], {}
    for rule, subject, minute, severity, offers in incidents:
        fits = lambda wanted: re.search(wanted[0], rule) and wanted[1] == subject
        matched = [i for i, wanted in enumerate(scenario.expected) if fits(wanted) and wanted[2] <= minute <= wanted[3]]
        for index in matched:
            hits.setdefault(index, minute)
        if not matched and severity != "info" and not any(map(fits, scenario.accepted)):
            score["false"] += 1
            notes.append(f"false: {rule} on {subject} at {minute:.1f} m")
        score["wrong offers"] += sum(not any(wanted[1] == app for wanted in scenario.expected) for app in offers)
        score[f"rule {rule}"] += 1
    score["expected"], score["hit"] = len(scenario.expected), len(hits)
    score["delay"] = sum(minute - scenario.expected[index][2] for index, minute in hits.items())
    notes += [f"missed: {wanted}" for index, wanted in enumerate(scenario.expected) if index not in hits]
    reserve = min((scenario.expected[index][3] - minute for index, minute in hits.items()), default=None)
    return score, notes, reserve


def play(name, profile, seed, binary, policies, strains, with_peer):
    """One recording: its score, and what strained thresholds and the peer made of it."""
    scenario = BY_NAME[name]
    with tempfile.TemporaryDirectory() as folder:
        tape = os.path.join(folder, "tape.jsonl")
        series = peer.Series(name, profile, seed, scenario) if with_peer else None
        record(tape, scenario, seed, profile == "live", series)
        result = {"key": (name, profile, seed), "strained": {}, "series": series.lines if series else []}
        result["score"], result["notes"], result["reserve"] = judge(
            scenario, told(replay(binary, tape, "--policies", strained(policies, folder, 1))["policies"], scenario.begins))
        # Two at a time: both sides of one comparison.
        for nearer, farther in [] if scenario.is_long else strains:
            both = replay(binary, tape, "--policies", strained(policies, folder, nearer),
                          "--against", strained(policies, folder, farther))
            for factor, side in ((nearer, "policies"), (farther, "against")):
                score, notes, _ = judge(scenario, told(both[side], scenario.begins))
                result["strained"][factor] = (score, notes)
    return result


def row(label, profile, score):
    delay = f"{score['delay'] / score['hit']:.1f}m" if score["hit"] else "-"
    return f"{label:22}{profile:9}{score['expected']:>9}{score['hit']:>5}{score['false']:>7}{score['wrong offers']:>14}{delay:>8}"


def nearest(results):
    """How close the nearest miss and the nearest false alarm were."""
    times = [(result["reserve"], result["key"]) for result in results if result["reserve"] is not None]
    if times:
        print(f"nearest miss in time: {min(times)[0]:.1f} m before the latest moment ({' '.join(map(str, min(times)[1]))})")
    for factors, kind, count in ((STRAINS[0], "false", "false"), (STRAINS[1], "missed", "missing")):
        for factor in factors:
            notes = [(result["key"], note) for result in results if factor in result["strained"]
                     for note in result["strained"][factor][1] if note.startswith(kind)]
            if not any(factor in result["strained"] for result in results):
                continue
            print(f"every threshold times {factor}: {len(notes)} {'false alarms' if kind == 'false' else 'misses'}")
            for key, note in notes[:4]:
                print(f"    {' '.join(map(str, key))}: {note}")


def cost(results):
    """What each rule said on recordings on which nothing is wrong and nobody grew, an app-month."""
    quiet = [result for result in results if BY_NAME[result["key"][0]].quiet]
    months = sum(BY_NAME[r["key"][0]].minutes * BY_NAME[r["key"][0]].tenants for r in quiet) / MONTH
    if not quiet:
        return
    counts = collections.Counter()
    for result in quiet:
        for key, count in result["score"].items():
            if key.startswith("rule "):
                counts[key[5:]] += count
    # With none in so much time the rate is below this, nineteen times in twenty.
    print(f"quiet recordings: {len(quiet)}, {months:.1f} app-months; a rule that said nothing costs less than {3 / months:.2g} an app-month")
    for rule, count in sorted(counts.items()):
        print(f"  {rule:24}{count:>5}{count / months:>9.2f} an app-month")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", nargs="?")
    parser.add_argument("policies", nargs="?")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--only", default="")
    parser.add_argument("--half", choices=["choose", "report"], default="report")
    parser.add_argument("--bounded", action="store_true", help="one seed, without days and weeks, for continuous integration")
    parser.add_argument("--peer", choices=["prometheus"], help="the same with Prometheus and the same thresholds")
    parser.add_argument("--plain", action="store_true", help="without strained thresholds: a fifth of the time")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    chosen = [s for s in SCENARIOS if re.search(options.only, s.name) and not (options.bounded and s.is_long)]
    if options.list or not options.policies:
        for s in chosen:
            print(f"{s.name:22}{s.tenants:>5} tenants{s.step:>4} s{s.minutes:>7} m  {s.expected or '-'}")
        return 0 if options.list else 64
    seeds = [options.first_seed + 2 * n + (options.half == "report") for n in range(1 if options.bounded else options.seeds)]
    strains = [] if options.plain else [(0.9, 1.1)] if options.bounded else list(zip(*STRAINS))
    jobs = [(s.name, profile, seed) for s in chosen for profile in ("live", "built") for seed in seeds
            if not (profile == "built" and (s.live or (options.bounded and s.quiet)))]
    jobs.sort(key=lambda job: -BY_NAME[job[0]].minutes * BY_NAME[job[0]].tenants / BY_NAME[job[0]].step)
    with ProcessPoolExecutor() as pool:
        futures = [pool.submit(play, *job, options.binary, options.policies, strains, bool(options.peer)) for job in jobs]
        results = []
        for future in futures:
            results.append(future.result())
            if sys.stderr.isatty():
                print(f"\r{len(results)} of {len(futures)} recordings", end="", file=sys.stderr)
    print(f"{'scenario':22}{'profile':9}{'expected':>9}{'hit':>5}{'false':>7}{'wrong offers':>14}{'delay':>8}")
    total = collections.Counter()
    by_profile = collections.defaultdict(collections.Counter)
    for s in chosen:
        for profile in ("live", "built"):
            own = [result for result in results if result["key"][:2] == (s.name, profile)]
            if not own:
                continue
            score = sum((result["score"] for result in own), collections.Counter())
            print(row(s.name, profile, score))
            for result in own:
                for note in result["notes"]:
                    print(f"    seed {result['key'][2]}: {note}")
            total.update(score)
            by_profile[profile].update(score)
    for profile, score in by_profile.items():
        print(row("all", profile, score))
    nearest(results)
    cost(results)
    if options.peer:
        peer.report(results, BY_NAME, judge, row)
    recall = 100 * total["hit"] / max(1, total["expected"])
    print(f"{len(results)} recordings of {len(chosen)} scenarios: recall {recall:.0f} %, false alarms {total['false']}, "
          f"wrong offers {total['wrong offers']} (seeds to {options.half})")
    return 0 if recall == 100 and not total["false"] and not total["wrong offers"] else 1


if __name__ == "__main__":
    sys.exit(main())
