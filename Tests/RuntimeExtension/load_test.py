"""Load through the extension: what runs is never cut, no other tenant is refused a start, the noisy one is held at its limit.

A runtime of the stub's contract, a gate that lets at most LIMIT runs of `noisy` run at once, and a few thousand starts, sockets
that come again, and words of users. Bounded by its number of rounds, not by a clock. Exit code 0: all of it held.

With GATE=host:port the real gate is asked; it is told what runs by POST /_runs, as a monitor's poll would.
"""

import asyncio
import json
import logging
import os
import random
import sys
import urllib.request

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from stubs import ALLOWED, Runtime, Socket, StubGate, app_of, load, refused, request  # noqa: E402

LIMIT = 4
ROUNDS = 60
QUIET = ["clinic", "shop", "école"]


class RealGate:
    """The monitor's own, which is told what runs."""

    def __init__(self, name):
        self.name = name

    def tell(self, held, starts):
        running = {}
        for chat, app in held.items():
            running.setdefault(app, []).append(chat)
        body = json.dumps({"running": running, "starts": starts}).encode()
        urllib.request.urlopen(urllib.request.Request(f"http://{self.name}/_runs", body, method="POST"), timeout=60).read()

    def close(self):
        pass


async def main():
    module = load()
    chance = random.Random(7)
    running = {}  # chat: its socket and its app

    def decide(method, target):
        app, _ = app_of(target)
        if app != "noisy":
            return ALLOWED
        # As the gate does: those that run, and the starts let through since.
        return ALLOWED if sum(app == "noisy" for app in held.values()) < LIMIT else refused("At most 4 at once.", 60)

    held = {}
    real = os.environ.get("GATE")
    gate = RealGate(real) if real else StubGate(decide)
    starts = {}
    settings = module.Settings({"MOZAIKS_OPS_GATE": gate.name})
    if real:
        # A machine that is busy is not a gate that hangs.
        settings.timeout = 20
    extension = module.Extension(settings)
    # Here every start is to be decided by itself; that a refusal answers others as well has tests of its own.
    extension.gate.REFUSED_FOR = 0
    runtime = Runtime(extension.bundle())
    await runtime.startup()
    transport = runtime.state.simple_transport
    tally = {"started": 0, "refused": 0, "came again": 0, "spoke": 0, "invented refused": 0}
    faults, most = [], 0

    for turn in range(ROUNDS):
        # The noisy one tries five times as much as anybody, by starts and by sockets with invented ids.
        for app in ["noisy"] * 15 + QUIET:
            answer = await request(runtime, "POST", f"/api/chats/{app}/wf/start")
            if answer.status == 200:
                chat = answer.body["chat_id"]
                held[chat] = app
                starts[app] = starts.get(app, 0) + 1
                client = Socket(runtime, f"/ws/wf/{app}/{chat}/u")
                if not await client.opened():
                    faults.append(f"the socket of an allowed start of {app} was refused")
                running[chat] = (client, app)
                tally["started"] += 1
            elif app == "noisy" and answer.status == 429:
                tally["refused"] += 1
            else:
                faults.append(f"a start of {app} was answered with {answer.status}")
        if sum(app == "noisy" for app in held.values()) >= LIMIT:
            if await Socket(runtime, f"/ws/wf/noisy/invented-{chance.random()}/u").opened():
                faults.append("a socket with an invented id ran past the limit")
            else:
                tally["invented refused"] += 1
        most = max(most, sum(app == "noisy" for _, app in running.values()))
        if real:
            gate.tell(held, starts)
        # Sockets drop and come again, people speak, while their app may be at its limit.
        for chat in chance.sample(sorted(running), len(running) // 2):
            client, app = running[chat]
            # It waits for its user, and goes on by what he says; a socket that comes again would begin it anew otherwise.
            transport.wait_for_a_person(chat, 2)
            await client.leave()
            again = Socket(runtime, f"/ws/wf/{app}/{chat}/u")
            if not await again.opened():
                faults.append(f"a running chat of {app} could not come again")
            running[chat] = (again, app)
            tally["came again"] += 1
            transport.wait_for_a_person(chat)
            if (await request(runtime, "POST", f"/chat/{app}/{chat}/u/input")).status != 200:
                faults.append(f"the user of a running chat of {app} was not heard")
            tally["spoke"] += 1
        # What ended gets its turns to end; each look is a new one: usually one that is some milliseconds old does.
        for _ in range(200):
            extension.runs._cost = -1
            snapshot = extension.document()
            if snapshot["runs"] == len(running):
                break
            await asyncio.sleep(0)
        if snapshot["runs"] != len(running):
            faults.append(f"round {turn}: {len(running)} run, the page says {snapshot}")
        # Some end.
        for chat in chance.sample(sorted(running), len(running) // 3):
            client, _ = running.pop(chat)
            transport.release[chat].set()
            await client.leave()
            held.pop(chat)
        if real:
            gate.tell(held, starts)
        for _ in range(5):
            await asyncio.sleep(0)

    if most != LIMIT:
        faults.append(f"the noisy one had {most} runs at once, not {LIMIT}")
    if extension.gate.failed_open:
        faults.append(f"questions failed: {dict(extension.gate.failed_open)}")
    for client, _ in running.values():
        await client.leave()
    await runtime.stop(extension)
    gate.close()
    print(f"{tally}; most noisy runs at once: {most} of {LIMIT}; asked {extension.gate.asked}, let on {extension.let_on}")
    for fault in sorted(set(faults)):
        print(f"{faults.count(fault)} times: {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    sys.exit(asyncio.run(main()))
