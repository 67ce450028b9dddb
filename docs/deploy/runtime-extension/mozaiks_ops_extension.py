"""mozaiks-ops inside a MozaiksAI runtime: asks the gate before a run begins, and shows what really runs.

    RUNTIME_PLATFORM_EXTENSIONS=mozaiks_ops_extension:get_bundle
    MOZAIKS_OPS_GATE=127.0.0.1:9465

The runtime is not changed; this file needs Python 3.9 and its standard library only. README.md beside it says how to
install it, what it serves and what happens when something fails. Everything here follows three rules: only a gate that
does not answer lets a request through unasked, nothing blocks the event loop, and what is not known is said to be not known,
never zero.
"""

import asyncio
import collections
import contextvars
import errno
import functools
import hmac
import inspect
import itertools
import json
import logging
import os
import re
import socket
import sys
import time
from urllib.parse import quote

VERSION = "1.4.0"
PATH = "/ops/runtime"

logger = logging.getLogger("mozaiks_ops")

# What this request or websocket is, for `chat_prereqs`, whose arguments do not say it.
_current = contextvars.ContextVar("mozaiks_ops_entry", default=None)


class Settings:
    """What the environment says. Nothing in it can keep the runtime from starting: what cannot be read is logged."""

    MOST_MILLISECONDS = 200

    def __init__(self, environment):
        self.token = environment.get("MOZAIKS_OPS_TOKEN", "").strip() or None
        self.runtime = environment.get("MOZAIKS_OPS_RUNTIME", "").strip() or None
        self.timeout = self._number(environment, "MOZAIKS_OPS_GATE_TIMEOUT_MS", 200, 10, self.MOST_MILLISECONDS) / 1000
        self.failures = self._number(environment, "MOZAIKS_OPS_GATE_FAILURES", 3, 1, 1000)
        self.pause = self._number(environment, "MOZAIKS_OPS_GATE_PAUSE_S", 5, 1, 600)
        self.gate = self._address(environment.get("MOZAIKS_OPS_GATE", "").strip())

    @staticmethod
    def _number(environment, name, default, least, most):
        text = environment.get(name, "").strip()
        if not text:
            return default
        try:
            value = int(text)
        except ValueError:
            value = None
        if value is None or not least <= value <= most:
            logger.warning("%s=%r is not a number from %d to %d: %d is used", name, text, least, most, default)
            return default
        return value

    @staticmethod
    def _address(text):
        """`("unix", path)`, `("tcp", host, port)`, or None: nobody is asked."""
        if not text:
            return None
        if text.startswith("unix:"):
            path = text[len("unix:"):]
            path = "/" + path.lstrip("/") if path.startswith("//") else path
            if path:
                return ("unix", path)
        else:
            match = re.fullmatch(r"(?:http://)?(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):(\d{1,5})(?:/gate)?/?", text)
            if match and 0 < int(match.group(2)) < 65536:
                return ("tcp", match.group(1).strip("[]"), int(match.group(2)))
        logger.warning("MOZAIKS_OPS_GATE=%r is neither host:port nor unix:/path: no gate is asked", text)
        return None


class Failure(Exception):
    """Why no answer of the gate can be used. `reason` is a key of the statistics."""

    def __init__(self, reason):
        super().__init__(reason)
        self.reason = reason


class Question:
    """One question over a connection of its own, without threads and without blocking.

    A plain socket rather than a stream: when the event loop lags by more than the time allowed, which is when a gate
    matters most, the answer lies in the socket's buffer long before the loop comes round. So the question is sent at
    once, and when the time is up the socket is read a last time before anybody says "timeout".
    """

    MOST_BYTES = 16384

    def __init__(self, loop, family, address, payload, timeout):
        self.future = loop.create_future()
        self._loop = loop
        self._rest = payload
        self._answer = b""
        self._timer = None
        self._timeout = timeout
        self._is_reading = self._is_writing = self._is_extended = False
        self._socket = socket.socket(family, socket.SOCK_STREAM)
        self.future.add_done_callback(lambda _: self._close())
        try:
            self._socket.setblocking(False)
            if family != socket.AF_UNIX:
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            code = self._socket.connect_ex(address)
            if code not in (0, errno.EINPROGRESS):
                raise OSError(code, os.strerror(code))
            self._timer = loop.call_later(timeout, self._expire)
            loop.add_reader(self._socket, self._read)
            self._is_reading = True
            self._write()
        except OSError:
            self._fail("unreachable")
        except Exception:
            self._close()
            raise

    def _write(self):
        if self.future.done():
            return
        try:
            self._rest = self._rest[self._socket.send(self._rest):]
        except (BlockingIOError, InterruptedError):
            pass
        except OSError as error:
            # Still connecting, on systems that say so.
            if error.errno != errno.ENOTCONN:
                return self._fail("unreachable")
        if self._rest and not self._is_writing:
            self._loop.add_writer(self._socket, self._write)
            self._is_writing = True
        elif not self._rest and self._is_writing:
            self._loop.remove_writer(self._socket)
            self._is_writing = False

    def _read(self):
        while not self.future.done():
            try:
                part = self._socket.recv(self.MOST_BYTES)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                return self._fail("unreachable")
            self._answer += part
            if b"\r\n\r\n" in self._answer:
                self.future.set_result(self._answer)
            elif not part or len(self._answer) > self.MOST_BYTES:
                self._fail("nonsense" if self._answer else "unreachable")

    def _expire(self):
        if self._rest and not self._is_extended:
            # The loop came round so late that the question is not even sent: that is not the gate's doing.
            self._write()
            if not self._rest and not self.future.done():
                self._is_extended = True
                self._timer = self._loop.call_later(self._timeout, self._expire)
                return
        self._read()
        self._fail("timeout")

    def _fail(self, reason):
        if not self.future.done():
            self.future.set_exception(Failure(reason))

    def _close(self):
        if self._timer is not None:
            self._timer.cancel()
        if self._socket.fileno() >= 0:
            if self._is_reading:
                self._loop.remove_reader(self._socket)
            if self._is_writing:
                self._loop.remove_writer(self._socket)
            self._socket.close()


class Refusal:
    def __init__(self, text, retry_after):
        self.text = text
        self.retry_after = retry_after


class GateClient:
    """Asks the gate, and stops asking for a while when it does not answer.

    So many questions at once, and the rest waits its turn, one app after the other: that many come is no reason to let them
    through, and a flood of one app keeps nobody else waiting. A refusal answers all who wait with the same question, and
    whoever asks it again at once; what the gate lets through it lets through one by one, or a limit would be none.
    """

    MOST_AT_ONCE = 64
    # Of one app. Whoever comes then is refused.
    MOST_WAITING = 1024
    # For so long a refusal answers the same question again, seconds.
    REFUSED_FOR = 0.2
    MOST_REFUSALS = 1024
    # Longer ones no gate reads: to ask would only make it look broken.
    LONGEST_TARGET = 4096
    LONGEST_TEXT = 1000
    RESOLVE_EVERY = 30

    def __init__(self, settings, clock=time.monotonic):
        self.settings = settings
        self._clock = clock
        self._resolved = None
        self._in_flight = 0
        self._queues = collections.OrderedDict()
        self._refusals = collections.OrderedDict()
        self._failures = 0
        self._closed_until = None
        self._is_trying = False
        self.asked = self.allowed = self.refused = self.opened = self.shared = self.overfull = self.unaskable = 0
        self.failed_open = collections.Counter()
        self.doubts = collections.Counter()

    @property
    def breaker(self):
        """`closed`: everybody is asked about. `open`: nobody is. `half_open`: the next question is a trial."""
        if self._closed_until is None:
            return "closed"
        return "open" if self._clock() < self._closed_until else "half_open"

    async def ask(self, method, target, app=None):
        """The gate's refusal; None for everything else, whatever happened."""
        return (await self.inquire(method, target, app))[0]

    async def inquire(self, method, target, app=None, running=None):
        """The gate's refusal, or None, and what the gate itself did not know. `running` tells how many runs of that app hold a
        place when the question is sent; None where that is not known."""
        if self.settings.gate is None:
            return None, None
        if len(target) > self.LONGEST_TARGET:
            self.unaskable += 1
            return Refusal("This address is too long.", None), None
        known = self._known(method, target)
        if known is not None:
            return known, None
        if not await self._turn(target if app is None else app):
            self.overfull += 1
            return Refusal("Too many runs are being started at once. Please try again in a moment.", 1), None
        try:
            # Somebody may have been told meanwhile.
            known = self._known(method, target)
            return (known, None) if known is not None else await self._ask(method, target, running)
        finally:
            self._next()

    async def _turn(self, app):
        """Waits for one's turn; whoever has it calls `_next` in the end. False: too many of that app wait already."""
        if self._in_flight < self.MOST_AT_ONCE:
            self._in_flight += 1
            return True
        queue = self._queues.setdefault(app, collections.deque())
        if len(queue) >= self.MOST_WAITING:
            return False
        turn = asyncio.get_running_loop().create_future()
        queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._next()
            raise
        return True

    def _next(self):
        while self._queues:
            app, queue = self._queues.popitem(last=False)
            turn = queue.popleft()
            if queue:
                self._queues[app] = queue
            if not turn.done():
                turn.set_result(None)
                return
        self._in_flight -= 1

    def _known(self, method, target):
        """What was refused a moment ago is refused still."""
        refusal, until = self._refusals.get((method, target), (None, 0))
        if refusal is None or self._clock() >= until:
            return None
        self.shared += 1
        return refusal

    async def _ask(self, method, target, running):
        breaker = self.breaker
        if breaker == "open" or (breaker == "half_open" and self._is_trying):
            return self._open("breaker")
        is_trial = breaker == "half_open"
        self._is_trying = self._is_trying or is_trial
        self.asked += 1
        try:
            refusal, doubt = self._read(await self._exchange(method, target, running() if running else None))
        except Failure as failure:
            self._failed()
            return self._open(failure.reason)
        except Exception as error:
            logger.warning("the gate could not be asked: %s", type(error).__name__)
            self._failed()
            return self._open("error")
        else:
            self._failures, self._closed_until = 0, None
        finally:
            if is_trial:
                self._is_trying = False
        if refusal is None:
            self.allowed += 1
            if doubt is not None:
                self.doubts[doubt] += 1
            return None, doubt
        self.refused += 1
        self._refusals[(method, target)] = (refusal, self._clock() + self.REFUSED_FOR)
        self._refusals.move_to_end((method, target))
        while len(self._refusals) > self.MOST_REFUSALS:
            self._refusals.popitem(last=False)
        return refusal, None

    def _open(self, reason):
        self.failed_open[reason] += 1
        return None, None

    def _failed(self):
        self._failures += 1
        # A failed trial as well: it was let through to see whether the gate is back.
        if self._failures >= self.settings.failures:
            if self._closed_until is None:
                self.opened += 1
                logger.warning("the gate does not answer: it is not asked for %d s at a time", self.settings.pause)
            self._closed_until = self._clock() + self.settings.pause

    async def _exchange(self, method, target, running):
        loop = asyncio.get_running_loop()
        family, address = self._destination()
        query = "/gate?refuse=403"
        if self.settings.runtime:
            query += "&runtime=" + quote(self.settings.runtime, safe="")
        if running is not None:
            query += f"&running={running}"
        payload = (
            f"GET {query} HTTP/1.1\r\nHost: mozaiks-ops\r\nConnection: close\r\n"
            f"X-Original-Method: {method}\r\nX-Original-URI: {target}\r\n\r\n"
        ).encode("ascii")
        return await Question(loop, family, address, payload, self.settings.timeout).future

    def _destination(self):
        kind, *rest = self.settings.gate
        if kind == "unix":
            return socket.AF_UNIX, rest[0]
        host, port = rest
        host = "127.0.0.1" if host == "localhost" else host
        for family in (socket.AF_INET, socket.AF_INET6):
            try:
                socket.inet_pton(family, host)
                return family, (host, port)
            except OSError:
                continue
        if self._resolved is None:
            raise Failure("unresolved")
        return self._resolved

    async def resolve(self):
        """Looks a name up now and then, beside the questions: they never wait for it."""
        if self.settings.gate is None or self.settings.gate[0] != "tcp":
            return
        try:
            self._destination()
            if self._resolved is None:
                return
        except Failure:
            pass
        while True:
            try:
                _, host, port = self.settings.gate
                found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
                self._resolved = (found[0][0], found[0][4])
            except OSError:
                pass
            await asyncio.sleep(self.RESOLVE_EVERY)

    @classmethod
    def _read(cls, answer):
        head = answer.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
        status = re.match(r"HTTP/1\.[01] (\d{3})(?: |$)", head[0])
        fields = {}
        for line in head[1:]:
            name, _, value = line.partition(":")
            fields[name.strip().lower()] = value.strip()
        verdict = fields.get("x-mozaiks-gate")
        if status is None or verdict is None:
            # Something else answers in its place.
            raise Failure("nonsense")
        if verdict != "refused" or status.group(1) != "403":
            doubt = re.fullmatch(r"failed-open; ([a-z_]{1,40})", verdict)
            return None, doubt.group(1) if doubt else None
        try:
            text = json.loads(fields.get("x-mozaiks-body", ""))["detail"]
        except (ValueError, TypeError, KeyError):
            text = None
        if not isinstance(text, str) or not text.strip():
            text = "No new runs can be started at the moment. Please try again later."
        text = "".join(c if c.isprintable() else " " for c in _clean(text, cls.LONGEST_TEXT)).strip()
        after = fields.get("x-mozaiks-retry-after", "")
        return Refusal(text, int(after) if re.fullmatch(r"[0-9]{1,7}", after) else None), None


def _clean(value, most=256):
    """Foreign text as valid Unicode of bounded length: a lone surrogate would make the whole page unreadable."""
    return str(value)[:most].encode("utf-8", "replace").decode("utf-8")


def _app(value):
    """An app's id as the runtime stores it: whoever puts a space beside it is the same tenant."""
    text = str(value)
    return text.strip() or text


def _workflow(name):
    """A workflow's name as the runtime has loaded it: it finds them whatever their letters' case."""
    known = getattr(_loaded(name), "name", None)
    return known if isinstance(known, str) and known else name


def _runs_by_itself(name):
    """Whether a websocket runs such a workflow, or only the first words do."""
    config = getattr(_loaded(name), "config", None)
    return not isinstance(config, dict) or config.get("startup_mode", "AgentDriven") == "AgentDriven"


def _loaded(name):
    manager = getattr(sys.modules.get("mozaiksai.core.workflow.workflow_manager"), "workflow_manager", None)
    loaded = getattr(manager, "_workflows", None)
    return loaded.get(name.lower()) if isinstance(loaded, dict) else None


class Snapshot:
    """What ran at one moment: `(app, chat)` to its number of tasks, to its workflow, and to whose it is."""

    def __init__(self, runs, is_complete, workflows, owners):
        self.runs = runs
        self.is_complete = is_complete
        self.workflows = workflows
        self.owners = owners

    def tasks(self, app):
        return sum(count for key, count in self.runs.items() if key[0] == app)

    def runs_twice(self, key, more):
        """Whether a chat runs twice, with so many runs of it that are about to begin, or all of its user's do: the runtime has a
        socket run the newest of somebody's chats, whichever it came for."""
        own = [self.runs[other] for other, owner in self.owners.items() if owner == self.owners[key]]
        return self.runs[key] + more > 1 or sum(own) + more >= 2 * len(own)


class Runs:
    """Finds the running orchestrations among the event loop's tasks, by looking at them: nothing is wrapped or replaced.

    Every way into a run (start and its websocket, a socket on an ended chat, input, a workflow started by another) ends in
    one of two coroutines of the runtime that have the chat and its app among their arguments. A task in which one of them
    is suspended is a run; when it returns, the run is over, whatever the counters say.
    """

    TRANSPORT_FUNCTION = "handle_user_input_from_api"
    ORCHESTRATION = ("mozaiksai.core.workflow.orchestration_patterns", "run_workflow_orchestration")
    # At most so many tasks and so deep; beyond it the answer says that it is not complete.
    MOST_TASKS = 20000
    DEEPEST = 200
    # A walk takes at most this share of the event loop's time, however often somebody asks.
    SHARE = 0.02

    def __init__(self, transport):
        self._transport = transport
        self._snapshot = None
        self._at = self._cost = 0.0
        own = self._code(getattr(transport, self.TRANSPORT_FUNCTION, None))
        self._own = {own} if own is not None else set()

    @staticmethod
    def _code(function):
        function = inspect.unwrap(function) if callable(function) else None
        code = getattr(function, "__code__", None)
        if code is None or not inspect.iscoroutinefunction(function):
            return None
        return code if {"app_id", "chat_id"} <= set(code.co_varnames[:code.co_argcount + code.co_kwonlyargcount]) else None

    def _codes(self):
        module = sys.modules.get(self.ORCHESTRATION[0])
        code = self._code(getattr(module, self.ORCHESTRATION[1], None))
        return self._own | {code} if code is not None else self._own

    @property
    def is_tracked(self):
        """Whether this build of the runtime has the coroutines by which runs are known."""
        return bool(self._own)

    def snapshot(self):
        """None where runs cannot be known. Slightly old, if it was taken a moment ago."""
        if not self.is_tracked:
            return None
        now = time.monotonic()
        if self._snapshot is None or now - self._at > self._cost / self.SHARE:
            self._snapshot = self._walk()
            self._at = time.monotonic()
            self._cost = self._at - now
        return self._snapshot

    def is_running(self, app, chat):
        """Whether a chat of an app runs; None where that cannot be known."""
        snapshot = self.snapshot()
        if snapshot is None:
            return None
        if (app, chat) in snapshot.runs:
            return True
        return False if snapshot.is_complete else None

    def _walk(self):
        codes = self._codes()
        runs, workflows, owners = collections.Counter(), {}, {}
        tasks = list(asyncio.all_tasks())
        for task in tasks[:self.MOST_TASKS]:
            if task.done():
                continue
            found = self._run(task.get_coro(), codes)
            if found is not None:
                key, workflow, user = found
                runs[key] += 1
                workflows[key] = workflow
                owners[key] = _owner(key[0], workflow, user)
        return Snapshot(runs, len(tasks) <= self.MOST_TASKS, workflows, owners)

    def _run(self, coroutine, codes):
        for _ in range(self.DEEPEST):
            frame = getattr(coroutine, "cr_frame", None) or getattr(coroutine, "gi_frame", None)
            if frame is None:
                return None
            if frame.f_code in codes:
                names = frame.f_locals
                key = (_app(names.get("app_id")), str(names.get("chat_id")))
                return key, str(names.get("workflow_name") or ""), str(names.get("user_id"))
            coroutine = getattr(coroutine, "cr_await", None) or getattr(coroutine, "gi_yieldfrom", None)
            if coroutine is None:
                return None
        return None

    def sockets(self):
        """`(app, chat)` to the workflow of each open websocket; None where the transport has none to show."""
        connections = getattr(self._transport, "connections", None)
        if not isinstance(connections, dict):
            return None
        found = {}
        for chat, connection in list(connections.items()):
            if isinstance(connection, dict) and connection.get("websocket") is not None:
                found[(_app(connection.get("app_id")), str(chat))] = str(connection.get("workflow_name") or "")
        return found

    def waiting(self):
        """The chats whose run waits for a person; None where that cannot be known."""
        registries = self._registries()
        return None if registries is None else {str(chat) for chat, requests in list(registries.items()) if requests}

    def requests(self, chat):
        """For how many answers of a person a chat waits; None where that cannot be known."""
        registries = self._registries()
        return None if registries is None else len(registries.get(chat) or ())

    def _registries(self):
        registries = getattr(self._transport, "_input_request_registries", None)
        return registries if isinstance(registries, dict) else None


def _owner(app, workflow, user):
    return app, str(workflow).lower(), str(user).strip()


class LoopLag:
    """How late the event loop comes round: a sleeper notes by how much it overslept."""

    EVERY = 0.25
    WINDOW = 30.0

    def __init__(self):
        self._samples = collections.deque(maxlen=int(self.WINDOW / self.EVERY))

    async def sample(self):
        loop = asyncio.get_running_loop()
        while True:
            before = loop.time()
            await asyncio.sleep(self.EVERY)
            self._samples.append((loop.time(), max(0.0, loop.time() - before - self.EVERY)))

    def worst(self, now):
        return max((lag for at, lag in self._samples if now - at <= self.WINDOW), default=0.0)

    def document(self, now):
        lags = [lag for at, lag in self._samples if now - at <= self.WINDOW]
        if not lags:
            return {"samples": 0, "window_s": self.WINDOW, "lag_max_s": None, "lag_mean_s": None}
        return {
            "samples": len(lags), "window_s": self.WINDOW, "lag_max_s": round(max(lags), 4),
            "lag_mean_s": round(sum(lags) / len(lags), 4),
        }


class Entry:
    """What is known of a request from its path, and what was answered."""

    # The runtime's own routes, as its router compiles them: `$` matches before a final line feed as well.
    ROUTES = [
        ("websocket", None, "socket", re.compile("^/ws/(?P<workflow>[^/]+)/(?P<app>[^/]+)/(?P<chat>[^/]+)/(?P<user>[^/]+)$")),
        ("http", "POST", "start", re.compile("^/api/chats/(?P<app>[^/]+)/(?P<workflow>[^/]+)/start$")),
        ("http", "POST", "input", re.compile("^/chat/(?P<app>[^/]+)/(?P<chat>[^/]+)/(?P<user>[^/]+)/input$")),
        ("http", "GET", "page", re.compile("^" + re.escape(PATH) + r"\Z")),
    ]

    def __init__(self, kind, app="", workflow=None, chat=None, user=None):
        self.kind = kind
        # As the runtime stores it, and as the client spelt it.
        self.app = _app(app)
        self.spelt = app
        self.workflow = workflow
        self.chat = chat
        self.user = user
        self.refusal = None
        # Of a websocket: the chats that it speaks for, its own and those that were started over it; and whether it speaks to
        # the general agent just now, which is no run.
        self.chats = {chat}
        self.is_general = False
        # Until when the first words begin the run as which it was let in; and of how many chats that were started over it only
        # the session was made.
        self.begins_until = None
        self.sessions = 0
        # What it holds until it is over.
        self.has_claim = False

    @classmethod
    def of(cls, scope):
        path = scope.get("path") or ""
        root = scope.get("root_path") or ""
        paths = [path]
        if root and path.startswith(root):
            # As the router takes it off; some servers have it in front of the path, some do not.
            paths.append(path[len(root):])
        for kind, method, name, pattern in cls.ROUTES:
            if scope["type"] != kind or (method is not None and scope.get("method") != method):
                continue
            for path in paths:
                match = pattern.match(path)
                if match is not None:
                    return cls(name, **match.groupdict())
        return None


class Door:
    """Stands before the runtime's own ASGI application: notes which chat a request is about, asks about input and about what is
    said over a websocket (for which the runtime has no hook), and puts a refusal into the form in which the gate's proxies
    give it."""

    # What is longer is refused unread, characters or bytes.
    LONGEST_MESSAGE = 4 * 1024 * 1024
    MOST_OF_A_BATCH = 100

    def __init__(self, application, extension):
        self.application = application
        self.extension = extension

    async def __call__(self, scope, receive, send):
        entry = Entry.of(scope) if scope["type"] in ("http", "websocket") else None
        if entry is None:
            return await self.application(scope, receive, send)
        if entry.kind == "page":
            if self.extension.has_route:
                return await self.application(scope, receive, send)
            return await self._page(scope, send)
        try:
            if entry.kind == "input":
                return await self._input(entry, scope, receive, send)
            token = _current.set(entry)
            if entry.kind == "socket":
                receive = functools.partial(self._receive, entry, receive, send)
            try:
                await self.application(scope, receive, functools.partial(self._send, entry, send))
            finally:
                try:
                    _current.reset(token)
                except ValueError:
                    pass
        finally:
            self.extension.leave(entry)

    async def _input(self, entry, scope, receive, send):
        """Input for a chat: which workflow it would run stands in its body."""
        if self.extension.settings.gate is None:
            return await self.application(scope, receive, send)
        messages, size = [], 0
        while not messages or messages[-1].get("more_body"):
            message = await receive()
            if message.get("type") != "http.request":
                return
            messages.append(message)
            size += len(message.get("body") or b"")
            if size > self.LONGEST_MESSAGE:
                return await _answer(send, 413, {"detail": "This is too long."}, [])
        try:
            data = json.loads(b"".join(message.get("body") or b"" for message in messages))
            workflow = data.get("workflow_name")
        except Exception:
            # The runtime says the same of what it cannot read.
            return await _answer(send, 400, {"detail": "Invalid JSON payload."}, [])
        refusal = await self.extension.ask_about_input(entry, workflow)
        if refusal is not None:
            return await self._refuse(refusal, send)

        async def again():
            return messages.pop(0) if messages else await receive()
        await self.application(scope, again, send)

    async def _receive(self, entry, receive, send):
        """What the client says over an open websocket, without what begins a run that the gate refuses. What cannot be looked
        at the runtime does not hear."""
        while True:
            message = await receive()
            try:
                message = await self._held(entry, message, send)
            except Exception as error:
                logger.warning("a message was dropped: %s", type(error).__name__)
                message = None
            if message is not None:
                return message

    async def _held(self, entry, message, send):
        """The message as the runtime shall have it; None where nothing is left of it."""
        if message.get("type") != "websocket.receive" or self.extension.settings.gate is None:
            return message
        text = message.get("text") or message.get("bytes")
        if not text:
            return message
        data = None
        if len(text) <= self.LONGEST_MESSAGE:
            try:
                data = json.loads(text)
            except RecursionError:
                pass
            except ValueError:
                # The runtime says nothing to what is no JSON.
                return None
        if data is None and text not in ("null", b"null"):
            await self._say(send, "chat.error", {"message": "This is too long or too deep.", "error_code": "NOT_READABLE"})
            return None
        kind = (data.get("type") or data.get("kind")) if isinstance(data, dict) else None
        if kind in ("user.input.submit", "user_input_submit"):
            # What answers a question belongs to a run; anything else runs an ended chat again.
            if data.get("input_request_id") or data.get("request_id") or entry.is_general:
                return message
            refusal = await self.extension.ask_about_message(entry)
            if refusal is None:
                return message
            await self._say(send, "chat.error", {"message": refusal.text, "error_code": "GATE_REFUSED", "chat_id": entry.chat})
            return None
        inner, is_batch = data, False
        if kind == "chat.start_workflow":
            runs = [data]
        elif kind == "chat.artifact_action":
            inner = data.get("data") if isinstance(data.get("data"), dict) else {}
            if inner.get("action") != "launch_workflow":
                return message
            runs = [inner.get("payload")]
        elif kind == "chat.start_workflow_batch" and isinstance(data.get("runs"), list):
            runs, is_batch = data["runs"], True
        else:
            return message
        is_run = kind != "chat.artifact_action" and bool(data.get("auto_run", True))
        kept = []
        for index, run in enumerate(runs):
            workflow = run.get("workflow_name") if isinstance(run, dict) else None
            refusal = None
            if index >= self.MOST_OF_A_BATCH:
                refusal = Refusal("These are too many at once.", None)
            elif workflow:
                refusal = await self.extension.ask_about_start(entry, str(workflow))
            if refusal is None:
                kept.append(run)
                # What is made without being run, as by a start: its first websocket is the run that was asked about.
                entry.sessions += 0 if is_run or not workflow else 1
                continue
            await self._say(send, "chat.prereq_blocked", {
                "workflow_name": str(workflow), "message": refusal.text, "error_code": "GATE_REFUSED"}, entry.chat)
        if len(kept) == len(runs):
            return message
        if not is_batch or not kept:
            return None
        return {"type": "websocket.receive", "text": json.dumps(dict(data, runs=kept))}

    @staticmethod
    async def _say(send, kind, data, chat=None):
        body = {"type": kind, "data": data}
        if chat is not None:
            body["chat_id"] = chat
        await send({"type": "websocket.send", "text": json.dumps(body)})

    # What the runtime says of the chats behind a websocket; it stands at the beginning of the text.
    _SAID = re.compile(
        r'\s*\{\s*"type"\s*:\s*"(?:chat\.(workflow_started|context_switched|mode_changed|general_session_created)|chat_meta)"')

    def _listen(self, entry, text):
        said = self._SAID.match(text or "")
        if said is None:
            return
        data = json.loads(text).get("data") or {}
        if said.group(1) in ("mode_changed", "general_session_created"):
            entry.is_general = data.get("mode", "general") == "general"
            return
        entry.is_general = False
        chat = data.get("chat_id") or data.get("to_chat_id")
        if chat and len(entry.chats) < 256:
            entry.chats.add(str(chat))
        if chat and said.group(1) == "workflow_started" and entry.sessions > 0:
            entry.sessions -= 1
            self.extension.admit(entry.app, str(chat), Extension.TICKET, sockets=1)
            self.extension.expect((entry.app, str(chat)), Extension.TICKET, is_socket_due=True)

    async def _send(self, entry, send, message):
        if entry.kind == "socket" and message.get("type") == "websocket.send":
            try:
                self._listen(entry, message.get("text"))
            except Exception as error:
                logger.warning("what the runtime said was not understood: %s", type(error).__name__)
        refusal = entry.refusal
        if refusal is not None:
            if message.get("type") == "http.response.start" and message.get("status") == 409:
                headers = list(message.get("headers") or []) + Door._headers(refusal)
                message = dict(message, status=429, headers=headers)
            elif message.get("type") == "websocket.close" and message.get("code") == 1008:
                # The close reason of a websocket is at most 123 bytes.
                reason = refusal.text.encode("utf-8")[:123].decode("utf-8", "ignore")
                message = dict(message, reason=reason)
        await send(message)

    @staticmethod
    def _headers(refusal):
        headers = [(b"cache-control", b"no-store"), (b"x-mozaiks-gate", b"refused")]
        if refusal.retry_after is not None:
            headers.append((b"retry-after", str(refusal.retry_after).encode()))
        return headers

    async def _refuse(self, refusal, send):
        body = {"detail": refusal.text}
        if refusal.retry_after is not None:
            body["retry_after"] = refusal.retry_after
        await _answer(send, 429, body, self._headers(refusal))

    async def _page(self, scope, send):
        status, body = self.extension.page(scope)
        await _answer(send, status, body, [(b"cache-control", b"no-store")])


async def _answer(send, status, body, headers):
    data = json.dumps(body, separators=(",", ":")).encode()
    head = [(b"content-type", b"application/json"), (b"content-length", str(len(data)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": head + headers})
    await send({"type": "http.response.body", "body": data})


class Extension:
    """What the runtime's hooks call."""

    MOST_TICKETS = 10000
    # A chat that was let in may open its websocket within so many seconds; a socket that dropped may come again at once.
    TICKET = 30.0
    AGAIN = 5.0
    # So long after a socket was let in what it runs may not have begun.
    BEGINNING = 3.0
    # With a loop that lags it takes longer; for so long after its socket or input a run that was let in is told as coming.
    COMING = 10.0
    # A start whose websocket has not come holds its place for so long at least where nothing of its app runs, seconds; for some
    # times as long where websockets usually take longer, or the loop lags.
    BRIEF = 5.0
    USUALLY = 4
    MOST_WAITS = 31
    # How often it is looked which of them have begun, while there are any.
    LOOK_EVERY = 0.25
    # So long after the start of this process the gate may not know what runs in it, and this process counts by itself.
    FRESH = 60.0
    MOST_LISTED = 1000

    def __init__(self, settings, clock=time.monotonic):
        self.settings = settings
        self.gate = GateClient(settings, clock)
        self.lag = LoopLag()
        self.runs = Runs(None)
        self.has_route = False
        self._clock = clock
        self._began_at = clock()
        # `(app, chat)`: until when, and for how many sockets or inputs yet.
        self._tickets = collections.OrderedDict()
        # The open websockets by the chat in their path, the inputs on their way to a chat that waits for them, and when a chat's
        # socket last came again.
        self._live = {}
        self._claims = collections.Counter()
        self._returned = collections.OrderedDict()
        # Runs that were let in and have not begun: `(app, chat)`, until when they are waited for, and since when for their
        # websocket; None once that has come.
        self._coming = collections.OrderedDict()
        # How long it took from the last starts to their websockets.
        self._waits = collections.deque(maxlen=self.MOST_WAITS)
        # When starts of an app were let through though the gate did not know what runs.
        self._let = {}
        # Questions about a run, in order: whose, and, once one was let through, until when it holds a place without being among
        # those that are coming.
        self._places = collections.OrderedDict()
        self._questions = itertools.count()
        self._tasks = []
        self._started_at = _process_start()
        self.let_on = self.faults = self.held = 0

    def bundle(self):
        return {
            "on_startup": self.on_startup, "chat_prereqs": self.chat_prereqs,
            "chat_session_fields": self.chat_session_fields,
        }

    async def on_startup(self, app):
        self.runs = Runs(getattr(app.state, "simple_transport", None))
        if not self.runs.is_tracked:
            logger.warning("this build of the runtime does not show what runs: %s says so", PATH)
        loop = asyncio.get_running_loop()
        self._tasks = [
            loop.create_task(self.lag.sample()), loop.create_task(self.gate.resolve()),
            loop.create_task(self._watch_beginnings())]
        self._install_page(app)
        # The application is being served already: its chain of middlewares is built, and goes behind the door.
        if getattr(app, "middleware_stack", None) is None:
            app.middleware_stack = app.build_middleware_stack()
        app.middleware_stack = Door(app.middleware_stack, self)
        logger.info("mozaiks-ops extension %s: gate %s", VERSION, "asked" if self.settings.gate else "not configured")

    # What runs goes on

    async def chat_prereqs(self, *, app_id, user_id, workflow_name, persistence=None, **_):
        entry = _current.get()
        if entry is not None and (entry.spelt != app_id or entry.workflow != workflow_name):
            entry = None
        refusal = None
        try:
            if entry is not None and entry.kind == "socket":
                refusal = await self._ask_about_socket(entry, user_id)
            else:
                refusal = await self._ask_about_run(app_id, workflow_name)
        except Exception as error:
            # The runtime would let through what fails here.
            self.faults += 1
            logger.warning("what runs could not be looked at: %s", type(error).__name__)
            refusal = await self.gate.ask("POST", _start(_app(app_id), str(workflow_name)), _app(app_id))
        if refusal is None:
            return True, None
        if entry is not None:
            entry.refusal = refusal
        return False, refusal.text

    async def chat_session_fields(self, *, app_id, chat_id, **_):
        """Adds nothing. It is where the runtime says which chat a start that was let through has become: the websocket of
        that chat is the same run, and is let in whatever the gate says of it."""
        # One that drops at once may come again.
        self._settle(_app(app_id))
        self.admit(_app(app_id), str(chat_id), self.TICKET, sockets=2)
        self.expect((_app(app_id), str(chat_id)), self.TICKET, is_socket_due=True)
        return {}

    async def _ask_about_socket(self, entry, user):
        """A websocket runs its chat, and runs it again where it runs already: the runtime begins one more orchestration with
        each. So it goes on only where it takes the place of one that dropped; everything else is a start."""
        key = (entry.app, entry.chat)
        owner = _owner(entry.app, entry.workflow, user)
        comes_again = self._comes_again(key, owner)
        if comes_again:
            # To a chat that waits it brings a sign that somebody is there, and begins nothing.
            if not self.runs.requests(entry.chat):
                self._note_return(key)
            self.let_on += 1
        elif not self._is_live(key) and self._take_ticket(key):
            self._may_begin(entry)
            self.expect(key, self.COMING)
            self.let_on += 1
        else:
            if comes_again is None:
                # Nobody here knows what runs; the gate knows what the runtime's figures show as open.
                refusal = await self.gate.ask("GET", _target("ws", entry.workflow, entry.app, entry.chat, user), entry.app)
            else:
                refusal = await self._ask_about_run(entry.app, entry.workflow)
            if refusal is not None:
                return refusal
            self._settle(entry.app)
            self._may_begin(entry)
            self.expect(key, self.COMING)
            if not self._is_live(key):
                self.admit(entry.app, entry.chat, self.AGAIN, sockets=1)
        self._live.setdefault(key, set()).add(entry)
        return None

    def _may_begin(self, entry):
        entry.begins_until = self._clock() + self.AGAIN if _runs_by_itself(entry.workflow) else float("inf")

    def _begins(self, entries):
        """Whether one of these websockets was let in for the run that begins now."""
        for entry in entries:
            if entry.begins_until is not None and self._clock() <= entry.begins_until:
                entry.begins_until = None
                return True
        return False

    def _comes_again(self, key, owner):
        """Whether a socket takes the place of one that dropped, of a chat that runs; None where that cannot be known."""
        snapshot = self.runs.snapshot()
        if snapshot is None or (key not in snapshot.runs and not snapshot.is_complete):
            return None
        if key not in snapshot.runs:
            return False
        self._has_begun(key)
        if snapshot.owners[key] != owner or self._is_live(key):
            return False
        # The first that comes again runs the chat a second time. While it runs twice the next is a start, or whoever
        # drops his sockets runs as many as he likes.
        now = self._clock()
        beginning = 1 if now - self._returned.get(key, -self.BEGINNING) < self.BEGINNING else 0
        return not snapshot.runs_twice(key, beginning)

    def _has_begun(self, key):
        """The run of an allowed start runs: what comes after it is another."""
        self._tickets.pop(key, None)
        for entry in self._live.get(key, ()):
            entry.begins_until = None

    def _is_live(self, key):
        return bool(self._live.get(key)) or key in (self.runs.sockets() or {})

    def _note_return(self, key):
        self._returned[key] = self._clock()
        self._returned.move_to_end(key)
        while len(self._returned) > self.MOST_TICKETS:
            self._returned.popitem(last=False)

    def leave(self, entry):
        """A request or websocket is over."""
        key = (entry.app, entry.chat)
        live = self._live.get(key)
        if live is not None:
            live.discard(entry)
            if not live:
                del self._live[key]
        if entry.has_claim:
            entry.has_claim = False
            self._claims[key] -= 1
            if self._claims[key] <= 0:
                del self._claims[key]

    async def ask_about_input(self, entry, workflow):
        """Input goes on where its chat waits for it, once for each answer that it waits for. Otherwise it runs its chat: an
        ended one again, one that runs a second time."""
        key = (entry.app, entry.chat)
        try:
            workflow = workflow or (self.runs.sockets() or {}).get(key)
            requests = self.runs.requests(entry.chat)
            running = self.runs.is_running(*key)
            if running:
                self._has_begun(key)
            if requests is not None and running is not False and requests > self._claims[key]:
                self._claims[key] += 1
                entry.has_claim = True
                self.let_on += 1
                return None
            if running is False and (self._begins(self._live.get(key, ())) or self._take_ticket(key)):
                self.expect(key, self.COMING)
                self.let_on += 1
                return None
            if running is None or (running and requests is None):
                return await self.gate.ask("POST", _target("chat", entry.app, entry.chat, "-", "input"), entry.app)
        except Exception as error:
            self.faults += 1
            logger.warning("what waits could not be looked at: %s", type(error).__name__)
        return await self._ask_about_rerun(key, workflow or "-")

    async def _ask_about_rerun(self, key, workflow):
        refusal = await self._ask_about_run(key[0], workflow)
        if refusal is None:
            self._settle(key[0])
            self.expect(key, self.COMING)
        return refusal

    async def ask_about_start(self, entry, workflow):
        """A workflow that is started over an open websocket: the runtime asks no hook about it."""
        return await self._ask_about_run(entry.app, workflow)

    async def ask_about_message(self, entry):
        """Words over an open websocket that answer no question: for a run they are its user's, an ended chat they run again."""
        unknown = False
        for chat in entry.chats:
            running = self.runs.is_running(entry.app, chat)
            unknown = unknown or running is None
            if running:
                # It has begun; the next words after its end run it again.
                entry.begins_until = None
                self.let_on += 1
                return None
        key = (entry.app, entry.chat)
        if self._begins([entry]):
            self.expect(key, self.COMING)
            self.let_on += 1
            return None
        if unknown:
            return await self.gate.ask("POST", _target("chat", entry.app, entry.chat, "-", "input"), entry.app)
        return await self._ask_about_rerun(key, entry.workflow)

    async def _ask_about_run(self, app, workflow):
        """Asks about a run that would begin: by the workflow's name as it is spelt, under which the runtime's figures have it,
        and by that of the workflow that it would be."""
        app, workflow = _app(app), str(workflow)
        if self.settings.gate is None:
            return None
        place, refusal = self._take_place(app), None
        try:
            refusal = await self._ask_at_place(app, workflow, place)
        except BaseException:
            self._places.pop(place, None)
            raise
        if refusal is not None:
            self._places.pop(place, None)
        elif place in self._places:
            # The runtime has not made a chat of it yet, or never does.
            self._places[place] = (app, self._clock() + self.BRIEF)
        return refusal

    async def _ask_at_place(self, app, workflow, place):
        doubt = None
        for name in dict.fromkeys([workflow, _workflow(workflow)]):
            refusal, doubt = await self.gate.inquire("POST", _start(app, name), app, functools.partial(self._running, app, place))
            if refusal is not None:
                return refusal
        now = self._clock()
        if now - self._began_at >= self.FRESH:
            self._let.clear()
            return None
        if doubt in ("open_runs_unknown", "open_runs_stale"):
            # The app is limited, and just after a restart the gate cannot know what runs. This process does, but for the
            # limit: one at a time is within any.
            snapshot = self.runs.snapshot()
            own = snapshot.tasks(app) if snapshot is not None else 0
            if own or now - self._let.get(app, -self.TICKET) < self.TICKET:
                self.held += 1
                return Refusal("Too many runs of this app are running at once. Please try again in a few seconds.", 5)
            self._let[app] = now
        return None

    # The limit of what runs at once is held here to the run: the gate's own figures are as old as the last poll.

    def _take_place(self, app):
        now = self._clock()
        while self._places:
            oldest, (_, until) = next(iter(self._places.items()))
            if len(self._places) < self.MOST_TICKETS and (until is None or now <= until):
                break
            del self._places[oldest]
        place = next(self._questions)
        self._places[place] = (app, None)
        return place

    def _settle(self, app):
        """One that was let through is among those that are coming from here on."""
        for place, (owner, until) in self._places.items():
            if owner == app and until is not None:
                del self._places[place]
                return

    def _running(self, app, place):
        """How many runs of an app hold a place now: those that really run, those that are coming, and those that were asked about
        before; None where that is not known."""
        try:
            snapshot, sockets = self.runs.snapshot(), self.runs.sockets()
            if snapshot is None or not snapshot.is_complete:
                return None
            own = [(key, tasks) for key, tasks in snapshot.runs.items() if key[0] == app]
            parked = 0
            if sockets is not None:
                parked = sum(min(tasks, self.runs.requests(key[1]) or 0) for key, tasks in own if key not in sockets)
            busy = sum(tasks for _, tasks in own) - parked
            now = self._clock()
            before = sum(
                1 for other, (owner, until) in self._places.items()
                if other < place and owner == app and (until is None or now <= until))
            return busy + self._held_places(snapshot.runs, {app} if busy else set())[app] + before
        except Exception as error:
            self.faults += 1
            logger.warning("what runs could not be counted: %s", type(error).__name__)
            return None

    def _take_ticket(self, key):
        until, left = self._tickets.get(key, (0, 0))
        if left <= 0 or self._clock() > until:
            return False
        # One start is one run: from now on only the same socket, coming again at once.
        self._tickets[key] = (min(until, self._clock() + self.AGAIN), left - 1)
        return True

    def admit(self, app, chat, seconds, sockets):
        self._tickets[(app, chat)] = (self._clock() + seconds, sockets)
        self._tickets.move_to_end((app, chat))
        while len(self._tickets) > self.MOST_TICKETS:
            self._tickets.popitem(last=False)

    # What was let in and has not begun yet is neither a task nor known to whoever counts tasks; it is a run all the same.

    def expect(self, key, seconds, is_socket_due=False):
        if self.settings.gate is None or not self.runs.is_tracked:
            return
        now = self._clock()
        since = self._coming.get(key, (0, None))[1]
        if since is not None and not is_socket_due:
            self._waits.append(now - since)
        self._coming[key] = (now + seconds, now if is_socket_due else None)
        self._coming.move_to_end(key)
        while len(self._coming) > self.MOST_TICKETS:
            self._coming.popitem(last=False)

    def _expected(self, runs):
        """Those that are coming, and since when they wait for their websocket. Those that run have come."""
        now = self._clock()
        for key in [key for key, (until, _) in self._coming.items() if key in runs or now > until]:
            del self._coming[key]
        return {key: since for key, (_, since) in self._coming.items()}

    def _held_places(self, runs, busy):
        """How many of each app are coming and hold a place. A start whose websocket has not come does beside something that
        runs; where nothing does, only for as long as it usually takes: whoever opens chats and leaves them would keep
        everybody else of his app out, and a throttle were a pause."""
        expected = self._expected(runs)
        busy = busy | {app for (app, _), since in expected.items() if since is None}
        usual = sorted(self._waits)[len(self._waits) // 2] if self._waits else 0.0
        lag = self.lag.worst(asyncio.get_running_loop().time())
        latest = self._clock() - min(self.TICKET, max(self.BRIEF, self.USUALLY * usual, self.USUALLY * lag))
        return collections.Counter(
            app for (app, _), since in expected.items() if since is None or app in busy or since >= latest)

    async def _watch_beginnings(self):
        """A run may begin and end between two looks at the page, and would be waited for after its end."""
        while True:
            await asyncio.sleep(self.LOOK_EVERY)
            try:
                snapshot = self.runs.snapshot() if self._coming else None
                if snapshot is not None:
                    self._expected(snapshot.runs)
            except Exception as error:
                self.faults += 1
                logger.warning("what began could not be looked at: %s", type(error).__name__)

    # The page

    def _install_page(self, app):
        """Behind the runtime's own authentication, where there is one: a monitor's token for the other endpoints does for
        this one. A token of its own, or a runtime without that, is for the door."""
        if self.settings.token is not None:
            return
        try:
            from fastapi import Depends
            from mozaiksai.core.auth.dependencies import require_any_auth
        except Exception:
            return

        async def ops_runtime():
            return self.document()

        before = len(app.router.routes)
        app.add_api_route(
            PATH, ops_runtime, methods=["GET"], dependencies=[Depends(require_any_auth)], include_in_schema=False)
        # Before everything else: a route that takes all paths must not take this one.
        app.router.routes[0:0] = [app.router.routes.pop() for _ in range(len(app.router.routes) - before)]
        self.has_route = True

    def page(self, scope):
        """Status and body for a request that reached the door."""
        try:
            headers = {}
            for name, value in scope.get("headers") or []:
                headers[bytes(name).decode("latin-1").lower()] = bytes(value)
            if self.settings.token is not None:
                expected = b"Bearer " + self.settings.token.encode()
                if not hmac.compare_digest(headers.get("authorization", b""), expected):
                    return 401, {"detail": "Missing or wrong authorization token"}
            elif not self._is_local(scope, headers):
                return 403, {"detail": "Without MOZAIKS_OPS_TOKEN this is answered to this machine only"}
            return 200, self.document()
        except Exception as error:
            logger.warning("%s failed: %s", PATH, type(error).__name__)
            return 500, {"detail": f"Failed to collect: {type(error).__name__}"}

    @staticmethod
    def _is_local(scope, headers):
        if "forwarded" in headers or "x-forwarded-for" in headers:
            return False
        host = (scope.get("client") or [""])[0]
        # A unix socket has no client, and is on this machine.
        return not host or host.startswith("127.") or host in ("::1", "::ffff:127.0.0.1")

    @staticmethod
    def _row(app):
        return {"app_id": _clean(app), "runs": 0, "tasks": 0, "coming": 0, "waiting": 0, "parked": 0, "websockets": 0}

    def document(self):
        snapshot = self.runs.snapshot()
        sockets = self.runs.sockets()
        waiting = self.runs.waiting()
        runs = snapshot.runs if snapshot is not None else {}
        chats, apps = {}, {}
        for key in list(runs) + list(sockets or {}):
            if key in chats:
                continue
            app, chat = key
            workflow = snapshot.workflows.get(key) if snapshot is not None else None
            row = {
                "app_id": _clean(app), "workflow_name": _clean(workflow or (sockets or {}).get(key, "")),
                "chat_id": _clean(chat), "tasks": runs.get(key, 0) if snapshot is not None else None,
                "websocket": key in sockets if sockets is not None else None,
                "waiting": chat in waiting if waiting is not None else None,
            }
            chats[key] = row
            total = apps.setdefault(app, self._row(app))
            total["runs"] += 1 if row["tasks"] else 0
            total["tasks"] += row["tasks"] or 0
            total["waiting"] += 1 if row["tasks"] and row["waiting"] else 0
            if row["tasks"] and row["waiting"] and row["websocket"] is False:
                # Whoever was asked has left. Of a chat that runs twice one may work on.
                total["parked"] += min(row["tasks"], self.runs.requests(chat) or 0)
            total["websockets"] += 1 if row["websocket"] else 0
        is_parking_known = snapshot is not None and sockets is not None and waiting is not None
        coming = self._held_places(runs, {app for app, row in apps.items() if row["tasks"] > row["parked"]})
        parked = sum(row["parked"] for row in apps.values())
        for app, count in coming.items():
            apps.setdefault(app, self._row(app))["coming"] = count
        ordered = sorted(apps.values(), key=lambda row: (-row["runs"] - row["coming"], -row["websockets"], row["app_id"]))
        listed = sorted(chats.values(), key=lambda row: (-(row["tasks"] or 0), row["app_id"], row["chat_id"]))
        for row in ordered:
            if snapshot is None:
                row["runs"] = row["tasks"] = row["waiting"] = row["coming"] = None
            if not is_parking_known:
                row["parked"] = None
        return {
            "format": 1, "extension": VERSION, "pid": os.getpid(), "started_at": self._started_at,
            "runs_tracked": snapshot is not None,
            "complete": snapshot is not None and snapshot.is_complete,
            "runs": len(runs) if snapshot is not None else None,
            "tasks": sum(runs.values()) if snapshot is not None else None,
            "coming": sum(coming.values()) if snapshot is not None else None,
            "parked": parked if is_parking_known else None,
            "websockets": len(sockets) if sockets is not None else None,
            "apps": ordered[:self.MOST_LISTED], "apps_omitted": max(0, len(ordered) - self.MOST_LISTED),
            "chats": listed[:self.MOST_LISTED], "chats_omitted": max(0, len(listed) - self.MOST_LISTED),
            "loop": self.lag.document(asyncio.get_running_loop().time()),
            "gate": {
                "configured": self.settings.gate is not None, "asked": self.gate.asked, "allowed": self.gate.allowed,
                "refused": self.gate.refused, "shared": self.gate.shared, "overfull": self.gate.overfull,
                "unaskable": self.gate.unaskable, "held": self.held, "let_on": self.let_on, "faults": self.faults,
                "failed_open": dict(sorted(self.gate.failed_open.items())),
                "doubts": dict(sorted(self.gate.doubts.items())[:32]),
                "breaker": self.gate.breaker, "breaker_opened": self.gate.opened,
            },
        }


def _target(*segments):
    """A request target as a client would spell it: every segment encoded, so that none can become two."""
    return "/" + "/".join(quote(str(segment), safe="", errors="replace") for segment in segments)


def _start(app, workflow):
    return _target("api", "chats", app, workflow, "start")


def _process_start():
    """When this process began, ISO 8601 UTC; when this file was loaded, where that cannot be read."""
    at = time.time()
    try:
        with open("/proc/self/stat", "rb") as file:
            ticks = int(file.read().rpartition(b")")[2].split()[19])
        with open("/proc/uptime", "rb") as file:
            at -= float(file.read().split()[0]) - ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        pass
    seconds, milliseconds = divmod(int(at * 1000), 1000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{milliseconds:03d}000+00:00"


_extension = None


def get_bundle():
    """What `RUNTIME_PLATFORM_EXTENSIONS` names. One for the whole process, however often it is asked for."""
    global _extension
    if _extension is None:
        _extension = Extension(Settings(os.environ))
    return _extension.bundle()
