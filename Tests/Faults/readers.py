"""What reads answers of others, one class for each kind: what a healthy peer says to it, how the program is set up to read it, which
command makes it read, and what evidence or verdict it then prints."""

import json
import re

HEALTH = (
    b'{"status":"healthy","mongodb":"connected","mongodb_ping_ms":0.04,"simple_transport":"initialized","active_connections":'
    b'{"websocket_connections":7,"total_connections":7},"workflows":[],"transport_groups":{},"tools_available":false,"total_tools":0,'
    b'"health_check_time_ms":0.06}')
RUNS = b'{"active_count":0,"total_runs":0,"runs":[],"note":"Registry tracking disabled for simplicity"}'
EVENTS = (
    b'{"status":"success","data":{"events_processed":4,"events_failed":0,"events_by_category":{"business":4,"ui_tool":0},"created":'
    b'"2026-11-21T09:00:38.442414+00:00","custom_events_emitted":3,"custom_events_by_type":{"chat.usage_delta":2,"chat.run_complete":1},'
    b'"handler_count":2,"timestamp":"2026-11-21T09:00:38.716791+00:00"},"timestamp":"2026-11-21T09:00:38.716800+00:00"}')


def chat(number, app="app-one"):
    return {
        "chat_id": f"00000000-0000-4000-8000-{number:012d}", "app_id": app, "workflow_name": "HelloWorld", "user_id": "user-1",
        "started_at": "2026-11-21T08:50:01.922803+00:00", "ended_at": None, "runtime_sec": 60.5, "agent_turns": 8, "tool_calls": 6,
        "errors": 2, "last_turn_duration_sec": 5.9, "prompt_tokens": 20901, "completion_tokens": 5185, "cost": 0.101642}


def dense(document):
    return json.dumps(document, separators=(",", ":")).encode()


def perf(chats=30):
    # Two apps, since nothing is done to the only one.
    listed = [chat(number, "app-one" if number < chats - 3 else "app-two") for number in range(chats)]
    return dense({
        "active_chats": chats, "tracked_chats": chats, "total_agent_turns": 8 * chats, "total_tool_calls": 6 * chats,
        "total_errors": 2 * chats, "total_prompt_tokens": 20901 * chats, "total_completion_tokens": 5185 * chats,
        "total_cost": 0.101642 * chats, "chats": listed})


RUNTIME = {
    "/api/health": ("application/json", HEALTH), "/health/active-runs": ("application/json", RUNS),
    "/metrics/perf/aggregate": ("application/json", perf()), "/api/events/metrics": ("application/json", EVENTS)}

# Less than the shortest limit on an answer, deeper than anybody's.
NESTED = 25_000


def json_texts(text, number):
    """Faults of JSON made of a good body: `text` is a `"key":"value"` of it that may be spoilt, `number` a `"key":number`."""
    key = number.split(b":")[0]
    text_key = text.split(b":")[0]

    def put(old, new):
        def spoil(good):
            return good.replace(old, new, 1)
        return spoil

    return {
        "invalid-utf-8": put(text, text_key + b':"\xff\xfe\xc0\xaf"'),
        "deep-nesting": put(number, key + b":" + b"[" * NESTED + b"1" + b"]" * NESTED),
        "duplicate-keys": put(number, number + b"," + key + b":987654"),
        "out-of-range": put(number, key + b":1e999"),
        "nan": put(number, key + b":NaN"),
        "lone-surrogate": put(text, text_key + b':"\\ud800x"'),
        "empty": b"",
        "control-characters": put(text, text_key + b':"a\x00\x1b[31m\x07b"'),
    }


class Reader:
    """One kind. `commands` are run one after another; memory, time and life of the last of `measured` count."""

    name = ""
    timeout = 2.0
    policy = None
    environment = {}

    def service(self):
        raise NotImplementedError

    def configuration(self, url, folder):
        raise NotImplementedError

    def prepare(self, run, url, folder):
        """What must be there before the reading; `run` runs the program."""

    def command(self, folder):
        return ["check", "-o", "json"]

    def evidence(self, run, out, err, code, folder):
        """The verdict, a word that the table names, and the line told."""
        raise NotImplementedError

    @staticmethod
    def report(out, name):
        document = json.loads(out)
        return document, next(report for report in document["reports"] if report["runtime"] == name)


RUNTIMES = """schema: mozaiks.ops/config/v1
state: {folder}/state
network: {{proxy: none, ca_file: {folder}/../ca.pem}}
polling: {{timeout: 2s, body_limit: 8MiB}}
runtimes:
  shared: {{replicas: ["{runtime}"]{more}}}
"""


class Polled(Reader):
    """The list of chats of a runtime, whose health and events are well."""

    name = "polled endpoint"

    def service(self):
        from peers import Service
        return Service(
            RUNTIME, ["/metrics/perf/aggregate"], json_texts(b'"workflow_name":"HelloWorld"', b'"prompt_tokens":20901'))

    def configuration(self, url, folder):
        return RUNTIMES.format(folder=folder, runtime=url, more="")

    def evidence(self, run, out, err, code, folder):
        document, report = self.report(out, "shared")
        replica = report["replicas"][0]
        missing = replica["missing"].get("/metrics/perf/aggregate")
        reading = report["readings"].get("open_runs", {})
        verdict = missing or ("value" if "value" in reading else "neither")
        if missing and "value" in reading:
            verdict = "both"
        return verdict, document["line"]


class Probe(Reader):
    """A website of which a value of JSON is expected."""

    name = "service probe"

    def service(self):
        from peers import Service
        body = dense({"status": "ok", "checks": [{"name": "database", "count": 7}], "filler": "x" * 400})
        return Service({"/health": ("application/json", body)}, None, json_texts(b'"name":"database"', b'"count":7'))

    def configuration(self, url, folder):
        return (
            RUNTIMES.format(folder=folder, runtime=self.runtime, more="") + "services:\n  web:\n"
            f"    http: {url}/health\n    follow: true\n    timeout: 2s\n    expect: {{json: {{status: ok, checks.0.count: 7}}}}\n")

    def evidence(self, run, out, err, code, folder):
        document, report = self.report(out, "web")
        up = report["readings"]["up"]
        verdict = up["missing"] if "missing" in up else {0.0: "down", 1.0: "up"}[up["value"]]
        return verdict, report["replicas"][0].get("detail", document["line"])


class Page(Reader):
    """A page of Prometheus metrics."""

    name = "Prometheus page"
    body = (
        b'# HELP load How much.\n# TYPE load gauge\nload 7\n# TYPE asked counter\nasked{path="/a",code="200"} 12\n'
        b'asked{path="/b",code="500"} 3\n' + b"".join(b"# filler %d\n" % number for number in range(40)))
    policy = """schema: mozaiks.ops/policy/v1
ops_policy: default
extends: builtin
rules:
  loaded: {subject: runtime, when: 'metric("load") > 1000', severity: warning, summary: It is loaded.}
"""

    def service(self):
        from peers import Service
        put = lambda old, new: lambda good: good.replace(old, new, 1)  # noqa: E731
        return Service({"/metrics": ("text/plain; version=0.0.4; charset=utf-8", self.body)}, None, {
            "invalid-utf-8": put(b'path="/a"', b'path="\xff\xfe\xc0\xaf"'),
            "deep-nesting": put(b"load 7", b"load" + b"{" * NESTED + b"}" * NESTED + b" 7"),
            "duplicate-keys": put(b"load 7\n", b"load 7\nload 987654\n"),
            "out-of-range": put(b"load 7\n", b"load 1e999\n"),
            "nan": put(b"load 7\n", b"load NaN\n"),
            "lone-surrogate": put(b'path="/a"', b'path="\xed\xa0\x80"'),
            "empty": b"",
            "control-characters": put(b'path="/a"', b'path="\x00\x1b[31m\x07"'),
        })

    def configuration(self, url, folder):
        return RUNTIMES.format(folder=folder, runtime=self.runtime, more=f', metrics: "{url}/metrics"')

    def command(self, folder):
        return ["evaluate", "-o", "json"]

    def evidence(self, run, out, err, code, folder):
        said = run(["doctor", "--wait", "1s", "-o", "json"], folder).out
        findings = [finding["text"] for section in json.loads(said)["sections"] for finding in section["findings"]]
        line = next((text for text in findings if text.startswith("/metrics") and "/metrics/perf" not in text), "")
        values = [rule for subject in json.loads(out)["rules"] for rule in subject["rules"] if rule["rule"] == "loaded"]
        shown = values[0]["with_values"]
        missing = re.search(r"is missing \((\w+)", shown)
        said = missing.group(1) if missing else re.search(r'"\) \((\S+)\)', shown).group(1)
        return said, f"{shown}; {line}"


class Found(Reader):
    """A list of replicas from a server."""

    name = "found targets"
    timeout = 5.0

    def service(self):
        from peers import Service
        body = dense([{"targets": [self.runtime.partition("//")[2]], "labels": {"tier": "one", "filler": "x" * 400}}])
        port = self.runtime.rpartition(":")[2].encode()
        texts = json_texts(b'"tier":"one"', b'"filler":"' + b"x" * 400 + b'"')
        texts["duplicate-keys"] = body.replace(b'"labels"', b'"targets":["127.0.0.1:1"],"labels"')
        texts["out-of-range"] = body.replace(port, b"99999999999999999999")
        return Service({"/targets": ("application/json", body)}, None, texts)

    def configuration(self, url, folder):
        return (
            f"schema: mozaiks.ops/config/v1\nstate: {folder}/state\nnetwork: {{proxy: none, ca_file: {folder}/../ca.pem}}\n"
            "polling: {timeout: 2s}\nruntimes:\n"
            f'  shared: {{http_sd: {{url: "{url}/targets"}}}}\n')

    def evidence(self, run, out, err, code, folder):
        document, report = self.report(out, "shared")
        found = [replica["url"] for replica in report["replicas"]]
        up = report["readings"]["up"]
        if found == [self.runtime]:
            return ("found" if up.get("value") == 1 else "neither"), document["line"]
        # Nobody was ever found, and that for no time yet: whether the runtime is up is not known.
        return ("wrong" if found else up.get("missing", "neither")), document["line"]


class Receiver(Reader):
    """A channel that is sent a drill: whether it was delivered, and why not."""

    timeout = 10.0

    def command(self, folder):
        return ["notify", "test", "ops", "-o", "json"]

    def evidence(self, run, out, err, code, folder):
        drill = json.loads(out)["drills"][0]
        if drill["delivered"] != (code == 0) or drill["delivered"] != (drill["reason"] is None):
            return "neither", json.dumps(drill)
        return ("delivered", "") if drill["delivered"] else ("not delivered", drill["reason"])


class Webhook(Receiver):
    name = "webhook channel"
    environment = {"FAULTS_KEY": "a-key-of-the-fault-table"}

    def service(self):
        from peers import Service
        body = dense({"taken": True, "note": "short", "number": 7, "filler": "x" * 400})
        return Service({"/hook": ("application/json", body)}, None, json_texts(b'"note":"short"', b'"number":7'))

    def configuration(self, url, folder):
        return (
            RUNTIMES.format(folder=folder, runtime=self.runtime, more="")
            + f'channels:\n  ops: {{webhook: {{url: "{url}/hook", secret_env: FAULTS_KEY}}}}\n')


class Slack(Receiver):
    name = "Slack channel"
    environment = {"FAULTS_KEY": "xoxb-0000-fault-table"}

    def service(self):
        from peers import Service
        body = dense({"ok": True, "channel": "C0123456789", "ts": "1700000000.000100", "number": 7, "filler": "x" * 400})
        return Service(
            lambda method, path, asked: ("application/json", body), None, json_texts(b'"channel":"C0123456789"', b'"number":7'))

    def configuration(self, url, folder):
        return (
            RUNTIMES.format(folder=folder, runtime=self.runtime, more="")
            + f'channels:\n  ops: {{slack: {{token_env: FAULTS_KEY, channel: C0123456789, api_url: "{url}/api"}}}}\n')


class ControlPlane(Reader):
    """The entitlements of an app that is to be throttled: whether the lease landed, waits for another attempt, or was refused."""

    name = "control plane"
    timeout = 10.0
    policy = """schema: mozaiks.ops/policy/v1
ops_policy: default
extends: builtin
mode: enforce
allowed_actions: [notify, throttle]
rules:
  works:
    subject: app
    when: active_runs > 5
    severity: warning
    summary: It works.
    actions: [{throttle: {concurrent_workflows: 2, ttl: 15m}}]
"""

    def service(self):
        from peers import Service
        state = {
            "app_id": "app-one", "plan": {"id": "pro", "name": "Pro", "tier": "pro", "billing_period": "monthly", "expires_at": None},
            "token_budget": {"period": "monthly", "total_tokens": {"limit": -1, "used": 5000, "enforcement": "soft"}},
            "features": {"workflow_execution": True}, "rate_limits": {"requests_per_minute": 60, "concurrent_workflows": 5},
            "synced_at": "2026-11-21T09:01:41.293571"}

        def answer(method, path, asked):
            if method == "POST":
                state.update({key: value for key, value in json.loads(asked).items() if key in state})
                return "application/json", b'{"status":"synced","app_id":"app-one","synced_at":"2026-11-21T09:01:41.302212Z","error":null}'
            return "application/json", dense(state)

        # The reading that comes first: what was not read is never written.
        return Service(answer, ["/api/v1/entitlements/app-one"], json_texts(b'"tier":"pro"', b'"requests_per_minute":60'))

    def configuration(self, url, folder):
        return (
            RUNTIMES.format(folder=folder, runtime=self.runtime, more="")
            + f"mode: enforce\nactions:\n  entitlements:\n    url: {url}\n    apps: {{app-one: {{tenant_id: t}}}}\n")

    def evidence(self, run, out, err, code, folder):
        lease = json.loads(run(["actions", "list", "--all", "-o", "json"], folder).out)["actions"][0]
        place = lease["adapters"][0]
        if place["phase"] == "landed":
            return ("landed" if lease["state"] == "in_force" else "neither"), ""
        verdict = "waits" if place["phase"] == "preparing" and lease["state"] == "intended" else "refused"
        return (verdict if place["last_error"] else "neither"), place["last_error"]


class Model(Reader):
    """A model that is asked about an incident."""

    name = "model"
    policy = """schema: mozaiks.ops/policy/v1
ops_policy: default
extends: builtin
rules:
  works: {subject: runtime, when: open_runs > 10, severity: warning, summary: It works.}
"""

    def service(self):
        from peers import Service
        advice = json.dumps({
            "summary": "It is above its threshold.", "likely_cause": "Probably a loop, or one busy customer.", "playbook": None,
            "suggested_steps": ["Look at the runs and who started them."], "confidence": 0.6})
        body = dense({
            "id": "one", "model": "m",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": advice}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 900, "completion_tokens": 60, "total_tokens": 960}})
        return Service(
            lambda method, path, asked: ("application/json", body), None, json_texts(b'"role":"assistant"', b'"prompt_tokens":900'))

    def configuration(self, url, folder):
        return (
            RUNTIMES.format(folder=folder, runtime=self.runtime, more="")
            + f'advisor: {{provider: vllm, base_url: "{url}/v1", model: m, timeout: 2s}}\n')

    def prepare(self, run, url, folder):
        run(["check"], folder)
        self.incident = json.loads(run(["incidents", "list", "-o", "json"], folder).out)["incidents"][0]["id"]

    def command(self, folder):
        return ["advise", self.incident, "-o", "json"]

    def evidence(self, run, out, err, code, folder):
        advice = json.loads(out)
        if (advice["outcome"] == "accepted") != (advice["advice"] is not None) or (code == 0) != (advice["outcome"] == "accepted"):
            return "neither", out
        return advice["outcome"], advice["why"] or ""


READERS = [Polled, Probe, Page, Found, Webhook, Slack, ControlPlane, Model]
