"""Checks docs/api.yaml, and answers of the API against it.

usage: openapi.py DOCUMENT EXCHANGES

EXCHANGES holds a line of JSON for each answer: {"path", "status", "type", "body": document or null}. Prints a line for each: `ok`, or
what is wrong; then one for the paths that were never asked.
"""
import json
import sys

import yaml
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012


def main():
    with open(sys.argv[1]) as file:
        document = yaml.safe_load(file)
    validate(document)
    registry = Registry().with_resource("urn:api", Resource(contents=document, specification=DRAFT202012))
    asked = set()

    def resolved(node):
        while "$ref" in node:
            target = document
            for key in node["$ref"].removeprefix("#/").split("/"):
                target = target[key]
            node = target
        return node

    def judge(exchange):
        path = exchange["path"].split("?")[0]
        template = path if path in document["paths"] else "/api/v1/incidents/{id}" if path.startswith("/api/v1/incidents/") else None
        if template is None:
            answer = document["components"]["responses"]["Problem"] if exchange["status"] >= 400 else None
        else:
            operation = document["paths"][template]["get"]
            names = {resolved(parameter)["name"] for parameter in operation.get("parameters", [])}
            given = {part.split("=")[0] for part in exchange["path"].partition("?")[2].split("&") if part}
            if exchange["status"] < 400:
                asked.add(template)
                if not given <= names:
                    return f"parameters {given - names} are not documented"
            responses = operation["responses"]
            answer = responses.get(str(exchange["status"])) or (responses["default"] if exchange["status"] >= 400 else None)
        if answer is None:
            return f"status {exchange['status']} is not documented"
        content = resolved(answer).get("content")
        if not content:
            return "ok" if exchange["body"] is None else "a body where none is documented"
        kind = content.get(exchange["type"].split(";")[0])
        if kind is None:
            return f"type {exchange['type']} is not documented"
        text = json.dumps(kind["schema"]).replace('"#/', '"urn:api#/')
        found = [
            f"{'/'.join(map(str, e.absolute_path))}: {e.message[:200]}"
            for e in Draft202012Validator(json.loads(text), registry=registry).iter_errors(exchange["body"])
        ]
        return f"{found}" if found else "ok"

    with open(sys.argv[2]) as file:
        for line in file:
            print(judge(json.loads(line)))
    print("never asked: " + " ".join(sorted(set(document["paths"]) - asked)))


main()
