"""Two hundred people on the page, with live updates, beside cycles and the gate; and some who mean ill or read slowly."""
import asyncio
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request

from processes import stop


async def viewer(port, until, counts):
    """One browser: hears of news, and then asks for the page; as the page's own script does."""
    last = ""
    while time.monotonic() < until:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            while time.monotonic() < until:
                for path, header in (("/api/v1/events", f"Last-Event-ID: {last}\r\n"), ("/", "")):
                    started = time.monotonic()
                    writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{header}\r\n".encode())
                    await writer.drain()
                    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
                    length = int(re.search(rb"(?i)content-length: (\d+)", head).group(1))
                    body = await asyncio.wait_for(reader.readexactly(length), 20)
                    counts["took"].append(time.monotonic() - started)
                    counts["ok" if head.startswith(b"HTTP/1.1 200") else "wrong"] += 1
                    found = re.search(rb"^id: (.*)$", body, re.M) if header else None
                    if header and not found:
                        break  # No news: the page is as it was.
                    last = found.group(1).decode() if found else last
                await asyncio.sleep(2)
        except (OSError, asyncio.TimeoutError, asyncio.IncompleteReadError, AttributeError):
            counts["wrong"] += 1
            await asyncio.sleep(0.5)


async def loiterer(port, until, sent):
    """Sends part of a request, or a whole one whose answer it never reads, and stays as long as it is let."""
    while time.monotonic() < until:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1)
            writer.write(sent)
            await writer.drain()
            await asyncio.sleep(min(15, max(0, until - time.monotonic())))
            writer.close()
        except OSError:
            await asyncio.sleep(0.5)


async def crowd(port, seconds, people):
    until = time.monotonic() + seconds
    counts = {"ok": 0, "wrong": 0, "took": []}
    half, unread = b"GET / HTTP/1.1\r\nHost: 127", b"GET /?range=24h HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 20
    await asyncio.gather(
        *(viewer(port, until, counts) for _ in range(people)), *(loiterer(port, until, sent) for sent in (half, unread) for _ in range(10)))
    return counts


def metrics(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20) as answer:
        text = answer.read().decode()
    return {name: float(value) for name, value in re.findall(r"^(\w+)(?:\{[^}]*\})? ([0-9.e+-]+)$", text, re.M)}


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def measure(table, program, folder, runtime_url, environment, load, people, seconds):
    """`load(port, seconds)` asks the gate and gives its p99 in seconds and its failures."""
    gate, page = free_ports(2)
    config = os.path.join(folder, "viewers.yaml")
    with open(config, "w") as file:
        file.write(
            f"schema: mozaiks.ops/config/v1\ninterval: 1s\nstate: {os.path.join(folder, 'viewers-state')}\n"
            f"runtimes:\n  shared:\n    replicas: [{runtime_url}]\n"
            f"actions: {{gate: {{listen: 127.0.0.1:{gate}}}}}\nserver: {{listen: 127.0.0.1:{page}}}\n")
    with open(os.path.join(folder, "viewers.log"), "w") as log:
        process = subprocess.Popen([program, "run", "--config", config], env=environment, stdout=log, stderr=log)
    try:
        for _ in range(100):
            try:
                if metrics(page).get("mozaiks_ops_cycles_total", 0) >= 3:
                    break
            except OSError:
                pass
            time.sleep(0.1)
        figures = {}
        for name, count in (("alone", 0), ("watched", people)):
            before, started = metrics(page), time.monotonic()
            looking = subprocess.Popen([sys.executable, __file__, str(page), str(seconds), str(count)], stdout=subprocess.PIPE, text=True)
            p99, failures = load(gate, seconds - 4)
            output = looking.communicate(timeout=seconds + 60)[0].split()
            elapsed, after = time.monotonic() - started, metrics(page)
            cycles = (after["mozaiks_ops_cycles_total"] - before["mozaiks_ops_cycles_total"]) / elapsed
            figures[name] = (p99, failures, cycles, [float(word) for word in output])
        (alone, _, usual, _), (watched, failures, cycles, (ok, wrong, median, slowest)) = figures["alone"], figures["watched"]
        if ok == 0 or watched <= 0 or alone <= 0:
            raise RuntimeError("no viewer, or nobody at the gate, got an answer")
        table.at_least(f"cycles a second with {people} viewers, over without", 0.95, cycles / max(usual, 1e-9), "{:.2f} x", f"{cycles:.2f}/s, without {usual:.2f}/s")
        table.at_most(f"gate, p99 with {people} viewers on the page", 1.0, watched * 1e3, "{:.3f} ms", f"without {alone * 1e3:.3f} ms")
        table.at_most("gate, requests without a decision meanwhile", 0, int(failures), "{:d}", may_be_zero=True)
        table.at_most("answers that viewers did not get", 0, int(wrong), "{:d}", may_be_zero=True, note=f"{ok:.0f} that they got, median {median * 1e3:.0f} ms, slowest {slowest * 1e3:.0f} ms; 20 more connections held half a request or read nothing")
    finally:
        stop(process)


if __name__ == "__main__":
    port, seconds, people = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    got = asyncio.run(crowd(port, seconds, people)) if people else {"ok": 0, "wrong": 0, "took": []}
    took = sorted(got["took"]) or [0]
    print(got["ok"], got["wrong"], took[len(took) // 2], took[-1])
