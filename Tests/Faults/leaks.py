"""One daemon that polls every fault at once, for thousands of requests: its memory and descriptors must stay flat."""

import os
import signal
import subprocess
import time

import readers
from peers import FAULTS, Peer

# Of the last third of the samples over the second: what is remembered of each minute grows a little for a day.
MOST_GROWTH = 1.12
# Connections that hang come and go.
MOST_DESCRIPTORS = 40
# Each poll is remembered for ten minutes, as the longest window of a rule asks for, and incidents open within the first: nothing is
# counted before, in seconds.
WARM = 660.0
TOLD = ["html", "reset", "gigabyte", "truncate", "header-bomb"]


def configuration(folder, peers):
    runtimes, services = [], []
    for fault in FAULTS:
        polled, probe, page, found = (peers[fault][kind].url for kind in (readers.Polled, readers.Probe, readers.Page, readers.Found))
        runtimes.append(f'  {fault.replace(".", "-")}: {{replicas: ["{polled}"], metrics: "{page}/metrics"}}')
        runtimes.append(f'  found-{fault.replace(".", "-")}: {{http_sd: {{url: "{found}/targets", refresh: 5s}}}}')
        services.append(
            f'  service-{fault.replace(".", "-")}: {{http: "{probe}/health", timeout: 1s, expect: {{json: {{status: ok}}}}}}')
    channels = [f'  {fault}: {{webhook: {{url: "{peers[fault][readers.Webhook].url}/hook", secret_env: FAULTS_KEY}}}}' for fault in TOLD]
    return "\n".join([
        "schema: mozaiks.ops/config/v1", f"state: {folder}/state", f"network: {{proxy: none, ca_file: {folder}/ca.pem}}", "interval: 1s",
        "polling: {timeout: 1s, body_limit: 8MiB, budget: 50%}", "runtimes:", *runtimes, "services:", *services,
        "channels:", *channels, ""])


def sample(process):
    with open(f"/proc/{process.pid}/status", encoding="ascii", errors="replace") as file:
        anonymous = next(int(line.split()[1]) for line in file if line.startswith("RssAnon"))
    return anonymous / 1024, len(os.listdir(f"/proc/{process.pid}/fd"))


def look(program, polls, folder, certificates):
    """Runs until the peers were asked so often. Returns what was wrong."""
    healthy = Peer(None, readers.Polled().service())
    readers.Reader.runtime = healthy.url
    kinds = (readers.Polled, readers.Probe, readers.Page, readers.Found, readers.Webhook)
    peers = {fault: {kind: Peer(fault, kind().service(), certificates) for kind in kinds} for fault in FAULTS}
    path = os.path.join(folder, "leaks.yaml")
    with open(path, "w", encoding="utf-8") as file:
        file.write(configuration(folder, peers))
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    log = open(os.path.join(folder, "leaks.log"), "wb")
    process = subprocess.Popen(
        [program, "run", "--config", path], env={**kept, "FAULTS_KEY": "a-key-of-the-fault-table"}, stdout=subprocess.DEVNULL, stderr=log)

    def asked():
        return sum(peer.asked for group in peers.values() for peer in group.values())

    samples, shown, before = [], 0.0, None
    began = time.monotonic()
    try:
        while (before is None or asked() < before + polls) and process.poll() is None:
            time.sleep(1)
            if process.poll() is not None:
                break
            now = sample(process)
            if before is None and time.monotonic() > began + WARM:
                before = asked()
            if before is not None:
                samples.append(now)
            if time.monotonic() > shown + 15:
                shown = time.monotonic()
                print(
                    f"  {shown - began:5.0f} s, {asked():7} requests, {now[0]:6.1f} MB anonymous, {now[1]:4} descriptors"
                    + (", warming up" if before is None else ""), flush=True)
        if process.poll() is not None:
            with open(log.name, encoding="utf-8", errors="replace") as file:
                return [f"the daemon ended with {process.returncode}: " + file.read()[-600:]]
        process.send_signal(signal.SIGTERM)
        code = process.wait(60)
    finally:
        if process.poll() is None:
            process.kill()
        log.close()
        for peer in [healthy] + [peer for group in peers.values() for peer in group.values()]:
            peer.close()
    third = len(samples) // 3
    middle, last = samples[third:2 * third], samples[2 * third:]
    if not middle:
        return ["too few requests to say anything: ask for more"]
    mean = [sum(megabytes for megabytes, _ in part) / len(part) for part in (middle, last)]
    most = [max(descriptors for _, descriptors in part) for part in (middle, last)]
    print(
        f"  {asked() - before} requests in {len(samples)} s; anonymous memory {mean[0]:.1f} MB, then {mean[1]:.1f} MB; "
        f"descriptors at most {most[0]}, then {most[1]}", flush=True)
    wrong = []
    if code != 0:
        wrong.append(f"told to end, it ended with {code}")
    if mean[1] > mean[0] * MOST_GROWTH:
        wrong.append(f"memory grew from {mean[0]:.1f} to {mean[1]:.1f} MB")
    if most[1] > most[0] + MOST_DESCRIPTORS:
        wrong.append(f"descriptors grew from {most[0]} to {most[1]}")
    return wrong
