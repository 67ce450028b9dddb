"""Checks docs/api.yaml, and answers of the API against it.

usage: openapi.py DOCUMENT EXCHANGES

EXCHANGES holds a line of JSON for each answer: {"path", "status", "type", "body": document or null}. Prints a line for each: `ok`, or
what is wrong; then one for the paths that were never asked.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "OpenAPI"))
from document import Document, exchanges  # noqa: E402


def main():
    document = Document(sys.argv[1])
    asked = set()

    def judge(exchange):
        path, status = exchange["path"].split("?")[0], exchange["status"]
        template = path if path in document.paths else "/api/v1/incidents/{id}" if path.startswith("/api/v1/incidents/") else None
        if template is None:
            answer = document.root["components"]["responses"]["Problem"] if status >= 400 else None
        else:
            operation = document.paths[template]["get"]
            names = {document.resolved(parameter)["name"] for parameter in operation.get("parameters", [])}
            given = {part.split("=")[0] for part in exchange["path"].partition("?")[2].split("&") if part}
            if status < 400:
                asked.add(template)
                if not given <= names:
                    return f"parameters {given - names} are not documented"
            responses = operation["responses"]
            answer = responses.get(str(status)) or (responses["default"] if status >= 400 else None)
        return document.judge(answer, status, exchange["type"], exchange["body"])

    for exchange in exchanges(sys.argv[2]):
        print(judge(exchange))
    print("never asked: " + " ".join(sorted(set(document.paths) - asked)))


main()
