"""The other sides of the extension: a runtime of the same contract, and gates that answer well, badly or never."""

import asyncio
import importlib.util
import json
import os
import socket
import threading
from urllib.parse import unquote

HERE = os.path.dirname(os.path.abspath(__file__))
FILE = os.path.join(HERE, "..", "..", "docs", "deploy", "runtime-extension", "mozaiks_ops_extension.py")


def load():
    spec = importlib.util.spec_from_file_location("mozaiks_ops_extension", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class StubGate:
    """A gate in threads of its own, so that it goes on while the event loop under test does not.

    `answer(method, target)` gives the bytes to send; None: says nothing and keeps the connection; b"": closes it.
    """

    def __init__(self, answer, family=socket.AF_INET, address=("127.0.0.1", 0)):
        self.answer = answer
        self.questions = []
        self.answered = threading.Event()
        self._held = []
        self._server = socket.socket(family, socket.SOCK_STREAM)
        self._server.bind(address)
        self._server.listen(512)
        self.address = self._server.getsockname()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def name(self):
        return f"unix:{self.address}" if isinstance(self.address, str) else f"127.0.0.1:{self.address[1]}"

    def _serve(self):
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            data = b""
            while b"\r\n\r\n" not in data:
                part = connection.recv(65536)
                if not part:
                    break
                data += part
            lines = data.decode("latin-1").split("\r\n")
            fields = {line.partition(":")[0].lower(): line.partition(":")[2].strip() for line in lines[1:] if ":" in line}
            method, target = fields.get("x-original-method", ""), fields.get("x-original-uri", "")
            self.questions.append((method, target, lines[0].split(" ")[1] if " " in lines[0] else ""))
            answer = self.answer(method, target)
            if answer is None:
                self._held.append(connection)
            else:
                try:
                    connection.sendall(answer)
                except OSError:
                    pass
                connection.close()
            self.answered.set()

    def close(self):
        # A thread inside of accept() is woken by this, not by close().
        try:
            self._server.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._server.close()
        self._thread.join()
        for connection in self._held:
            connection.close()


ALLOWED = b"HTTP/1.1 204 No Content\r\nX-Mozaiks-Gate: allowed\r\n\r\n"


def refused(text="This app is paused.", after=900):
    body = json.dumps({"detail": text, "retry_after": after})
    return (
        f"HTTP/1.1 403 Forbidden\r\nX-Mozaiks-Gate: refused\r\nX-Mozaiks-Lease: lease-1\r\n"
        f"X-Mozaiks-Retry-After: {after}\r\nX-Mozaiks-Body: {body}\r\nContent-Length: 0\r\n\r\n"
    ).encode("latin-1")


def app_of(target):
    """App, chat (or None) of a question's target."""
    parts = [unquote(part) for part in target.split("/")]
    if parts[1] == "ws":
        return parts[3], parts[4]
    if parts[1] == "chat":
        return parts[2], parts[3]
    return parts[3], None


class Transport:
    """Keeps websockets and runs orchestrations, under the names that the runtime gives them."""

    def __init__(self):
        self.connections = {}
        self._input_request_registries = {}
        self.release = {}
        self.started = []

    async def handle_user_input_from_api(self, chat_id, user_id, workflow_name, message, app_id):
        """As the public one: a chat that waits gets its answer, every other is run, though it runs already."""
        if self._input_request_registries.get(chat_id):
            self._input_request_registries[chat_id].popitem()
            return
        self.started.append((app_id, chat_id))
        if chat_id not in self.release or self.release[chat_id].is_set():
            self.release[chat_id] = asyncio.Event()
        await self._work(self.release[chat_id])

    def wait_for_a_person(self, chat, requests=1):
        self._input_request_registries[chat] = {f"request-{number}": object() for number in range(requests)}

    async def _work(self, event):
        await event.wait()


class State:
    pass


class Runtime:
    """A runtime of the same contract as the public one: which hooks are called when, with what, and what follows."""

    def __init__(self, bundle):
        self.hooks = bundle
        self.state = State()
        self.state.simple_transport = Transport()
        self.middleware_stack = self._application
        self.tasks = []
        self.prereqs = 0
        self.heard = []
        self._next = 0

    async def startup(self):
        await self.hooks["on_startup"](self)

    async def stop(self, extension):
        for task in self.tasks + extension._tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, *extension._tasks, return_exceptions=True)

    async def __call__(self, scope, receive, send):
        await self.middleware_stack(scope, receive, send)

    async def _prereqs(self, app, user, workflow):
        self.prereqs += 1
        try:
            result = await self.hooks["chat_prereqs"](
                app_id=app, user_id=user, workflow_name=workflow, persistence=object())
            return result
        except Exception:
            return True, None

    async def _application(self, scope, receive, send):
        # The router's `$` matches before a final line feed.
        path = scope["path"]
        parts = (path[:-1] if path.endswith("\n") and scope["type"] == "http" else path).split("/")
        if scope["type"] == "websocket":
            _, _, workflow, app, chat, user = parts
            ok, reason = await self._prereqs(app, user, workflow)
            if not ok:
                await send({"type": "websocket.accept"})
                await send({"type": "websocket.send", "text": json.dumps({"type": "chat.error", "data": {"message": reason}})})
                await send({"type": "websocket.close", "code": 1008, "reason": "Prerequisites not met"})
                return
            await send({"type": "websocket.accept"})
            transport = self.state.simple_transport
            transport.connections[chat] = {"websocket": object(), "app_id": app, "workflow_name": workflow}
            self.tasks.append(asyncio.ensure_future(
                transport.handle_user_input_from_api(chat, user, workflow, None, app)))
            try:
                await self._listen(receive, send, app, chat, user)
            finally:
                transport.connections.pop(chat, None)
        elif parts[-1] == "start":
            app, workflow = parts[3], parts[4]
            ok, reason = await self._prereqs(app, "u", workflow)
            if not ok:
                return await self._answer(send, 409, {"detail": reason})
            self._next += 1
            chat = f"chat-{self._next}"
            fields = await self.hooks["chat_session_fields"](app_id=app, user_id="u", workflow_name=workflow, chat_id=chat)
            await self._answer(send, 200, {"chat_id": chat, "fields": fields})
        elif parts[-1] == "input":
            body, more = b"", True
            while more:
                message = await receive()
                body, more = body + message.get("body", b""), message.get("more_body", False)
            data = json.loads(body)
            # The database is asked before the run begins.
            await asyncio.sleep(0)
            self.tasks.append(asyncio.ensure_future(self.state.simple_transport.handle_user_input_from_api(
                parts[3], parts[4], data.get("workflow_name"), data["message"], parts[2])))
            await asyncio.sleep(0)
            await self._answer(send, 200, {})
        else:
            await self._answer(send, 404, {})

    async def _listen(self, receive, send, app, chat, user):
        """As the public one: workflows are started over an open websocket without any hook, and words run an ended chat again."""
        transport = self.state.simple_transport

        async def begin(chat, workflow):
            self.tasks.append(asyncio.ensure_future(
                transport.handle_user_input_from_api(chat, user, workflow, None, app)))
            await send({"type": "websocket.send", "text": json.dumps(
                {"type": "chat.workflow_started", "data": {"chat_id": chat, "workflow_name": workflow}}, separators=(",", ":"))})

        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                return
            data = json.loads(message["text"])
            self.heard.append(data)
            if data["type"] == "chat.start_workflow" and not data.get("auto_run", True):
                await send({"type": "websocket.send", "text": json.dumps({
                    "type": "chat.workflow_started",
                    "data": {"chat_id": data["workflow_name"] + "-session"}}, separators=(",", ":"))})
            elif data["type"] == "chat.start_workflow":
                await begin(data["workflow_name"] + "-1", data["workflow_name"])
            elif data["type"] == "chat.start_workflow_batch":
                for number, run in enumerate(data["runs"]):
                    await begin(f"{run['workflow_name']}-{number}", run["workflow_name"])
            elif data["type"] == "chat.enter_general_mode":
                await send({"type": "websocket.send", "text": json.dumps(
                    {"type": "chat.mode_changed", "data": {"mode": "general"}}, separators=(",", ":"))})

    @staticmethod
    async def _answer(send, status, body):
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": json.dumps(body).encode()})


class Exchange:
    def __init__(self):
        self.messages = []

    async def send(self, message):
        self.messages.append(message)

    @property
    def status(self):
        return self.messages[0]["status"]

    @property
    def headers(self):
        return {name.decode(): value.decode() for name, value in self.messages[0]["headers"]}

    @property
    def body(self):
        return json.loads(b"".join(m.get("body", b"") for m in self.messages))


WORDS = b'{"message": "hello", "workflow_name": "wf"}'


async def request(application, method, path, headers=(), client=("127.0.0.1", 1), body=WORDS, pieces=1, **scope):
    exchange = Exchange()
    size = -(-len(body) // pieces)
    parts = [
        {"type": "http.request", "body": body[at:at + size], "more_body": at + size < len(body)}
        for at in range(0, len(body), size)]

    async def receive():
        if parts:
            return parts.pop(0)
        await asyncio.Event().wait()
    scope.update({"type": "http", "method": method, "path": path, "headers": list(headers), "client": client})
    await application(scope, receive, exchange.send)
    return exchange


class Socket:
    """A websocket's client: open until it is closed by either side."""

    def __init__(self, application, path):
        self.exchange = Exchange()
        self._left = asyncio.Event()
        self._words = asyncio.Queue()
        self.is_over = asyncio.Event()
        self.task = asyncio.ensure_future(self._run(application, path))

    async def _run(self, application, path):
        async def receive():
            word = asyncio.ensure_future(self._words.get())
            left = asyncio.ensure_future(self._left.wait())
            await asyncio.wait([word, left], return_when=asyncio.FIRST_COMPLETED)
            left.cancel()
            if word.done():
                return {"type": "websocket.receive", "text": word.result()}
            word.cancel()
            return {"type": "websocket.disconnect"}
        try:
            await application({"type": "websocket", "path": path, "headers": []}, receive, self.send)
        finally:
            self.is_over.set()

    async def send(self, message):
        self.exchange.messages.append(message)
        if message["type"] != "websocket.accept":
            return
        # What comes next is known at the close, or when the runtime waits for the client.

    async def opened(self):
        """Whether it stays open, once the runtime has decided."""
        while not self.exchange.messages:
            await asyncio.sleep(0)
        if self.closed:
            return False
        for _ in range(20):
            await asyncio.sleep(0)
        return not self.closed

    async def say(self, **words):
        """Says it, and waits until something is said back; that."""
        before = len(self.exchange.messages)
        self._words.put_nowait(json.dumps(words))
        while len(self.exchange.messages) == before:
            await asyncio.sleep(0.001)
        return [json.loads(m["text"]) for m in self.exchange.messages[before:] if m["type"] == "websocket.send"]

    @property
    def closed(self):
        return [m for m in self.exchange.messages if m["type"] == "websocket.close"]

    async def leave(self):
        self._left.set()
        await self.is_over.wait()
