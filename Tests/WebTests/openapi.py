"""Checks docs/api.yaml, and answers of the API against it.

usage: openapi.py DOCUMENT EXCHANGES

EXCHANGES holds a line of JSON for each answer: {"method", "path", "status", "type", "body": document or null, "sent": document or
null}. Prints a line for each: `ok`, or
what is wrong; then one for the paths that were never asked.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "OpenAPI"))
from document import Document, exchanges  # noqa: E402


def main():
    document = Document(sys.argv[1])
    asked = set()

    def template(path):
        parts = path.split("/")
        fits = [known for known in document.paths if len(known.split("/")) == len(parts)
                and all(a == b or a == "{id}" for a, b in zip(known.split("/"), parts))]
        return min(fits, key=lambda known: known.count("{"), default=None)

    def judge(exchange):
        path, status, method = exchange["path"].split("?")[0], exchange["status"], exchange["method"].lower()
        known = template(path)
        if known is None or method not in document.paths[known]:
            answer = document.root["components"]["responses"]["Problem"] if status >= 400 else None
        else:
            operation = document.paths[known][method]
            names = {document.resolved(parameter)["name"] for parameter in operation.get("parameters", [])}
            given = {part.split("=")[0] for part in exchange["path"].partition("?")[2].split("&") if part}
            if status < 400:
                asked.add((known, method))
                if not given <= names:
                    return f"parameters {given - names} are not documented"
                if exchange["sent"] is not None:
                    wrong = document.errors(operation["requestBody"]["content"]["application/json"]["schema"], exchange["sent"])
                    if wrong:
                        return f"request: {wrong}"
            responses = operation["responses"]
            answer = responses.get(str(status)) or (responses["default"] if status >= 400 else None)
        found = document.judge(answer, status, exchange["type"], exchange["body"])
        if found == "ok" and status < 400 and exchange["body"] is not None:
            described = document.resolved(answer)["content"][exchange["type"].split(";")[0]]["schema"]
            unknown = document.strangers(described, exchange["body"])
            if unknown:
                return f"members that nothing describes: {sorted(unknown)}"
        return found

    for exchange in exchanges(sys.argv[2]):
        print(judge(exchange))
    every = {(path, method) for path, item in document.paths.items() for method in item if method in ("get", "post")}
    print("never asked: " + " ".join(f"{method} {path}" for path, method in sorted(every - asked)))


main()
