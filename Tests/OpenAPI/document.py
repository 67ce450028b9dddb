"""An OpenAPI document, and answers held to it. For the checks of both of ours."""
import json

import yaml
from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import validate
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012


class Document:
    def __init__(self, path):
        with open(path) as file:
            self.root = yaml.safe_load(file)
        validate(self.root)
        self.registry = Registry().with_resource("urn:api", Resource(contents=self.root, specification=DRAFT202012))

    @property
    def paths(self):
        return self.root["paths"]

    def resolved(self, node):
        while "$ref" in node:
            target = self.root
            for key in node["$ref"].removeprefix("#/").split("/"):
                target = target[key]
            node = target
        return node

    def errors(self, schema, value):
        """What is wrong with a value, a line each. The document's own references are read from its root."""
        text = json.dumps(schema).replace('"#/', '"urn:api#/')
        validator = Draft202012Validator(json.loads(text), registry=self.registry, format_checker=FormatChecker())
        return [f"{'/'.join(map(str, e.absolute_path))}: {e.message[:200]}" for e in validator.iter_errors(value)]

    def strangers(self, schema, value, where=""):
        """Members that nothing describes, of every object of which some are described. A set of paths."""
        found, members, rest, items = set(), {}, None, None
        pending = [schema]
        while pending:
            node = self.resolved(pending.pop())
            members.update(node.get("properties", {}))
            rest = node.get("additionalProperties") or rest
            items = node.get("items", items)
            pending += [part for word in ("allOf", "anyOf", "oneOf") for part in node.get(word, [])]
        if isinstance(value, list) and items:
            for entry in value:
                found |= self.strangers(items, entry, where + "[]")
        elif isinstance(value, dict) and (members or isinstance(rest, dict)):
            for name, entry in value.items():
                described = members.get(name, rest)
                if described is None:
                    found.add(f"{where}/{name}")
                elif isinstance(described, dict):
                    found |= self.strangers(described, entry, f"{where}/{name}")
        return found

    def judge(self, answer, status, kind, body):
        """`ok`, or what is wrong with an answer. `answer` is its description; None where there is none."""
        if answer is None:
            return f"status {status} is not documented"
        content = self.resolved(answer).get("content")
        if not content:
            return "ok" if body is None else "a body where none is documented"
        described = content.get(kind.split(";")[0])
        if described is None:
            return f"type {kind} is not documented"
        found = self.errors(described["schema"], body)
        return f"response: {found}" if found else "ok"


def exchanges(path):
    with open(path) as file:
        for line in file:
            yield json.loads(line)
