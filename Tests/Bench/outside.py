"""What is seen of the program from outside: how long a pass takes, what a daemon holds in memory and takes of a core."""
import os
import re
import socket
import statistics
import subprocess
import sys
import time
import urllib.request

from processes import HERE, PROGRAM, Nonsense, clean_environment, resident, simulate, stop
from table import ratio, spread
from viewers import free_ports


def check(table, folder, times):
    with simulate(1_000, 200) as runtime:
        url = runtime.value("url")
        state = os.path.join(folder, "check-state")
        program = [PROGRAM, "check", "--state", state]
        environment = clean_environment(MOZAIKS_RUNTIME_URL=url)

        def timed(command):
            started = time.perf_counter()
            done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            seconds = time.perf_counter() - started
            if done.returncode not in (0, 1, 2):
                raise Nonsense(f"check ended with {done.returncode}: {done.stderr or done.stdout}")
            return seconds

        first = timed(program)
        ours, script = [], []
        for _ in range(times):
            script.append(timed([sys.executable, f"{HERE}/reference/seed_checks.py", url]))
            ours.append(timed(program))
        journal = sum(entry.stat().st_size for entry in os.scandir(state) if entry.is_file())
    table.at_most(
        "cold check of 1,000 chats, over the Python script", 0.25, ratio(ours, script), "{:.2f} x",
        f"{spread(ours)}, script {spread(script)}; first one, with a new journal, {first * 1e3:.1f} ms; "
        f"journal {journal / 1e3:.0f} kB")


def daemon(table, folder, seconds):
    """`run` at a shortened interval: as many polls in so many seconds as in the hours named."""
    interval = 1.0
    with simulate(1_000, 200) as runtime:
        config = os.path.join(folder, "mozaiks-ops.yaml")
        with open(config, "w") as file:
            file.write(
                "schema: mozaiks.ops/config/v1\n"
                f"interval: {interval:g}s\nstate: {os.path.join(folder, 'run-state')}\n"
                f"runtimes:\n  shared:\n    replicas: [{runtime.value('url')}]\n"
                "server: {listen: 127.0.0.1:0}\n")
        log = open(os.path.join(folder, "run.log"), "w")
        process = subprocess.Popen(
            [PROGRAM, "run", "--config", config], env=clean_environment(), stdout=log, stderr=log)
        samples = []
        try:
            end = time.monotonic() + seconds
            # A measurement over time: a sample a second.
            while time.monotonic() < end and process.poll() is None:
                time.sleep(1)
                if process.poll() is None:
                    samples.append(resident(process.pid))
            alive = process.poll() is None
        finally:
            stop(process)
            log.close()
    if not alive or len(samples) < 4:
        with open(log.name) as file:
            tail = file.read().strip().splitlines()[-1:]
        table.failed(f"it ended by itself: {' '.join(tail)}", "resident memory of run", "<= 25.0 MB")
        return
    peak = max(sample["VmHWM"] for sample in samples)
    third = max(1, len(samples) // 3)
    growth = statistics.mean(s["RssAnon"] for s in samples[-third:]) - statistics.mean(
        s["RssAnon"] for s in samples[third:2 * third])
    polls = seconds / interval
    table.at_most(
        "resident memory of run, 200 apps, 1,000 chats", 25, samples[-1]["VmRSS"], "{:.1f} MB",
        f"peak {peak:.1f}, of which anonymous {samples[-1]['RssAnon']:.1f} MB; {polls:.0f} polls in {seconds:.0f} s, "
        f"as many as in {polls / 360:.2g} h at 10 s")
    table.at_most(
        "growth of its anonymous memory, last third over second", 1, growth, "{:.2f} MB",
        " ".join(f"{sample['RssAnon']:.1f}" for sample in samples[::max(1, len(samples) // 8)]), may_be_zero=True)


def hung():
    """A port that takes connections and never answers."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(1024)
    return listener, f"http://127.0.0.1:{listener.getsockname()[1]}"


def cycles(port):
    """By runtime: how many cycles ended, when the last one did, how many were left out."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20) as answer:
        text = answer.read().decode()
    found = {}
    for name, runtime, value in re.findall(
            r'^mozaiks_ops_(cycles_total|last_cycle_timestamp_seconds|cycles_left_out_total)\{runtime="(\w+)"\} ([0-9.e+-]+)$', text, re.M):
        found.setdefault(runtime, {})[name] = float(value)
    return found


def fleet(table, folder, runtimes, interval, warm, seconds):
    """One process watches so many runtimes of 100 chats and 20 apps each, every so many seconds; one of fifty hangs."""
    hanging = max(1, runtimes // 50)
    port, = free_ports(1)
    listener, silent = hung()
    with simulate(100, 20) as runtime:
        url = runtime.value("url")
        config = os.path.join(folder, "fleet.yaml")
        with open(config, "w") as file:
            file.write(
                "schema: mozaiks.ops/config/v1\n"
                f"interval: {interval}s\nstate: {os.path.join(folder, 'fleet-state')}\n"
                f"server: {{listen: 127.0.0.1:{port}}}\nruntimes:\n")
            # Each a runtime of its own to the monitor, whoever answers.
            for number in range(runtimes):
                name, place = ("h", silent) if number < hanging else ("r", url)
                file.write(f"  {name}{number:03}: {{replicas: [{place}]}}\n")
        log = open(os.path.join(folder, "fleet.log"), "w")
        process = subprocess.Popen([PROGRAM, "run", "--config", config], env=clean_environment(), stdout=log, stderr=log)

        def spent():
            with open(f"/proc/{process.pid}/stat") as file:
                fields = file.read().rsplit(")", 1)[1].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

        first, last, elapsed = {}, {}, seconds
        try:
            time.sleep(warm)
            alive = process.poll() is None
            before = spent() if alive else 0
            if alive:
                first, started = cycles(port), time.monotonic()
            time.sleep(seconds if alive else 0)
            alive = process.poll() is None
            share = (spent() - before) / seconds * 100 if alive else 0
            memory = resident(process.pid) if alive else {}
            if alive:
                last, elapsed = cycles(port), time.monotonic() - started
        finally:
            stop(process)
            log.close()
            listener.close()
    name = f"{runtimes} runtimes of 100 chats, every {interval} s"
    if not alive:
        with open(log.name) as file:
            tail = file.read().strip().splitlines()[-1:]
        table.failed(f"it ended by itself: {' '.join(tail)}", name, "<= 15 %")
        return
    well = [one for one in last if one.startswith("r") and one in first]
    if len(well) < runtimes - hanging:
        raise Nonsense(f"{len(well)} of {runtimes - hanging} runtimes had a cycle within {warm} s")
    left_out = sum(last[one]["cycles_left_out_total"] for one in well)
    table.at_most(
        f"{name}: of a core", 15, share, "{:.1f} %", f"over {seconds} s; {hanging} of them hang")
    table.at_most(
        f"{name}: resident", 256, memory["VmRSS"], "{:.0f} MB", f"peak {memory['VmHWM']:.0f}, anonymous {memory['RssAnon']:.0f} MB")
    # A cycle more or less may lie at either end.
    due = elapsed / interval
    done = [last[one]["cycles_total"] - first[one]["cycles_total"] for one in well]
    table.at_least(
        "fewest cycles of one that answers, over those due", 1 - 1.5 / due, min(done) / due, "{:.2f} x",
        f"{min(done):.0f} of {due:.1f} due, at most {max(done):.0f}; {left_out:.0f} left out of all that answer, "
        f"{sum(one.get('cycles_left_out_total', 0) for key, one in last.items() if key.startswith('h')):.0f} of those that hang")
    tenths = [0] * 10
    for one in well:
        tenths[int(last[one]["last_cycle_timestamp_seconds"] / interval % 1 * 10)] += 1
    table.at_most(
        "cycles that end in the busiest tenth of the interval", 20, max(tenths) / len(well) * 100, "{:.0f} %",
        " ".join(str(count) for count in tenths))
