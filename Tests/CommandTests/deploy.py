"""Checks the files of docs/deploy/ against what those who read them accept, as far as that can be had without them.

Usage: deploy.py PROGRAM REPOSITORY SCRATCH. Prints what is wrong, one line each; exit code 1 then.

Kubernetes: the schemas of its API (kubernetes-validate). Compose: the schema of the Compose specification
(check-jsonschema). Cloud Run and Cloud Scheduler: Google's API discovery documents (google-api-python-client). Container
Apps: the models of Azure's client. ECS and EventBridge Scheduler: the service models of AWS's client (botocore). Our own
configurations in them: mozaiks-ops itself.
"""

import copy
import json
import os
import re
import subprocess
import sys

import jsonschema
import yaml

program, repository, scratch = sys.argv[1:4]
folder = f"{repository}/docs/deploy"
faults = []
checked = 0


def documents(path):
    with open(f"{folder}/{path}") as file:
        return list(yaml.safe_load_all(file)) if path.endswith(".yaml") else [json.load(file)]


def check(where, validate, document, spoil):
    """The document is taken, and one that is spoilt is not: else nothing was checked."""
    global checked
    checked += 1
    faults.extend(f"{where}: {fault}" for fault in validate(document))
    spoilt = copy.deepcopy(document)
    spoil(spoilt)
    if not list(validate(spoilt)):
        faults.append(f"{where}: taken although it is spoilt: this validator checks nothing")


def own(where, text, extra=()):
    """A configuration of ours, wherever it stands."""
    global checked
    checked += 1
    path = f"{scratch}/{re.sub('[^a-z0-9]', '-', where)}.yaml"
    with open(path, "w") as file:
        file.write(text)
    ending = subprocess.run(
        [program, "config", "check", "--config", path, "--state", f"{scratch}/state"], capture_output=True, text=True,
        env={"HOME": scratch, "MOZAIKS_OPS_PAGE_TOKEN": "t" * 40, "MOZAIKS_OPS_SLACK_WEBHOOK": "https://hooks.slack.com/services/x", **dict(extra)})
    if ending.returncode != 0:
        faults.append(f"{where}: {ending.stdout}{ending.stderr}")


# Kubernetes
import kubernetes_validate


def kubernetes(document):
    try:
        kubernetes_validate.validate(document, "1.29", strict=True)
    except kubernetes_validate.ValidationError as error:
        yield f"{'/'.join(map(str, error.path))}: {error.message}"


def spoil_kubernetes(document):
    document["metadata"]["nmae"] = "x"


for document in documents("kubernetes/mozaiks-ops.yaml"):
    check(f"kubernetes {document['kind']}", kubernetes, document, spoil_kubernetes)
    if document["kind"] == "ConfigMap":
        own("kubernetes configuration", document["data"]["mozaiks-ops.yaml"])

# Compose
import check_jsonschema

with open(os.path.dirname(check_jsonschema.__file__) + "/builtin_schemas/vendor/compose-spec.json") as file:
    compose_schema = json.load(file)


def compose(document):
    validator = jsonschema.validators.validator_for(compose_schema)(compose_schema)
    for error in validator.iter_errors(document):
        yield f"{'/'.join(map(str, error.absolute_path))}: {error.message}"


for path in ["compose.yaml", "container/compose.yaml"]:
    check(path, compose, documents(path)[0], lambda document: next(iter(document["services"].values())).update({"imagge": "x"}))

# Google
import googleapiclient


def discovery(name, schema):
    with open(os.path.dirname(googleapiclient.__file__) + f"/discovery_cache/documents/{name}.json") as file:
        schemas = json.load(file)["schemas"]

    def walk(value, form, place):
        form = schemas[form["$ref"]] if "$ref" in form else form
        kind = form.get("type")
        kinds = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool, "number": (int, float)}
        if kind == "string" and form.get("format") == "int64" and isinstance(value, int):
            return
        if kind in kinds and not (isinstance(value, kinds[kind]) and not (kind == "integer" and isinstance(value, bool))):
            yield f"{place}: {value!r} is no {kind}"
        elif isinstance(value, dict):
            for key, inner in value.items():
                known = form.get("properties", {}).get(key, form.get("additionalProperties"))
                if known is None:
                    yield f"{place}/{key}: not known"
                else:
                    yield from walk(inner, known, f"{place}/{key}")
        elif isinstance(value, list):
            for number, inner in enumerate(value):
                yield from walk(inner, form["items"], f"{place}/{number}")
        elif "enum" in form and value not in form["enum"]:
            yield f"{place}: {value!r} is none of {form['enum']}"

    return lambda document: walk(document, {"$ref": schema}, "")


def spoil_job(document):
    document["spec"]["template"]["spec"]["template"]["spec"]["maxRetrys"] = 3


check("cloud-run/job.yaml", discovery("run.v1", "Job"), documents("cloud-run/job.yaml")[0], spoil_job)
check(
    "cloud-run/service.yaml", discovery("run.v1", "Service"), documents("cloud-run/service.yaml")[0],
    lambda document: document["spec"]["template"]["spec"].update({"containerConcurrency": "many"}))
check(
    "cloud-run/scheduler.json", discovery("cloudscheduler.v1", "Job"), documents("cloud-run/scheduler.json")[0],
    lambda document: document["httpTarget"].update({"httpMethod": "SHOUT"}))
with open(f"{folder}/cloud-run/mozaiks-ops.yaml") as file:
    own("cloud-run configuration", file.read())
with open(f"{folder}/container/mozaiks-ops.yaml") as file:
    own("container configuration", file.read())

# Azure
from azure.mgmt.appcontainers import models


def azure(document):
    def walk(value, name, place):
        model = getattr(models, name)
        model({})
        fields = {field._rest_name: attribute for attribute, field in model._attr_to_rest_field.items()}
        notes = {key: str(note) for parent in reversed(model.__mro__) for key, note in getattr(parent, "__annotations__", {}).items()}
        for key, inner in value.items():
            if key not in fields:
                yield f"{place}/{key}: not known to {name}"
                continue
            nested = re.search(r"_models\.(\w+)", notes[fields[key]])
            if nested and hasattr(getattr(models, nested[1], None), "as_dict"):
                for number, part in enumerate(inner if isinstance(inner, list) else [inner]):
                    yield from walk(part, nested[1], f"{place}/{key}/{number}") if isinstance(part, dict) else [f"{place}/{key}: no mapping"]

    yield from walk(document, "Job", "")


check(
    "azure/job.yaml", azure, documents("azure/job.yaml")[0],
    lambda document: document["properties"]["configuration"]["scheduleTriggerConfig"].update({"cron": "*"}))

# AWS
import botocore.session
from botocore.validate import ParamValidator


def aws(service, operation):
    shape = botocore.session.Session().get_service_model(service).operation_model(operation).input_shape

    def validate(document):
        report = ParamValidator().validate(document, shape)
        return [report.generate_report()] if report.has_errors() else []

    return validate


check(
    "aws/task-definition.json", aws("ecs", "RegisterTaskDefinition"), documents("aws/task-definition.json")[0],
    lambda document: document["containerDefinitions"][0].update({"imagge": "x"}))
check(
    "aws/schedule.json", aws("scheduler", "CreateSchedule"), documents("aws/schedule.json")[0],
    lambda document: document["Target"].update({"RolArn": "x"}))


# What a job runs is a command line of this program.
def job_commands():
    yield documents("cloud-run/job.yaml")[0]["spec"]["template"]["spec"]["template"]["spec"]["containers"][0]["args"]
    yield documents("azure/job.yaml")[0]["properties"]["template"]["containers"][0]["args"]
    yield documents("aws/task-definition.json")[0]["containerDefinitions"][0]["command"]


def seconds(span):
    return sum(int(number) * {"h": 3600, "m": 60, "s": 1}[unit] for number, unit in re.findall(r"(\d+)([hms])", span))


# What each of them gives an execution, and after how long the next begins.
job = documents("cloud-run/job.yaml")[0]["spec"]["template"]["spec"]["template"]["spec"]
triggers = documents("azure/job.yaml")[0]["properties"]["configuration"]
limits = [
    (job["timeoutSeconds"], documents("cloud-run/scheduler.json")[0]["schedule"]),
    (triggers["replicaTimeout"], triggers["scheduleTriggerConfig"]["cronExpression"]),
    (None, documents("aws/schedule.json")[0]["ScheduleExpression"]),
]
for words, (limit, schedule) in zip(job_commands(), limits, strict=True):
    checked += 1
    watch = seconds(words[words.index("--watch") + 1])
    period = 60 * int(re.search(r"\*/(\d+) \* \* \* \*|rate\((\d+) minutes\)", schedule).group(1) or re.search(r"\d+", schedule)[0])
    # Executions that remember nothing: the default rules, of which many say 'for: 5m', must have the time to fire within one.
    if not 600 < watch < period or limit is not None and limit < watch + 30:
        faults.append(f"{' '.join(words)}: watches for {watch} s, every {period} s, and is given {limit} s")

for words in job_commands():
    checked += 1
    ending = subprocess.run([program, *words, "--help"], capture_output=True, text=True, env={"HOME": scratch})
    if ending.returncode != 0:
        faults.append(f"{' '.join(words)}: {ending.stderr}")

for fault in faults:
    print(fault)
if checked < 22:
    print(f"only {checked} things were checked")
sys.exit(1 if faults or checked < 22 else 0)
