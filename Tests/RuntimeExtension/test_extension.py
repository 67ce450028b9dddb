"""The runtime extension against a runtime of the same contract. Standard library only: python3 test_extension.py"""

import asyncio
import json
import logging
import os
import socket
import sys
import tempfile
import time
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from stubs import ALLOWED, HERE, Runtime, Socket, StubGate, load, refused, request  # noqa: E402

module = load()
logging.disable(logging.CRITICAL)


class Case(unittest.IsolatedAsyncioTestCase):
    def gate(self, answer, **options):
        gate = StubGate(answer if callable(answer) else lambda *_: answer, **options)
        self.addCleanup(gate.close)
        return gate

    def extension(self, gate=None, clock=time.monotonic, **environment):
        if gate is not None:
            environment["MOZAIKS_OPS_GATE"] = gate if isinstance(gate, str) else gate.name
        return module.Extension(module.Settings(environment), clock)

    async def runtime(self, extension):
        runtime = Runtime(extension.bundle())
        await runtime.startup()
        # Looks anew each time; the share of the loop's time has a test of its own.
        extension.runs.SHARE = 1e12
        self.addAsyncCleanup(runtime.stop, extension)
        return runtime

    async def start(self, runtime, app="app_a", workflow="wf"):
        return await request(runtime, "POST", f"/api/chats/{app}/{workflow}/start")


class Asking(Case):
    async def test_a_start_is_asked_about_in_the_form_of_nginx(self):
        gate = self.gate(ALLOWED)
        runtime = await self.runtime(self.extension(gate, MOZAIKS_OPS_RUNTIME="main one"))
        answer = await self.start(runtime, app="a b", workflow="w?f")
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.body["fields"], {})
        self.assertEqual(gate.questions, [("POST", "/api/chats/a%20b/w%3Ff/start", "/gate?refuse=403&runtime=main%20one&running=0")])

    async def test_a_refused_start_is_429_with_the_operators_words(self):
        gate = self.gate(refused("Paused for a while: \u00fcbermorgen.".encode().decode("latin-1"), 60))
        extension = self.extension(gate)
        answer = await self.start(await self.runtime(extension))
        self.assertEqual((answer.status, answer.headers["retry-after"]), (429, "60"))
        self.assertTrue(answer.body["detail"].startswith("Paused for a while"))
        self.assertEqual((extension.gate.asked, extension.gate.refused), (1, 1))

    async def test_without_the_door_the_hook_alone_refuses(self):
        extension = self.extension(self.gate(refused("No.")))
        hook = extension.bundle()["chat_prereqs"]
        self.assertEqual(
            await hook(app_id="a", user_id="u", workflow_name="w", persistence=None), (False, "No."))

    async def test_a_refused_socket_says_why(self):
        runtime = await self.runtime(self.extension(self.gate(refused("Paused. " + "é" * 200, 60))))
        client = Socket(runtime, "/ws/wf/app_a/unknown/u")
        await client.is_over.wait()
        close = client.closed[0]
        self.assertEqual(close["code"], 1008)
        self.assertTrue(close["reason"].startswith("Paused. é"))
        self.assertLessEqual(len(close["reason"].encode()), 123)

    async def test_input_is_asked_about_and_refused(self):
        gate = self.gate(refused("Paused.", 60))
        runtime = await self.runtime(self.extension(gate))
        answer = await request(runtime, "POST", "/chat/app_a/ended/u/input")
        self.assertEqual((answer.status, answer.body), (429, {"detail": "Paused.", "retry_after": 60}))
        self.assertEqual(answer.headers["x-mozaiks-gate"], "refused")
        self.assertEqual(runtime.state.simple_transport.started, [])
        self.assertEqual(gate.questions[0][:2], ("POST", "/api/chats/app_a/wf/start"))

    async def test_input_is_asked_about_by_the_workflow_that_it_would_run(self):
        gate = self.gate(lambda _, target: refused() if "/loud/" in target else ALLOWED)
        runtime = await self.runtime(self.extension(gate))
        for body, status in [
            (b'{"message": "x", "workflow_name": "loud"}', 429), ('{"message": "x", "workflow_name": "loud"}'.encode("utf-16"), 429),
            (b'{"message": "x", "workflow_name": "quiet"}', 200), (b'{"message": "x", "workflow_name": "loud', 400),
            (b"[" * 100_000, 400), (b"[1]", 400), (b"x" * (module.Door.LONGEST_MESSAGE + 1), 413),
        ]:
            answer = await request(runtime, "POST", "/chat/app_a/ended/u/input", body=body, pieces=3)
            self.assertEqual(answer.status, status, body[:60])
        self.assertEqual(runtime.state.simple_transport.started, [("app_a", "ended")])

    async def test_a_path_is_read_as_the_router_reads_it(self):
        gate = self.gate(refused())
        runtime = await self.runtime(self.extension(gate))
        for path, more in [
            ("/chat/app_a/c/u/input\n", {}), ("/chat/app_a/c\n/u/input", {}), ("/chat/app_a/c/u/input", {"root_path": "/x"}),
            ("/x/chat/app_a/c/u/input", {"root_path": "/x"}), ("/x/chat/app_a/c/u/input\n", {"root_path": "/x"}),
            ("/api/chats/app_a/wf/start\n", {}),
        ]:
            answer = await request(runtime, "POST", path, **more)
            self.assertEqual(answer.status, 429, path)
            self.assertEqual(answer.headers["x-mozaiks-gate"], "refused", path)
        self.assertFalse(await Socket(runtime, "/ws/wf/app_a/c/u\n").opened())
        # These lead nowhere.
        heard = len(gate.questions)
        for path in ["//chat/app_a/c/u/input", "/chat/app_a/c/u/input/", "/chat/app_a/c/u/input\n\n", "/chat//c/u/input", "/chat/a/b/c/u/input"]:
            self.assertIsNone(module.Entry.of({"type": "http", "method": "POST", "path": path}), path)
        self.assertEqual(len(gate.questions), heard)

    async def test_an_app_is_the_one_that_the_runtime_stores(self):
        gate = self.gate(lambda _, target: refused() if "/app_a/" in target else ALLOWED)
        extension = self.extension(gate)
        runtime = await self.runtime(extension)
        for spelt in ["app_a", "app_a ", " app_a", "\tapp_a\n", "app_a\u00a0", "\u3000app_a\x1f"]:
            extension.gate._refusals.clear()
            self.assertEqual((await self.start(runtime, app=spelt)).status, 429, spelt)
            self.assertEqual((await request(runtime, "POST", f"/chat/{spelt}/c/u/input")).status, 429, spelt)
            self.assertFalse(await Socket(runtime, f"/ws/wf/{spelt}/c/u").opened(), spelt)
        self.assertEqual((await self.start(runtime, app="app_b ")).status, 200)
        self.assertEqual((await self.start(runtime, app=" ")).status, 200)
        # What runs under such a spelling is that app's as well.
        client = Socket(runtime, "/ws/wf/app_b /c/u")
        self.assertTrue(await client.opened())
        self.assertEqual(
            [(row["app_id"], row["tasks"], row["coming"]) for row in extension.document()["apps"]],
            # Of the two that were only started nothing runs yet.
            [("app_b", 1, 1), (" ", 0, 1)])

    async def test_a_workflow_is_the_one_that_the_runtime_loads(self):
        class Loaded:
            name, config = "HelloWorld", {}

        class Manager:
            class workflow_manager:
                _workflows = {"helloworld": Loaded}
        name = "mozaiksai.core.workflow.workflow_manager"
        sys.modules[name] = Manager
        self.addCleanup(sys.modules.pop, name)
        gate = self.gate(lambda _, target: refused() if "/HelloWorld/" in target else ALLOWED)
        runtime = await self.runtime(self.extension(gate))
        for spelt in ["HelloWorld", "helloworld", "HELLOworld"]:
            self.assertEqual((await self.start(runtime, workflow=spelt)).status, 429, spelt)
        self.assertEqual((await self.start(runtime, workflow="other")).status, 200)

    async def test_what_is_too_long_to_ask_about_is_refused_and_no_failure_of_the_gate(self):
        gate = self.gate(ALLOWED)
        extension = self.extension(gate)
        runtime = await self.runtime(extension)
        for _ in range(5):
            self.assertEqual((await self.start(runtime, workflow="w" * 5000)).status, 429)
        self.assertEqual((gate.questions, extension.gate.breaker, extension.gate.unaskable), ([], "closed", 5))

    async def test_other_requests_are_not_asked_about(self):
        gate = self.gate(refused())
        runtime = await self.runtime(self.extension(gate))
        for method, path in [("GET", "/api/health"), ("POST", "/chat/a/c/u/other"), ("GET", "/chat/a/c/u/input")]:
            await request(runtime, method, path)
        self.assertEqual(gate.questions, [])

    async def test_a_unix_socket(self):
        with tempfile.TemporaryDirectory() as folder:
            gate = self.gate(refused("No."), family=socket.AF_UNIX, address=os.path.join(folder, "gate"))
            answer = await self.start(await self.runtime(self.extension(gate)))
            self.assertEqual(answer.status, 429)
            gate.close()
            gate.close = lambda: None

    async def test_no_gate_is_configured(self):
        extension = self.extension()
        self.assertEqual((await self.start(await self.runtime(extension))).status, 200)
        self.assertEqual(extension.gate.asked, 0)

    def test_addresses(self):
        def gate(text):
            return module.Settings({"MOZAIKS_OPS_GATE": text}).gate
        self.assertEqual(gate("127.0.0.1:9465"), ("tcp", "127.0.0.1", 9465))
        self.assertEqual(gate("http://127.0.0.1:9465/gate"), ("tcp", "127.0.0.1", 9465))
        self.assertEqual(gate("[::1]:9465"), ("tcp", "::1", 9465))
        self.assertEqual(gate("unix:/run/gate"), ("unix", "/run/gate"))
        self.assertEqual(gate("unix:///run/gate"), ("unix", "/run/gate"))
        for text in ["", "nonsense", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:99999", "https://a:1", "unix:", "a\r\nb:1"]:
            self.assertIsNone(gate(text), text)

    def test_numbers_that_cannot_be_read_fall_to_the_default_and_200_ms_is_the_most(self):
        for text in ["soon", "-1", "201", "1e3"]:
            self.assertEqual(module.Settings({"MOZAIKS_OPS_GATE_TIMEOUT_MS": text}).timeout, 0.2, text)
        self.assertEqual(module.Settings({"MOZAIKS_OPS_GATE_TIMEOUT_MS": "50"}).timeout, 0.05)


class WhatRunsGoesOn(Case):
    async def test_the_socket_of_an_allowed_start_is_the_same_run(self):
        allowed = [ALLOWED]
        gate = self.gate(lambda *_: allowed.pop() if allowed else refused())
        runtime = await self.runtime(self.extension(gate))
        chat = (await self.start(runtime)).body["chat_id"]
        self.assertTrue(await Socket(runtime, f"/ws/wf/app_a/{chat}/u").opened())
        self.assertEqual(len(gate.questions), 1)

    async def open(self, runtime, answers, app="app_a"):
        """A chat that runs, with its socket, of an app that is paused from then on."""
        chat = (await self.start(runtime, app=app)).body["chat_id"]
        client = Socket(runtime, f"/ws/wf/{app}/{chat}/u")
        self.assertTrue(await client.opened())
        answers[0] = refused()
        return chat, client

    async def test_a_chat_that_runs_may_come_back_and_speak_though_its_app_is_paused(self):
        answers = [ALLOWED]
        gate = self.gate(lambda *_: answers[0])
        now = [0.0]
        extension = self.extension(gate, clock=lambda: now[0])
        runtime = await self.runtime(extension)
        chat, client = await self.open(runtime, answers)
        transport = runtime.state.simple_transport
        for _ in range(3):
            # Its run waits for its user, and his socket drops. Far beyond every ticket only that it runs speaks for it.
            transport.wait_for_a_person(chat)
            await client.leave()
            now[0] += 10_000
            client = Socket(runtime, f"/ws/wf/app_a/{chat}/u")
            self.assertTrue(await client.opened())
        transport.wait_for_a_person(chat)
        self.assertEqual((await request(runtime, "POST", f"/chat/app_a/{chat}/u/input")).status, 200)
        self.assertEqual((await self.start(runtime)).status, 429)
        self.assertFalse(await Socket(runtime, "/ws/wf/app_a/invented/u").opened())
        self.assertEqual(transport.started, [("app_a", chat)])

    async def test_a_second_socket_beside_one_that_is_open_is_a_start(self):
        answers = [ALLOWED]
        gate = self.gate(lambda *_: answers[0])
        now = [0.0]
        runtime = await self.runtime(self.extension(gate, clock=lambda: now[0]))
        chat, client = await self.open(runtime, answers)
        for _ in range(5):
            now[0] += 10
            self.assertFalse(await Socket(runtime, f"/ws/wf/app_a/{chat}/u").opened())
        self.assertEqual(gate.questions[-1][:2], ("POST", "/api/chats/app_a/wf/start"))
        self.assertEqual(runtime.state.simple_transport.started, [("app_a", chat)])
        # All at once, before the runtime shows the first of them.
        await client.leave()
        again = [Socket(runtime, f"/ws/wf/app_a/{chat}/u") for _ in range(10)]
        self.assertEqual(sum([await one.opened() for one in again]), 1)
        self.assertEqual(len(runtime.state.simple_transport.started), 2)

    async def test_whoever_drops_his_socket_over_and_over_runs_his_chat_twice_at_most(self):
        answers = [ALLOWED]
        now = [0.0]
        extension = self.extension(self.gate(lambda *_: answers[0]), clock=lambda: now[0])
        runtime = await self.runtime(extension)
        chat, client = await self.open(runtime, answers)
        opened = []
        for _ in range(6):
            await client.leave()
            now[0] += 10
            client = Socket(runtime, f"/ws/wf/app_a/{chat}/u")
            opened.append(await client.opened())
        self.assertEqual(opened, [True, False, False, False, False, False])
        self.assertEqual(extension.document()["tasks"], 2)
        # Nor somebody else under his chat's name, while it runs once and has no socket.
        answers[0] = ALLOWED
        extension.gate._refusals.clear()
        chat, client = await self.open(runtime, answers)
        await client.leave()
        self.assertFalse(await Socket(runtime, f"/ws/wf/app_a/{chat}/other").opened())
        self.assertFalse(await Socket(runtime, f"/ws/other/app_a/{chat}/u").opened())

    async def test_input_goes_on_where_its_chat_waits_for_it_and_once(self):
        answers = [ALLOWED]
        extension = self.extension(self.gate(lambda *_: answers[0]))
        runtime = await self.runtime(extension)
        chat, client = await self.open(runtime, answers)
        transport = runtime.state.simple_transport

        async def speak():
            return (await request(runtime, "POST", f"/chat/app_a/{chat}/u/input")).status
        # It runs and waits for nobody: the runtime would run it a second time.
        self.assertEqual(await speak(), 429)
        for requests in [1, 2]:
            transport.wait_for_a_person(chat, requests)
            answered = await asyncio.gather(*(speak() for _ in range(10)))
            self.assertEqual(sorted(answered), [200] * requests + [429] * (10 - requests))
        self.assertEqual((await speak(), extension._claims), (429, {}))
        # What is left of a run that ended waits for nobody.
        transport.wait_for_a_person(chat)
        transport.release[chat].set()
        await asyncio.gather(*runtime.tasks)
        self.assertEqual(await speak(), 429)
        self.assertEqual(transport.started, [("app_a", chat)])

    async def test_a_chat_that_was_only_started_is_a_start_when_its_socket_comes(self):
        answers = [ALLOWED]
        gate = self.gate(lambda *_: answers[0])
        now = [0.0]
        extension = self.extension(gate, clock=lambda: now[0])
        runtime = await self.runtime(extension)
        ghosts = [(await self.start(runtime)).body["chat_id"] for _ in range(5)]
        now[0] += extension.TICKET + 1
        answers[0] = refused()
        for chat in ghosts:
            self.assertFalse(await Socket(runtime, f"/ws/wf/app_a/{chat}/u").opened())
        self.assertEqual(runtime.state.simple_transport.started, [])
        # The gate knows them as open: it must be asked about a start, or it lets them in.
        self.assertEqual(gate.questions[-1][:2], ("POST", "/api/chats/app_a/wf/start"))

    async def test_just_after_a_restart_this_process_counts_by_itself(self):
        unknown = b"HTTP/1.1 204 X\r\nX-Mozaiks-Gate: failed-open; open_runs_unknown\r\n\r\n"
        answers = [unknown]
        now = [0.0]
        extension = self.extension(self.gate(lambda *_: answers[0]), clock=lambda: now[0])
        runtime = await self.runtime(extension)
        at_once = await asyncio.gather(*(self.start(runtime) for _ in range(20)))
        self.assertEqual(sorted(answer.status for answer in at_once), [200] + [429] * 19)
        chat = next(answer.body["chat_id"] for answer in at_once if answer.status == 200)
        self.assertTrue(await Socket(runtime, f"/ws/wf/app_a/{chat}/u").opened())
        now[0] += extension.TICKET + 1
        # It runs.
        self.assertEqual((await self.start(runtime)).status, 429)
        self.assertFalse(await Socket(runtime, "/ws/wf/app_a/other/u").opened())
        self.assertEqual((await self.start(runtime, app="app_b")).status, 200)
        # The gate knows again; or it does not, and the process is no longer young.
        answers[0] = ALLOWED
        self.assertEqual((await self.start(runtime)).status, 200)
        answers[0] = unknown
        now[0] += extension.FRESH
        self.assertEqual((await self.start(runtime)).status, 200)
        self.assertEqual(extension.document()["gate"]["doubts"], {"open_runs_unknown": extension.gate.doubts["open_runs_unknown"]})

    async def test_a_chat_that_ended_is_asked_about_again(self):
        answers = [ALLOWED]
        gate = self.gate(lambda *_: answers[0])
        now = [0.0]
        extension = self.extension(gate, clock=lambda: now[0])
        runtime = await self.runtime(extension)
        chat = (await self.start(runtime)).body["chat_id"]
        client = Socket(runtime, f"/ws/wf/app_a/{chat}/u")
        self.assertTrue(await client.opened())
        runtime.state.simple_transport.release[chat].set()
        await asyncio.gather(*runtime.tasks)
        answers[0] = refused()
        now[0] += extension.AGAIN + 1
        self.assertFalse(await Socket(runtime, f"/ws/wf/app_a/{chat}/u").opened())
        extension.gate._refusals.clear()
        self.assertEqual((await request(runtime, "POST", f"/chat/app_a/{chat}/u/input")).status, 429)
        self.assertEqual(gate.questions[-2][:2], ("POST", "/api/chats/app_a/wf/start"))

    async def test_a_run_of_another_app_with_the_same_chat_id_speaks_for_nobody(self):
        gate = self.gate(lambda method, target: refused() if "/app_b/" in target else ALLOWED)
        runtime = await self.runtime(self.extension(gate))
        self.assertTrue(await Socket(runtime, "/ws/wf/app_a/same/u").opened())
        self.assertFalse(await Socket(runtime, "/ws/wf/app_b/same/u").opened())

    async def test_a_start_is_worth_one_run(self):
        answers = [ALLOWED]
        now = [0.0]
        extension = self.extension(self.gate(lambda *_: answers[0]), clock=lambda: now[0])
        runtime = await self.runtime(extension)
        chat = (await self.start(runtime)).body["chat_id"]
        answers[0] = refused()
        now[0] += extension.TICKET + 1
        self.assertFalse(await Socket(runtime, f"/ws/wf/app_a/{chat}/u").opened())

    async def test_tickets_are_bounded(self):
        extension = self.extension()
        extension.MOST_TICKETS = 3
        for index in range(10):
            await extension.chat_session_fields(app_id="a", user_id="u", workflow_name="w", chat_id=str(index))
        self.assertEqual([chat for _, chat in extension._tickets], ["7", "8", "9"])

    async def test_a_build_without_the_known_coroutines_says_so_and_the_gate_tells_what_goes_on(self):
        gate = self.gate(lambda method, target: ALLOWED if target.startswith(("/ws/wf/app_a/c/", "/chat/app_a/c/")) else refused())
        extension = self.extension(gate)
        runtime = Runtime(extension.bundle())

        class Other(type(runtime.state.simple_transport)):
            handle_user_input_from_api = None
        runtime.state.simple_transport = Other()
        runtime.state.simple_transport.connections["c"] = {"websocket": object(), "app_id": "app_a", "workflow_name": "wf"}
        await runtime.startup()
        self.addAsyncCleanup(runtime.stop, extension)
        document = (await request(runtime, "GET", "/ops/runtime")).body
        self.assertEqual((document["runs_tracked"], document["runs"], document["tasks"]), (False, None, None))
        self.assertEqual(document["websockets"], 1)
        self.assertIsNone(document["apps"][0]["runs"])
        entry = module.Entry("socket", app="app_a", workflow="wf", chat="c", user="u")
        other = module.Entry("socket", app="app_a", workflow="wf", chat="d", user="u")
        self.assertIsNone(await extension._ask_about_socket(entry, "u"))
        self.assertIsNotNone(await extension._ask_about_socket(other, "u"))
        self.assertIsNone(await extension.ask_about_input(entry, "wf"))
        self.assertIsNotNone(await extension.ask_about_input(other, "wf"))


class OverAnOpenWebsocket(Case):
    """What the runtime has no hook for: it is held before the runtime hears of it."""

    async def open(self, answers):
        gate = self.gate(lambda method, target, *_: answers(target))
        self.questions = gate.questions
        runtime = await self.runtime(self.extension(gate))
        chat = (await self.start(runtime)).body["chat_id"]
        client = Socket(runtime, f"/ws/wf/app_a/{chat}/u")
        self.assertTrue(await client.opened())
        return runtime, client, chat

    @staticmethod
    def but(*workflows):
        return lambda target: refused("At its limit.") if any(f"/{name}/start" in target for name in workflows) else ALLOWED

    async def test_a_workflow_that_is_started_there_is_a_start(self):
        runtime, client, chat = await self.open(self.but("loud"))
        said = await client.say(type="chat.start_workflow", workflow_name="loud")
        self.assertEqual([s["type"] for s in said], ["chat.prereq_blocked"])
        self.assertEqual((said[0]["data"]["message"], said[0]["chat_id"]), ("At its limit.", chat))
        self.assertEqual(runtime.heard, [])
        self.assertEqual(self.questions[-1][:2], ("POST", "/api/chats/app_a/loud/start"))
        # It stays open, and what is allowed begins: of the workflow of its own, too.
        for workflow in ["quiet", "wf"]:
            said = await client.say(type="chat.start_workflow", workflow_name=workflow)
            self.assertEqual([s["type"] for s in said], ["chat.workflow_started"])
            self.assertEqual(self.questions[-1][1], f"/api/chats/app_a/{workflow}/start")

    async def test_the_other_spelling_of_json_is_the_same(self):
        runtime, client, _ = await self.open(self.but("loud"))
        client._words.put_nowait('{"kind": "chat.start\\u005fworkflow", "workflow_name": "lo\\u0075d"}')
        for _ in range(2000):
            if len(self.questions) > 2:
                break
            await asyncio.sleep(0.001)
        await client.leave()
        self.assertEqual(runtime.heard, [])

    async def test_of_a_batch_what_is_refused_is_taken_out(self):
        runtime, client, _ = await self.open(self.but("loud", "louder"))
        await client.say(type="chat.start_workflow_batch", runs=[
            {"workflow_name": "loud"}, {"workflow_name": "quiet", "message": "é"}, {"workflow_name": "louder"}])
        while not runtime.heard:
            await asyncio.sleep(0.001)
        self.assertEqual(runtime.heard[0]["runs"], [{"workflow_name": "quiet", "message": "é"}])
        await client.say(type="chat.start_workflow_batch", runs=[{"workflow_name": "loud"}])
        await client.leave()
        self.assertEqual(len(runtime.heard), 1)

    async def test_a_session_that_is_made_to_be_run_later_is_a_start_as_well(self):
        runtime, client, _ = await self.open(self.but("loud"))
        said = await client.say(type="chat.start_workflow", workflow_name="loud", auto_run=False)
        self.assertEqual((said[0]["type"], runtime.heard), ("chat.prereq_blocked", []))
        said = await client.say(type="chat.artifact_action", data={"action": "launch_workflow", "payload": {"workflow_name": "loud"}})
        self.assertEqual((said[0]["type"], runtime.heard), ("chat.prereq_blocked", []))
        said = await client.say(type="chat.start_workflow", workflow_name="quiet", auto_run=False)
        self.assertEqual(said[0]["type"], "chat.workflow_started")
        # Its socket is that start.
        asked = len(self.questions)
        self.assertTrue(await Socket(runtime, "/ws/quiet/app_a/quiet-session/u").opened())
        self.assertEqual(len(self.questions), asked)

    async def test_what_is_too_deep_or_too_long_is_not_heard(self):
        runtime, client, _ = await self.open(self.but("loud"))
        start = '{"type":"chat.start_workflow","workflow_name":"loud","x":%s}'
        for depth in [*range(900, 1000, 9), 5_000, 100_000]:
            client._words.put_nowait(start % ("[" * depth + "]" * depth))
        client._words.put_nowait(start % ('"' + "x" * module.Door.LONGEST_MESSAGE + '"'))
        client._words.put_nowait("no json")
        client._words.put_nowait('{"type": "client.resume"}')
        while not runtime.heard:
            await asyncio.sleep(0.001)
        self.assertEqual([words["type"] for words in runtime.heard], ["client.resume"])
        said = [json.loads(m["text"])["type"] for m in client.exchange.messages if m["type"] == "websocket.send"]
        self.assertEqual((len(said), set(said)), (15, {"chat.prereq_blocked", "chat.error"}))

    async def test_a_fault_of_ones_own_drops_a_message(self):
        runtime, client, _ = await self.open(self.but("loud"))

        def broken(*_):
            raise MemoryError
        door = runtime.middleware_stack
        door.extension.ask_about_start = broken
        client._words.put_nowait('{"type": "chat.start_workflow", "workflow_name": "quiet"}')
        client._words.put_nowait('{"type": "client.resume"}')
        while not runtime.heard:
            await asyncio.sleep(0.001)
        self.assertEqual([words["type"] for words in runtime.heard], ["client.resume"])

    async def test_a_batch_is_bounded(self):
        runtime, client, _ = await self.open(self.but("loud"))
        await client.say(type="chat.start_workflow_batch", runs=[{"workflow_name": "quiet"}] * 150)
        while not runtime.heard:
            await asyncio.sleep(0.001)
        self.assertEqual(len(runtime.heard[0]["runs"]), 100)

    async def test_words_to_a_run_pass_and_words_to_an_ended_chat_are_asked_about(self):
        answers = [ALLOWED]
        gate = self.gate(lambda *_: answers[0])
        now = [0.0]
        extension = self.extension(gate, clock=lambda: now[0])
        runtime = await self.runtime(extension)
        chat = (await self.start(runtime)).body["chat_id"]
        client = Socket(runtime, f"/ws/wf/app_a/{chat}/u")
        self.assertTrue(await client.opened())
        await client.say(type="chat.start_workflow", workflow_name="other")
        transport = runtime.state.simple_transport
        answers[0] = refused("Paused.")
        now[0] += 10_000
        # Its own run is over, the other one of the same websocket is not: whose words these are the runtime decides.
        transport.release[chat].set()
        for words in [1, 2]:
            client._words.put_nowait(json.dumps({"type": "user.input.submit", "text": "hello"}))
            while len(runtime.heard) < 1 + words:
                await asyncio.sleep(0.001)
        extension.gate._refusals.clear()
        transport.release["other-1"].set()
        await asyncio.sleep(0.01)
        said = await client.say(type="user.input.submit", text="again")
        self.assertEqual((said[0]["type"], said[0]["data"]["message"]), ("chat.error", "Paused."))
        heard = len(runtime.heard)
        # The answer to a question, and words to the general agent, are no run.
        await client.say(type="chat.enter_general_mode")
        for words in [{"type": "user.input.submit", "text": "x", "input_request_id": "r"}, {"type": "user.input.submit", "text": "x"}]:
            client._words.put_nowait(json.dumps(words))
        while len(runtime.heard) < heard + 3:
            await asyncio.sleep(0.001)
        self.assertFalse(client.closed)

    async def test_a_gate_that_is_gone_holds_nothing(self):
        runtime = await self.runtime(self.extension("127.0.0.1:1"))
        client = Socket(runtime, "/ws/wf/app_a/unknown/u")
        self.assertTrue(await client.opened())
        said = await client.say(type="chat.start_workflow", workflow_name="loud")
        self.assertEqual(said[0]["type"], "chat.workflow_started")

    async def test_what_is_no_message_of_that_kind_passes_as_it_is(self):
        runtime, client, _ = await self.open(self.but("loud"))
        for words in [{"type": "client.resume", "x": [1]}, {"type": "chat.start_workflow_batch", "runs": []}]:
            client._words.put_nowait(json.dumps(words))
        while len(runtime.heard) < 2:
            await asyncio.sleep(0.001)
        self.assertEqual(len(self.questions), 1)


class AtOnce(Case):
    """However many come at once, each is asked about."""

    async def test_300_starts_under_a_pause(self):
        gate = self.gate(refused())
        # A machine on which time does not pass: it may be busy, and that is not a gate that hangs.
        extension = self.extension(gate, clock=lambda: 0.0)
        extension.settings.timeout = 20
        runtime = await self.runtime(extension)
        answers = await asyncio.gather(*(self.start(runtime) for _ in range(300)))
        self.assertEqual({answer.status for answer in answers}, {429})
        self.assertEqual((dict(extension.gate.failed_open), extension.gate._in_flight), ({}, 0))
        # What is refused is refused to all who wait with the same question.
        self.assertEqual(extension.gate.asked + extension.gate.shared, 300)
        self.assertLessEqual(len(gate.questions), 64)

    async def test_300_that_share_no_answer(self):
        extension = self.extension(self.gate(refused()))
        # A busy machine is not a gate that hangs.
        extension.settings.timeout = 20
        runtime = await self.runtime(extension)
        starts = [self.start(runtime, workflow=f"w{index}") for index in range(100)]
        sockets = [Socket(runtime, f"/ws/w{index}/app_a/s{index}/u") for index in range(100)]
        inputs = [
            request(runtime, "POST", f"/chat/app_a/i{index}/u/input", body=b'{"message": "x", "workflow_name": "i%d"}' % index)
            for index in range(100)]
        answers = await asyncio.gather(*starts, *inputs)
        self.assertEqual({answer.status for answer in answers}, {429})
        self.assertEqual(sum([await client.opened() for client in sockets]), 0)
        self.assertEqual((dict(extension.gate.failed_open), runtime.state.simple_transport.started), ({}, []))

    async def test_300_under_a_throttle_to_2(self):
        room = [2]

        def decide(*_):
            room[0] -= 1
            return ALLOWED if room[0] >= 0 else refused()
        extension = self.extension(self.gate(decide))
        extension.settings.timeout = 20
        runtime = await self.runtime(extension)

        async def run(index):
            if index % 2:
                return await Socket(runtime, f"/ws/wf/app_a/invented-{index}/u{index}").opened()
            answer = await self.start(runtime)
            return answer.status == 200 and await Socket(runtime, f"/ws/wf/app_a/{answer.body['chat_id']}/u{index}").opened()
        self.assertEqual(sum(await asyncio.gather(*(run(index) for index in range(300)))), 2)
        self.assertEqual(len(runtime.state.simple_transport.started), 2)
        self.assertEqual(extension.document()["tasks"], 2)
        self.assertEqual(dict(extension.gate.failed_open), {})

    def limited(self, limit):
        """A gate that holds a limit by what it is told, as the real one does of a runtime that is one process."""
        told = []

        def decide(*_):
            told.append(int(gate.questions[-1][2].rpartition("&running=")[2]))
            return ALLOWED if told[-1] < limit else refused()
        gate = self.gate(decide)
        return gate, told

    async def test_a_limit_is_held_by_what_runs_now(self):
        gate, told = self.limited(2)
        extension = self.extension(gate)
        extension.settings.timeout = 20
        runtime = await self.runtime(extension)
        transport = runtime.state.simple_transport

        async def run(index):
            answer = await self.start(runtime)
            return answer.body["chat_id"] if answer.status == 200 and await Socket(
                runtime, f"/ws/wf/app_a/{answer.body['chat_id']}/u{index}").opened() else None
        running = [chat for chat in await asyncio.gather(*(run(index) for index in range(40))) if chat]
        self.assertEqual((len(running), extension.document()["tasks"]), (2, 2))
        self.assertLessEqual(min(told), 0)
        for index in range(5):
            # A run that ends makes room at once, for one.
            transport.release[running.pop(0)].set()
            while extension.document()["tasks"] > 1:
                await asyncio.sleep(0)
            extension.gate._refusals.clear()
            more = [chat for chat in await asyncio.gather(*(run(f"{index}-{n}") for n in range(10))) if chat]
            self.assertEqual((len(more), extension.document()["tasks"]), (1, 2))
            running += more
        # Of another app nothing is among them.
        await self.start(runtime, app="app_b")
        self.assertEqual(told[-1], 0)

    async def test_what_was_let_through_holds_a_place_until_it_is_a_chat_and_no_longer_than_usual(self):
        now = [1000.0]
        gate, told = self.limited(9)
        extension = self.extension(gate, clock=lambda: now[0])
        await self.runtime(extension)
        hook = extension.bundle()["chat_prereqs"]

        async def ask(app="app_a"):
            self.assertTrue((await hook(app_id=app, user_id="u", workflow_name="wf", persistence=None))[0])
            return told[-1]
        self.assertEqual([await ask(), await ask(), await ask("app_b")], [0, 1, 0])
        # It has become a chat, whose websocket is to come: one and the same.
        await extension.chat_session_fields(app_id="app_a", chat_id="c")
        self.assertEqual(await ask(), 2)
        now[0] += extension.BRIEF + 1
        self.assertEqual(await ask(), 0)
        self.assertEqual(len(extension._places), 1)
        gate.answer = lambda *_: refused()
        self.assertFalse((await hook(app_id="app_a", user_id="u", workflow_name="wf", persistence=None))[0])
        self.assertEqual(len(extension._places), 1)

    async def test_what_is_not_known_is_not_told(self):
        gate = self.gate(ALLOWED)
        extension = self.extension(gate)
        await self.runtime(extension)
        extension.runs.MOST_TASKS = 0
        self.assertTrue((await extension.bundle()["chat_prereqs"](app_id="a", user_id="u", workflow_name="wf"))[0])
        extension.runs.snapshot = lambda: 1 / 0
        extension.gate._refusals.clear()
        self.assertTrue((await extension.bundle()["chat_prereqs"](app_id="a", user_id="u", workflow_name="wf"))[0])
        self.assertEqual([question[2] for question in gate.questions], ["/gate?refuse=403"] * 2)
        self.assertEqual((extension.faults, dict(extension.gate.failed_open)), (1, {}))

    async def test_a_flood_of_one_app_keeps_nobody_else_waiting(self):
        gate = self.gate(ALLOWED)
        client = self.extension(gate).gate
        client.settings.timeout = 20
        client.MOST_AT_ONCE = 1
        await asyncio.gather(*(client.ask("POST", "/noisy", "noisy") for _ in range(50)), client.ask("POST", "/quiet", "quiet"))
        self.assertLessEqual([target for _, target, _ in gate.questions].index("/quiet"), 2)
        self.assertEqual((len(gate.questions), client._in_flight, len(client._queues)), (51, 0, 0))

    async def test_more_than_may_wait_are_refused_and_not_let_through(self):
        client = self.extension(self.gate(ALLOWED)).gate
        client.settings.timeout = 20
        client.MOST_AT_ONCE, client.MOST_WAITING = 1, 3
        answers = await asyncio.gather(*(client.ask("POST", "/x", "app_a") for _ in range(10)))
        self.assertEqual(sum(answer is not None for answer in answers), 6)
        self.assertEqual((client.overfull, client.allowed), (6, 4))

    async def test_whoever_leaves_the_queue_leaves_no_gap(self):
        client = self.extension(self.gate(ALLOWED)).gate
        client.settings.timeout = 20
        client.MOST_AT_ONCE = 1
        waiting = [asyncio.ensure_future(client.ask("POST", "/x")) for _ in range(6)]
        await asyncio.sleep(0)
        for one in waiting[1:4]:
            one.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        self.assertEqual((client.allowed, client._in_flight, len(client._queues)), (3, 0, 0))

    async def test_a_refusal_holds_for_a_moment_and_a_permission_for_nobody_else(self):
        now = [0.0]
        answers = [refused()]
        gate = self.gate(lambda *_: answers[0])
        client = self.extension(gate, clock=lambda: now[0]).gate
        self.assertIsNotNone(await client.ask("POST", "/x"))
        answers[0] = ALLOWED
        self.assertIsNotNone(await client.ask("POST", "/x"))
        self.assertIsNone(await client.ask("POST", "/y"))
        now[0] += client.REFUSED_FOR
        for _ in range(3):
            self.assertIsNone(await client.ask("POST", "/x"))
        self.assertEqual((len(gate.questions), client.shared), (5, 1))
        client.MOST_REFUSALS = 2
        answers[0] = refused()
        for index in range(5):
            await client.ask("POST", f"/{index}")
        self.assertEqual(len(client._refusals), 2)


class FailingOpen(Case):
    async def passes(self, gate, reason, **environment):
        extension = self.extension(gate, **environment)
        answer = await self.start(await self.runtime(extension))
        self.assertEqual(answer.status, 200)
        self.assertEqual(dict(extension.gate.failed_open), {reason: 1} if reason else {})
        return extension

    async def test_nobody_listens(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            await self.passes(f"127.0.0.1:{free.getsockname()[1]}", "unreachable")

    async def test_no_such_unix_socket(self):
        await self.passes("unix:/nonexistent/gate", "unreachable")

    async def test_it_hangs_and_the_event_loop_does_not(self):
        turns = 0

        async def turn():
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)
        other = asyncio.ensure_future(turn())
        gate = self.gate(lambda *_: None)
        await self.passes(gate, "timeout", MOZAIKS_OPS_GATE_TIMEOUT_MS="30")
        other.cancel()
        self.assertGreater(turns, 10)

    async def test_it_trickles(self):
        await self.passes(self.gate(b"HTTP/1.1 403 Forbidden\r\nX-Mozaiks-Gate: ref"), "nonsense")

    async def test_a_half_answer_and_then_silence(self):
        class Half(StubGate):
            def _serve(self):
                try:
                    connection, _ = self._server.accept()
                except OSError:
                    return
                self._held.append(connection)
                connection.sendall(b"HTTP/1.1 403 Forbidden\r\nX-Mozaiks-Gate: refused\r\n")
        gate = Half(None)
        self.addCleanup(gate.close)
        await self.passes(gate, "timeout", MOZAIKS_OPS_GATE_TIMEOUT_MS="30")

    async def test_garbage(self):
        for answer in [
            b"\x00\xff\xfe" * 50 + b"\r\n\r\n", b"SSH-2.0-OpenSSH_9\r\n\r\n", b"\r\n\r\n",
            b"HTTP/1.1 403 Forbidden\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n<html>", b"HTTP/1.1 4030 X\r\nX-Mozaiks-Gate: refused\r\n\r\n",
            b"HTTP/1.1 403 X\r\n" + b"a" * 40000,
        ]:
            await self.passes(self.gate(answer), "nonsense")

    async def test_it_closes_without_a_word(self):
        await self.passes(self.gate(b""), "unreachable")

    async def test_only_a_refusal_that_says_it_is_one_is_one(self):
        for answer in [
            b"HTTP/1.1 500 X\r\nX-Mozaiks-Gate: refused\r\n\r\n", b"HTTP/1.1 403 X\r\nX-Mozaiks-Gate: allowed\r\n\r\n",
            b"HTTP/1.1 204 X\r\nX-Mozaiks-Gate: failed-open; open_runs_stale\r\n\r\n",
        ]:
            await self.passes(self.gate(answer), None)

    async def test_a_refusal_without_words_has_some(self):
        for body in ["", "X-Mozaiks-Body: {\r\n", "X-Mozaiks-Body: []\r\n", 'X-Mozaiks-Body: {"detail": 5}\r\n']:
            gate = self.gate(f"HTTP/1.1 403 X\r\nX-Mozaiks-Gate: refused\r\n{body}X-Mozaiks-Retry-After: soon\r\n\r\n".encode())
            answer = await self.start(await self.runtime(self.extension(gate)))
            self.assertEqual(answer.status, 429)
            self.assertIn("later", answer.body["detail"])
            self.assertNotIn("retry-after", answer.headers)

    async def test_words_are_cleaned(self):
        gate = self.gate(refused("a\u001b[2J\nb\ud800" + "x" * 5000))
        answer = await self.start(await self.runtime(self.extension(gate)))
        self.assertEqual(answer.body["detail"][:9], "a [2J b?x")
        self.assertLessEqual(len(answer.body["detail"]), 1000)

    async def test_an_answer_that_came_in_time_counts_though_the_loop_was_late(self):
        gate = self.gate(refused())
        extension = self.extension(gate, MOZAIKS_OPS_GATE_TIMEOUT_MS="10")
        asking = asyncio.ensure_future(extension.gate.ask("POST", "/x"))
        await asyncio.sleep(0)
        # The whole loop stands still until long after the time allowed, as under a noisy tenant.
        gate.answered.wait(10)
        late = time.monotonic() + 0.05
        while time.monotonic() < late:
            pass
        self.assertIsNotNone(await asking)
        self.assertEqual(dict(extension.gate.failed_open), {})

    async def test_the_breaker(self):
        now = [0.0]
        answers = [None]
        gate = self.gate(lambda *_: answers[0])
        extension = self.extension(
            gate, clock=lambda: now[0], MOZAIKS_OPS_GATE_TIMEOUT_MS="10", MOZAIKS_OPS_GATE_FAILURES="3",
            MOZAIKS_OPS_GATE_PAUSE_S="5")
        client = extension.gate
        for _ in range(3):
            self.assertEqual(client.breaker, "closed")
            self.assertIsNone(await client.ask("POST", "/x"))
        self.assertEqual(client.breaker, "open")
        for _ in range(10):
            self.assertIsNone(await client.ask("POST", "/x"))
        self.assertEqual((client.asked, client.failed_open["breaker"]), (3, 10))
        now[0] += 5
        # One trial only, however many come at once; as it fails, nobody is asked for five more seconds.
        self.assertEqual(client.breaker, "half_open")
        await asyncio.gather(*(client.ask("POST", "/x") for _ in range(5)))
        self.assertEqual((client.asked, client.breaker), (4, "open"))
        now[0] += 5
        answers[0] = refused()
        self.assertIsNotNone(await client.ask("POST", "/x"))
        self.assertEqual((client.breaker, client.opened), ("closed", 1))
        self.assertIsNotNone(await client.ask("POST", "/x"))

    async def test_a_success_between_failures_keeps_the_breaker_closed(self):
        answers = [None]
        extension = self.extension(self.gate(lambda *_: answers[0]), MOZAIKS_OPS_GATE_TIMEOUT_MS="10")
        for answer in [b"", b"", ALLOWED, b"", b""]:
            answers[0] = answer
            await extension.gate.ask("POST", "/x")
        self.assertEqual(extension.gate.breaker, "closed")

    async def test_a_gate_that_hangs_opens_for_those_who_wait_as_well(self):
        extension = self.extension(self.gate(lambda *_: None), MOZAIKS_OPS_GATE_TIMEOUT_MS="30")
        extension.gate.MOST_AT_ONCE = 4
        await asyncio.gather(*(extension.gate.ask("POST", "/x") for _ in range(20)))
        failed = extension.gate.failed_open
        self.assertEqual((set(failed), sum(failed.values())), ({"timeout", "breaker"}, 20))
        self.assertLessEqual(failed["timeout"], 8)

    async def test_a_client_that_leaves_takes_its_question_with_it(self):
        gate = self.gate(lambda *_: None)
        extension = self.extension(gate)
        asking = asyncio.ensure_future(extension.gate.ask("POST", "/x"))
        await asyncio.sleep(0)
        asking.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await asking
        self.assertEqual((extension.gate._in_flight, extension.gate.breaker), (0, "closed"))

    async def test_no_descriptor_is_left(self):
        gate = self.gate(lambda *_: None)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            dead = f"127.0.0.1:{free.getsockname()[1]}"
            good = self.gate(ALLOWED)
            before = len(os.listdir("/proc/self/fd"))
            for address in [dead, good.name, "unix:/nonexistent"]:
                for _ in range(20):
                    await self.extension(address).gate.ask("POST", "/x")
            extension = self.extension(gate, MOZAIKS_OPS_GATE_TIMEOUT_MS="10", MOZAIKS_OPS_GATE_FAILURES="100")
            asking = [extension.gate.ask("POST", "/x") for _ in range(5)]
            await asyncio.gather(*asking)
            # The stub's own five ends stay open.
            while len(gate._held) < 5:
                await asyncio.sleep(0)
            self.assertEqual(len(os.listdir("/proc/self/fd")), before + 5)

    async def test_a_name_is_looked_up_beside_the_questions(self):
        extension = self.extension("gate.example:9465")
        self.assertIsNone(await extension.gate.ask("POST", "/x"))
        self.assertEqual(dict(extension.gate.failed_open), {"unresolved": 1})
        good = self.gate(refused())
        extension.gate._resolved = (socket.AF_INET, good.address)
        self.assertIsNotNone(await extension.gate.ask("POST", "/x"))


class ThePage(Case):
    async def test_what_runs_by_app_and_chat(self):
        extension = self.extension()
        runtime = await self.runtime(extension)
        sockets = {}
        for app, chat in [("app_b", "c1"), ("app_a", "c2"), ("app_a", "c3")]:
            sockets[chat] = Socket(runtime, f"/ws/wf/{app}/{chat}/u")
            await sockets[chat].opened()
        # One ends and keeps its socket, one loses its socket and runs on, one waits for its user.
        transport = runtime.state.simple_transport
        transport.release["c1"].set()
        await sockets["c2"].leave()
        transport._input_request_registries["c3"] = {"r": object()}
        for _ in range(5):
            await asyncio.sleep(0)
        document = (await request(runtime, "GET", "/ops/runtime")).body
        self.assertEqual((document["runs_tracked"], document["complete"]), (True, True))
        self.assertEqual((document["runs"], document["tasks"], document["websockets"]), (2, 2, 2))
        self.assertEqual(document["apps"], [
            {"app_id": "app_a", "runs": 2, "tasks": 2, "coming": 0, "waiting": 1, "parked": 0, "websockets": 1},
            {"app_id": "app_b", "runs": 0, "tasks": 0, "coming": 0, "waiting": 0, "parked": 0, "websockets": 1}])
        self.assertEqual(
            {(row["chat_id"], row["tasks"], row["websocket"], row["waiting"]) for row in document["chats"]},
            {("c1", 0, True, False), ("c2", 1, False, False), ("c3", 1, True, True)})

    async def test_what_was_let_in_and_has_not_begun_is_coming(self):
        now = [0.0]
        extension = self.extension(self.gate(ALLOWED), clock=lambda: now[0])
        runtime = await self.runtime(extension)

        def seen():
            document = extension.document()
            self.assertEqual((document["tasks"], document["coming"]), tuple(
                sum(row[name] for row in document["apps"]) for name in ("tasks", "coming")))
            return document["tasks"], document["coming"]
        chat = (await self.start(runtime)).body["chat_id"]
        ghost = (await self.start(runtime)).body["chat_id"]
        self.assertEqual(seen(), (0, 2))
        # Its socket is there, and a loop that lags has not come to the run: it is still one.
        entry = module.Entry("socket", app="app_a", workflow="wf", chat=chat, user="u")
        now[0] += extension.TICKET - 1
        self.assertIsNone(await extension._ask_about_socket(entry, "u"))
        now[0] += 2
        self.assertEqual(seen(), (0, 1), "a start whose websocket never came is no run")
        extension.leave(entry)
        self.assertTrue(await Socket(runtime, f"/ws/wf/app_a/{chat}/u").opened())
        self.assertEqual(seen(), (1, 0))
        # What ran and ended is not waited for anew.
        runtime.state.simple_transport.release[chat].set()
        await asyncio.gather(*runtime.tasks)
        self.assertEqual(seen(), (0, 0))
        self.assertNotEqual(ghost, chat)

    async def test_what_waits_for_somebody_who_left_is_parked(self):
        extension = self.extension(self.gate(ALLOWED))
        runtime = await self.runtime(extension)
        transport = runtime.state.simple_transport
        sockets = {}
        for app, chat in [("app_a", "left"), ("app_a", "there"), ("app_a", "works"), ("app_b", "twice")]:
            sockets[chat] = Socket(runtime, f"/ws/wf/{app}/{chat}/u")
            await sockets[chat].opened()
        for chat in ("left", "there"):
            transport.wait_for_a_person(chat)
        for chat in ("left", "works"):
            await sockets[chat].leave()
        # It comes again, which runs it a second time, and leaves once more: one of the two works on.
        await sockets["twice"].leave()
        again = Socket(runtime, "/ws/wf/app_b/twice/u")
        self.assertTrue(await again.opened())
        transport.wait_for_a_person("twice")
        await again.leave()

        def seen():
            document = extension.document()
            return document["parked"], {row["app_id"]: (row["tasks"], row["waiting"], row["parked"]) for row in document["apps"]}
        self.assertEqual(seen(), (2, {"app_a": (3, 2, 1), "app_b": (2, 1, 1)}))
        # Whoever was asked is back, and is let on without a question.
        asked = extension.gate.asked
        back = Socket(runtime, "/ws/wf/app_a/left/u")
        self.assertTrue(await back.opened())
        self.assertEqual(extension.gate.asked, asked)
        self.assertEqual(seen()[1]["app_a"][2], 0)
        # Not known is not none.
        transport._input_request_registries = None
        self.assertEqual(seen()[0], None)
        self.assertEqual({row[2] for row in seen()[1].values()}, {None})

    async def test_a_start_whose_websocket_does_not_come_holds_its_place_beside_what_runs_only(self):
        now = [0.0]
        extension = self.extension(self.gate(ALLOWED), clock=lambda: now[0])
        runtime = await self.runtime(extension)
        transport = runtime.state.simple_transport

        def seen():
            document = extension.document()
            return document["tasks"], document["coming"]
        for _ in range(2):
            await self.start(runtime)
        late = (await self.start(runtime)).body["chat_id"]
        now[0] += extension.BRIEF
        self.assertEqual(seen(), (0, 3))
        now[0] += 0.1
        self.assertEqual(seen(), (0, 0), "nothing runs, and nothing that is about to keeps others out")
        # Its websocket is let in all the same, and beside it the others are waited for.
        self.assertTrue(await Socket(runtime, f"/ws/wf/app_a/{late}/u").opened())
        self.assertEqual(seen(), (1, 2))
        self.assertTrue(await Socket(runtime, "/ws/wf/app_b/c/u").opened())
        self.assertEqual(seen(), (2, 2), "another app's run holds nobody's place")
        transport.release[late].set()
        for _ in range(5):
            await asyncio.sleep(0)
        # The one that came took five seconds: it is waited for four times as long.
        now[0] += 16
        self.assertEqual(seen(), (1, 0))

    async def test_where_websockets_usually_come_late_they_are_waited_for_longer(self):
        now = [0.0]
        extension = self.extension(self.gate(ALLOWED), clock=lambda: now[0])
        runtime = await self.runtime(extension)
        for _ in range(3):
            chat = (await self.start(runtime)).body["chat_id"]
            now[0] += 4
            self.assertTrue(await Socket(runtime, f"/ws/wf/app_a/{chat}/u").opened())
            runtime.state.simple_transport.release[chat].set()
        await asyncio.gather(*runtime.tasks)
        await self.start(runtime)
        now[0] += 15
        self.assertEqual(extension.document()["coming"], 1)
        now[0] += 2
        self.assertEqual(extension.document()["coming"], 0)

    async def test_a_run_that_begins_and_ends_between_two_looks_is_not_waited_for(self):
        extension = self.extension(self.gate(ALLOWED))
        extension.LOOK_EVERY = 0.001
        runtime = await self.runtime(extension)
        chat = (await self.start(runtime)).body["chat_id"]
        self.assertTrue(await Socket(runtime, f"/ws/wf/app_a/{chat}/u").opened())
        while extension._coming:
            await asyncio.sleep(0.001)
        runtime.state.simple_transport.release[chat].set()
        await asyncio.gather(*runtime.tasks)
        self.assertEqual(extension.document()["coming"], 0)

    async def test_what_is_coming_is_bounded_and_unknown_where_runs_are(self):
        extension = self.extension(self.gate(ALLOWED))
        extension.MOST_TICKETS = 3
        runtime = await self.runtime(extension)
        for _ in range(10):
            await self.start(runtime)
        self.assertEqual(extension.document()["coming"], 3)
        extension.runs = module.Runs(None)
        self.assertIsNone(extension.document()["coming"])
        self.assertEqual([row["coming"] for row in extension.document()["apps"]], [None])

    async def test_it_is_bounded(self):
        extension = self.extension()
        runtime = await self.runtime(extension)
        for index in range(3000):
            runtime.state.simple_transport.connections[f"c{index}"] = {
                "websocket": object(), "app_id": f"app-{index}" + "x" * 5000, "workflow_name": "w" * 5000}
        answer = await request(runtime, "GET", "/ops/runtime")
        document = answer.body
        self.assertEqual((len(document["apps"]), document["apps_omitted"]), (1000, 2000))
        self.assertEqual((len(document["chats"]), document["chats_omitted"]), (1000, 2000))
        self.assertEqual(document["websockets"], 3000)
        self.assertLess(len(json.dumps(document)), 2_000_000)

    async def test_odd_ids_do_not_make_it_unreadable(self):
        extension = self.extension()
        runtime = await self.runtime(extension)
        runtime.state.simple_transport.connections.update({
            "\ud800": {"websocket": object(), "app_id": "\udfff", "workflow_name": None}, 7: {"websocket": object()},
            "half": {}, "none": None})
        answer = await request(runtime, "GET", "/ops/runtime")
        self.assertEqual(answer.body["websockets"], 2)
        self.assertNotIn(b"\\ud800", answer.messages[1]["body"])

    async def test_the_loops_lag_is_seen(self):
        extension = self.extension()
        extension.lag.EVERY = 0.001
        runtime = await self.runtime(extension)
        self.assertIsNone((await request(runtime, "GET", "/ops/runtime")).body["loop"]["lag_max_s"])
        await asyncio.sleep(0)
        late = time.monotonic() + 0.05
        while time.monotonic() < late:
            pass
        while not extension.lag._samples:
            await asyncio.sleep(0)
        loop = (await request(runtime, "GET", "/ops/runtime")).body["loop"]
        self.assertGreater(loop["lag_max_s"], 0.04)
        self.assertGreaterEqual(loop["lag_max_s"], loop["lag_mean_s"])

    async def test_a_token(self):
        runtime = await self.runtime(self.extension(MOZAIKS_OPS_TOKEN="s3cret"))
        for headers in [[], [(b"authorization", b"Bearer wrong")], [(b"authorization", b"s3cret")]]:
            answer = await request(runtime, "GET", "/ops/runtime", headers)
            self.assertEqual(answer.status, 401)
            self.assertIsInstance(answer.body["detail"], str)
        answer = await request(
            runtime, "GET", "/ops/runtime", [(b"Authorization", b"Bearer s3cret")], client=("10.0.0.9", 1))
        self.assertEqual(answer.status, 200)

    async def test_without_a_token_only_this_machine_and_nobody_through_a_proxy(self):
        runtime = await self.runtime(self.extension())
        self.assertEqual((await request(runtime, "GET", "/ops/runtime", client=("10.0.0.9", 1))).status, 403)
        self.assertEqual((await request(runtime, "GET", "/ops/runtime", [(b"x-forwarded-for", b"1.2.3.4")])).status, 403)
        self.assertEqual((await request(runtime, "GET", "/ops/runtime")).status, 200)
        self.assertEqual((await request(runtime, "GET", "/ops/runtime", client=("::1", 1))).status, 200)

    async def test_the_gates_statistics(self):
        extension = self.extension(self.gate(refused()))
        runtime = await self.runtime(extension)
        await self.start(runtime)
        gate = (await request(runtime, "GET", "/ops/runtime")).body["gate"]
        self.assertEqual(gate, {
            "configured": True, "asked": 1, "allowed": 0, "refused": 1, "shared": 0, "overfull": 0, "unaskable": 0, "held": 0,
            "let_on": 0, "faults": 0, "failed_open": {}, "doubts": {}, "breaker": "closed", "breaker_opened": 0})

    async def test_a_walk_over_the_tasks_costs_a_bounded_share(self):
        extension = self.extension()
        await self.runtime(extension)
        extension.runs.SHARE = module.Runs.SHARE
        first = extension.runs.snapshot()
        extension.runs._cost = 1000
        self.assertIs(extension.runs.snapshot(), first)
        extension.runs._cost = -1
        self.assertIsNot(extension.runs.snapshot(), first)
        extension.runs._cost = -1
        extension.runs.MOST_TASKS = 0
        self.assertFalse(extension.runs.snapshot().is_complete)
        self.assertIsNone(extension.runs.is_running("a", "c"))


class Loading(Case):
    def test_the_bundle_is_one_for_the_process(self):
        self.assertEqual(module.get_bundle()["on_startup"], module.get_bundle()["on_startup"])

    def test_it_needs_the_standard_library_only(self):
        from stubs import FILE
        with open(FILE, encoding="utf-8") as file:
            text = file.read()
        top = {line.split()[1].split(".")[0] for line in text.splitlines() if line.startswith(("import ", "from "))}
        self.assertLessEqual(top, set(sys.stdlib_module_names))

    async def test_a_failure_of_its_own_asks(self):
        gate = self.gate(refused())
        extension = self.extension(gate)
        runtime = await self.runtime(extension)

        def broken(*_):
            raise RuntimeError
        extension.runs.snapshot = extension.runs.is_running = broken
        self.assertFalse(await Socket(runtime, "/ws/wf/app_a/c/u").opened())
        self.assertEqual((await request(runtime, "POST", "/chat/app_a/c/u/input")).status, 429)
        self.assertEqual(extension.faults, 2)


if __name__ == "__main__":
    unittest.main()
