"""Checks docs/control-plane-api.yaml, and exchanges with a control plane against it.

usage: check.py DOCUMENT EXCHANGES

EXCHANGES holds a line of JSON for each exchange: {"method", "path", "request": document or null, "status", "type", "response":
document or null}. Prints a line for each: `ok`, or what is wrong.
"""
import json
import sys

import yaml
from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import validate
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012


def main():
    with open(sys.argv[1]) as file:
        document = yaml.safe_load(file)
    validate(document)
    registry = Registry().with_resource("urn:api", Resource(contents=document, specification=DRAFT202012))

    def errors(schema, value):
        # The document's own references are read from its root.
        text = json.dumps(schema).replace('"#/', '"urn:api#/')
        validator = Draft202012Validator(json.loads(text), registry=registry, format_checker=FormatChecker())
        return [f"{'/'.join(map(str, e.path))}: {e.message}" for e in validator.iter_errors(value)]

    def resolved(node):
        while "$ref" in node:
            target = document
            for key in node["$ref"].removeprefix("#/").split("/"):
                target = target[key]
            node = target
        return node

    def judge(exchange):
        path = exchange["path"].split("?")[0].rstrip("/")
        template = "/ops/v1/leases" if path == "/ops/v1/leases" else "/ops/v1/leases/{id}"
        operation = document["paths"][template].get(exchange["method"].lower())
        if operation is None:
            return "no such operation"
        body = operation.get("requestBody")
        if body and exchange["status"] < 400:
            found = errors(body["content"]["application/json"]["schema"], exchange["request"])
            if found:
                return f"request: {found}"
        answer = operation["responses"].get(str(exchange["status"]))
        if answer is None:
            return f"status {exchange['status']} is not documented"
        content = resolved(answer).get("content")
        if not content:
            return "ok" if exchange["response"] is None else "a body where none is documented"
        kind = content.get(exchange["type"].split(";")[0])
        if kind is None:
            return f"type {exchange['type']} is not documented"
        found = errors(kind["schema"], exchange["response"])
        return f"response: {found}" if found else "ok"

    with open(sys.argv[2]) as file:
        for line in file:
            print(judge(json.loads(line)))


main()
