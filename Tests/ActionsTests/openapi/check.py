"""Checks docs/control-plane-api.yaml, and exchanges with a control plane against it.

usage: check.py DOCUMENT EXCHANGES

EXCHANGES holds a line of JSON for each exchange: {"method", "path", "request": document or null, "status", "type", "response":
document or null}. Prints a line for each: `ok`, or what is wrong.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "OpenAPI"))
from document import Document, exchanges  # noqa: E402


def main():
    document = Document(sys.argv[1])

    def judge(exchange):
        path = exchange["path"].split("?")[0].rstrip("/")
        template = "/ops/v1/leases" if path == "/ops/v1/leases" else "/ops/v1/leases/{id}"
        operation = document.paths[template].get(exchange["method"].lower())
        if operation is None:
            return "no such operation"
        body = operation.get("requestBody")
        if body and exchange["status"] < 400:
            found = document.errors(body["content"]["application/json"]["schema"], exchange["request"])
            if found:
                return f"request: {found}"
        answer = operation["responses"].get(str(exchange["status"]))
        return document.judge(answer, exchange["status"], exchange["type"], exchange["response"])

    for exchange in exchanges(sys.argv[2]):
        print(judge(exchange))


main()
