"""Checks docs/schema/ with an independent validator against everything that the program reads and writes.

Usage: schemas.py PROGRAM REPOSITORY SCRATCH. Prints what is wrong, one line each; exit code 1 then.
"""

import glob
import json
import os
import re
import subprocess
import sys
import time

import jsonschema
import referencing
import referencing.jsonschema
import yaml

program, repository, scratch = sys.argv[1:4]
faults = []
checked = {}


def schema(name):
    with open(f"{repository}/docs/schema/{name}.schema.json") as file:
        document = json.load(file)
    jsonschema.Draft202012Validator.check_schema(document)
    return document


names = [os.path.basename(path).split(".")[0] for path in glob.glob(f"{repository}/docs/schema/*.schema.json")]
documents = {name: schema(name) for name in sorted(names)}
registry = referencing.Registry().with_resources(
    (document["$id"], referencing.jsonschema.DRAFT202012.create_resource(document)) for document in documents.values())
validators = {name: jsonschema.Draft202012Validator(document, registry=registry) for name, document in documents.items()}
# Of what commands print each kind by itself: what is wrong is then said of that one, not of all of them.
printed = {part["$ref"].split("/")[-1] for part in documents["output"]["oneOf"]}
for name in printed:
    validators[name + " of output"] = jsonschema.Draft202012Validator(
        {"$ref": f"mozaiks.ops/output#/$defs/{name}"}, registry=registry)


def errors(kind, document):
    checked[kind] = checked.get(kind, 0) + 1
    return [f"{'/'.join(map(str, e.absolute_path))}: {e.message[:160]}" for e in validators[kind].iter_errors(document)]


def good(kind, document, where):
    for error in errors(kind, document):
        faults.append(f"{where}: not valid by {kind}.schema.json: {error}")


def bad(kind, document, where):
    if not errors(kind, document):
        faults.append(f"{where}: wrong, and valid by {kind}.schema.json")


def prints(*words):
    """What a command prints with `-o json`: one object that is valid by what its schema names."""
    made = run(*words, "-o", "json")
    where = " ".join(words)
    try:
        document = json.loads(made.stdout)
    except ValueError:
        faults.append(f"{where}: no JSON: {made.stdout[:200]!r} {made.stderr[:300]}")
        return {}
    schema = document.get("schema") if isinstance(document, dict) else None
    kind = next((name for name in printed if schema == f"mozaiks.ops/{name}/v1"), None)
    if kind is None:
        faults.append(f"{where}: output.schema.json does not know {schema or 'a document without schema'}")
        return {}
    good(kind + " of output", document, where)
    return document


def load(text):
    # Only what the program's own YAML knows: texts, numbers, true and false; no dates, no yes and no.
    class Loader(yaml.SafeLoader):
        pass

    Loader.yaml_implicit_resolvers = {
        key: [(tag, pattern) for tag, pattern in values if not tag.endswith((":timestamp", ":bool", ":merge"))]
        for key, values in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(true|false)$"), list("tf"))
    return yaml.load(text, Loader)


def run(*words):
    environment = {"HOME": scratch, "PATH": "/usr/bin:/bin", "MOZAIKS_OPS_STATE": scratch + "/state"}
    return subprocess.run([program, *words], capture_output=True, text=True, env=environment, cwd=scratch, timeout=600)


# What the program reads.

for path in glob.glob(f"{repository}/policies/*.yaml") + glob.glob(f"{repository}/Tests/PolicyTests/good/*/*.yaml"):
    good("policy", load(open(path).read()), path)
for path in glob.glob(f"{repository}/policies/tests/*.yaml"):
    good("policy-test", load(open(path).read()), path)
kinds = {"mozaiks.ops/config/v1": "config", "mozaiks.ops/policy/v1": "policy", "mozaiks.ops/policy-test/v1": "policy-test"}
pages = [f"{repository}/README.md"] + glob.glob(f"{repository}/docs/**/*.md", recursive=True)
for page in pages:
    for info, block in re.findall(r"^```ya?ml([^\n]*)\n(.*?)^```", open(page).read(), re.M | re.S):
        named = re.search(r"^schema: (\S+)", block, re.M)
        if named and named[1] in kinds and "file=broken/" not in info:
            good(kinds[named[1]], load(block), f"{page}{info}")
        elif not named and not block.startswith("# compose.yaml"):
            # A piece of a configuration, by its keys. Containers have `services` of their own.
            try:
                piece = load(block)
            except yaml.YAMLError:
                continue
            if isinstance(piece, dict) and piece and set(piece) <= set(validators["config"].schema["properties"]):
                good("config", {"schema": "mozaiks.ops/config/v1", **piece}, f"{page}: {' '.join(block.split())[:60]}")

head = {"schema": "mozaiks.ops/policy/v1", "ops_policy": "default"}
rule = {"subject": "app", "when": "active_runs > 3", "severity": "info"}
for name, document in {
    "no schema": {"ops_policy": "default"},
    "unknown key": {**head, "treshold": {}},
    "mode": {**head, "mode": "loud"},
    "window": {**head, "window": 5},
    "threshold name": {**head, "thresholds": {"Big One": 3}},
    "severity": {**head, "rules": {"r": {**rule, "severity": "fatal"}}},
    "for": {**head, "rules": {"r": {**rule, "for": "soon"}}},
    "action": {**head, "rules": {"r": {**rule, "actions": ["scale_out"]}}},
    "no ttl": {**head, "rules": {"r": {**rule, "actions": [{"pause": {"apps": "x"}}]}}},
    "two actions in one": {**head, "rules": {"r": {**rule, "actions": [{"pause": {"ttl": "5m"}, "notify": None}]}}},
    "rule name": {**head, "rules": {"A rule": rule}},
}.items():
    bad("policy", document, name)
tests = {"schema": "mozaiks.ops/policy-test/v1"}
for name, document in {
    "no tests": tests,
    "nothing given": {**tests, "tests": [{"name": "a", "expect": []}]},
    "two at a time": {**tests, "tests": [{"name": "a", "tape": "x", "expect": [{"rule": "r", "state": "firing", "incident": "open"}]}]},
    "no verdict": {**tests, "tests": [{"name": "a", "tape": "x", "expect": [{"rule": "r", "action": "pause"}]}]},
}.items():
    bad("policy-test", document, name)
config = {"schema": "mozaiks.ops/config/v1"}
for name, document in {
    "unknown key": {**config, "runtime": {}},
    "no replicas": {**config, "runtimes": {"a": {}}},
    "two kinds": {**config, "channels": {"a": {"slack": {}, "pagerduty": {}}}},
    "guard": {**config, "guard": {"cooldown": "soon"}},
}.items():
    bad("config", document, name)

# What it writes: tapes of simulated runtimes, and the incidents that the default rules have on them.

for scenario, length in {
    "noisy-neighbor": "30m", "provider-down": "20m", "mongo-down": "14m", "poisoned": "15m", "unauthorized": "10m",
    "down": "16m", "restart-loop": "22m", "saturated-with-errors": "20m", "dead-counters": "12m",
}.items():
    made = run("simulate", scenario, "--tape", scenario + ".tape", "--for", length, "--interval", "60s")
    if made.returncode != 0:
        faults.append(f"{scenario}: {made.stderr}")
        continue
    with open(f"{scratch}/{scenario}.tape") as tape:
        for number, line in enumerate(tape, 1):
            good("tape", json.loads(line), f"{scenario}.tape:{number}")
    replayed = prints("replay", scenario + ".tape", "--mode", "enforce")
    if scenario == "noisy-neighbor":
        prints("replay", scenario + ".tape", "--against", f"{repository}/policies")
        prints("evaluate", "--tape", scenario + ".tape")
        prints("policy", "explain", "noisy-neighbor", "--app", "app-shop", "--tape", scenario + ".tape")
    for incident in replayed["policies"]["incidents"]:
        good("incident", incident, f"an incident of {scenario}")
    os.remove(f"{scratch}/{scenario}.tape")
if checked.get("incident", 0) < 10:
    faults.append(f"only {checked.get('incident', 0)} incidents to check")

# What it writes while it lives: the demo's journal, with an incident, a throttle, notes and an acknowledgement; what it
# tells; a tape of a recorder.

state = f"{scratch}/demo"
lived = run("demo", "--state", state)
if lived.returncode != 0:
    faults.append(f"demo: {lived.stdout[-500:]}{lived.stderr[-500:]}")
ids = [row["id"] for row in prints("incidents", "list", "--state", state).get("incidents", [])]
for id in ids:
    good("incident", prints("incidents", "show", id, "--state", state), f"demo's incident {id}")
    prints("notify", "route", id, "--state", state)
    prints("incidents", "explain", id, "--state", state)
if not ids:
    faults.append("the demo left no incident")
rows = run("audit", "export", "--state", state).stdout.splitlines()
for row in rows:
    good("audit", json.loads(row), f"demo's audit row {row[:80]}")
if len(rows) < 3:
    faults.append(f"only {len(rows)} audit rows to check")

# What every other command prints, by that journal or without any.
beside = ["--state", state]
for words in [
    ["status"], ["actions", "list", "--all"], ["actions", "approvals", "--all"], ["silences", "list"], ["mark", "list"], ["runtimes", "list"], ["apps", "list"],
    ["notify", "history"], ["audit", "verify"], ["journal", "check"], ["policy", "readiness"], ["token", "create", "a", "--role", "viewer"],
    ["token", "list"], ["token", "revoke", "a"], ["mark", "deploy", "v1"], ["silences", "add", "--app", "app-shop", "--for", "1h"],
    ["actions", "stop"], ["actions", "resume"],
]:
    prints(*words, *beside)
prints("journal", "copy", state, f"{scratch}/copied")
prints("journal", "compact", "--state", f"{scratch}/copied")
for words in [
    ["simulate", "--list"], ["demo", "--list"], ["demo", "--scenario", "mongo-killed"], ["playbooks", "list"], ["playbooks", "check"],
    ["playbooks", "show", "runtime-down"], ["policy", "show"], ["policy", "signals"], ["policy", "check", f"{repository}/policies"],
    ["policy", "test", f"{repository}/policies/tests/todays-runtime.yaml"], ["config", "show"], ["incidents", "show", "nothing", *beside],
    ["doctor", "--wait", "10ms", "--url", "http://127.0.0.1:9"], ["check", "--url", "http://127.0.0.1:9"],
    ["simulate", "busy", "--tape", "short.tape", "--for", "2m"], ["notify", "test", "--config", "page.yaml"],
    ["config", "check", "--config", "page.yaml"],
]:
    if "page.yaml" in words:
        with open(f"{scratch}/page.yaml", "w") as file:
            file.write(
                "schema: mozaiks.ops/config/v1\nruntimes: {shared: {replicas: [\"http://127.0.0.1:9\"]}}\n"
                "channels: {hook: {webhook: {url: \"http://127.0.0.1:9/\", secret_file: page.secret}}}\n")
        with open(f"{scratch}/page.secret", "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write("0123456789abcdef" * 2)
    prints(*words)

told = glob.glob(f"{repository}/Tests/NotifyTests/golden/webhook-*.json")
for path in told:
    message = json.load(open(path))
    good("message", message, path)
    bad("message", {**message, "event": "shouted"}, f"{path} with an unknown event")
    bad("message", {**message, "incident": {}}, f"{path} without an incident")
if len(told) < 4:
    faults.append(f"only {len(told)} messages to check")

runtime = subprocess.Popen(
    [program, "simulate", "noisy-neighbor", "--announce", f"{scratch}/simulated", "--for", "60s"], cwd=scratch,
    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
try:
    while not os.path.exists(f"{scratch}/simulated") and runtime.poll() is None:
        time.sleep(0.05)
    addresses = json.load(open(f"{scratch}/simulated"))
    good("stage of output", addresses, "what simulate announces")
    prints("init", "--into", "new", "--url", addresses["runtime"][0])
    recorded = run("record", "live.tape", "--url", addresses["runtime"][0], "--for", "3s", "--interval", "1s")
finally:
    runtime.terminate()
    runtime.wait()
kinds_of_lines = set()
if recorded.returncode != 0:
    faults.append(f"record: {recorded.stderr}")
else:
    for number, line in enumerate(open(f"{scratch}/live.tape"), 1):
        document = json.loads(line)
        kinds_of_lines.add(document.get("event") or next((k for k in ("schema", "state", "tick", "path") if k in document), "?"))
        good("tape", document, f"live.tape:{number}")
    if not {"schema", "settings", "tick", "path"} <= kinds_of_lines:
        faults.append(f"a recorder's tape has only {sorted(kinds_of_lines)}")
moment = {"at": "2026-11-21T09:00:00.000Z"}
good("tape", {**moment, "event": "command", "kind": "revert", "actor": "ann", "arguments": "{}"}, "a command")
good("tape", {**moment, "event": "kill_switch", "on": True}, "the kill switch")
bad("tape", {**moment, "event": "kill_switch"}, "a kill switch that is neither on nor off")
bad("tape", {**moment, "event": "shout"}, "an unknown event")

# The configuration's schema is made of what its reader asks for. In the others, keys that the program takes and a schema lacks: an unknown key beside the others makes it say which it knows.

places = {
    "policy": {"": {}, "/rules/r": rule, "/ops_policy": {"app": "x"}},
    "policy-test": {"": {}, "/tests/0": {}, "/tests/0/expect/0": {}},
}
heads = {"policy": head, "policy-test": tests}


def at(root, path, value):
    """The document with `value` at a path of keys and list indices."""
    parts = [part for part in path.split("/") if part]
    if not parts:
        return {**root, **value}
    document = dict(root)
    place = document
    for index, part in enumerate(parts):
        follows = [] if index + 1 < len(parts) and parts[index + 1].isdigit() else {}
        new = value if index + 1 == len(parts) else follows
        if isinstance(place, list):
            place.append(new)
        else:
            place[part] = new
        place = new
    return document


def diagnostics(kind, document):
    text = json.dumps(document)
    if kind == "policy":
        os.makedirs(f"{scratch}/p", exist_ok=True)
        open(f"{scratch}/p/ops_policy.default.yaml", "w").write(text)
        out = run("policy", "check", "p", "-o", "json").stdout
    else:
        open(f"{scratch}/t.yaml", "w").write(text)
        out = run("policy", "test", "t.yaml", "-o", "json").stdout
    return json.loads(out).get("diagnostics", []) if out else []


def properties(kind, path):
    root = validators[kind].schema
    place = root

    def resolve(node):
        while "$ref" in node:
            node = root["$defs"][node["$ref"].split("/")[-1]]
        if "anyOf" in node and "properties" not in node:
            wanted = [resolve(option) for option in node["anyOf"]]
            node = next((o for o in wanted if "properties" in o or "items" in o), node)
        return node

    for part in [part for part in path.split("/") if part]:
        place = resolve(place)
        if part.isdigit():
            place = place["items"]
        elif part in place.get("properties", {}):
            place = place["properties"][part]
        else:
            place = next(iter(place["patternProperties"].values())) if "patternProperties" in place else place["additionalProperties"]
    return set(resolve(place).get("properties", {}))


for kind, paths in places.items():
    for path, base in paths.items():
        stray = "qqqqqqqqqqqqqqqq"
        said = diagnostics(kind, at(heads[kind], path, {**base, stray: 1}))
        if path and any(d["code"] == "not-yet-available" for d in said):
            continue
        found = [d for d in said if stray in d["message"]]
        known = [d["hint"][7:].split(", ") for d in found if (d["hint"] or "").startswith("known: ")]
        if not known:
            faults.append(f"{kind}{path}: the program says nothing of an unknown key there: {found}")
            continue
        for key in set(known[0]) - properties(kind, path):
            said = diagnostics(kind, at(heads[kind], path, {**base, key: {}}))
            if not any(d["code"] == "not-yet-available" and f"'{key}'" in d["message"] for d in said):
                faults.append(f"docs/schema/{kind}.schema.json lacks '{key}' at {path or '/'}, which the program reads")

# A model is asked in no test of these.
for name in printed - {"advice"} - {key.removesuffix(" of output") for key in checked}:
    faults.append(f"no command was tried that prints {name}")

for fault in faults:
    print(fault)
print(", ".join(f"{count} {kind}" for kind, count in sorted(checked.items())), "documents checked")
sys.exit(1 if faults else 0)
