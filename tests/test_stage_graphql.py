"""A GraphQL endpoint goes the way of every other: its schema is held against what it answers."""

from __future__ import annotations

from pathlib import Path

from checker.audit import audit
from checker.model.finding import Finding
from checker.model.rehearsal import Fuzzing, Rehearsal
from checker.workplace import Request
from tests.rehearsals import seen_of
from tests.test_stage import written

SDL = """
type Query {
  box(size: Int!): Box
  refused(size: Int!): Box
  boxes: [String!]!
}

type Box {
  each: Int!
}
"""
APP = """
import json, sys, traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from graphql import build_schema, graphql_sync

schema = build_schema(SDL)

class Root:
    def box(self, info, size):
        return {"each": 100 // (size - size)}
    def refused(self, info, size):
        raise ValueError("no box is that large")
    def boxes(self, info):
        return ["one"]

class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        done = graphql_sync(schema, body.get("query", ""), Root(), variable_values=body.get("variables"))
        for error in done.errors or ():
            if error.original_error:
                traceback.print_exception(error.original_error)
        self.answer(200 if self.path == "/graphql" else 404, done.formatted)
    def do_GET(self):
        self.answer(200 if self.path == "/health" else 404, {"status": "ok"})
    def answer(self, status, value):
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
    def log_message(self, *ignored):
        pass

ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
START = '[app]\nstart = ["python", "app.py", "{port}"]\n'
HEALTH = """
openapi: 3.1.0
info: {title: Boxes, version: 1.0.0}
paths:
  /health:
    get:
      responses:
        "200": {description: Well., content: {application/json: {schema: {type: object}}}}
"""


def findings(folder: Path, seen: Rehearsal) -> list[Finding]:
    request = Request(folder, only=("server-error",), profile="agent", contain=False, given={Rehearsal: seen})
    return list(audit(request).report.findings)


def test_a_resolver_that_fails_is_found_and_one_that_refuses_is_not(tmp_path: Path) -> None:
    """No schema is committed: the app itself is asked for it."""
    written(tmp_path, {"app.py": APP.replace("SDL", repr(SDL)), "checker.toml": START})
    seen = seen_of(tmp_path)
    assert isinstance(seen.fuzzing, Fuzzing), seen.fuzzing
    assert {one.operation for one in seen.fuzzing.exchanges} == {"Query.box", "Query.boxes", "Query.refused"}
    (finding,) = findings(tmp_path, seen)
    assert (finding.subject, finding.severity.value, finding.where.path) == ("Query.box", "major", "app.py")
    assert "ZeroDivisionError" in finding.evidence
    assert "curl -i -X POST" in finding.evidence


def test_a_schema_beside_another_contract_is_asked_too(tmp_path: Path) -> None:
    clean = APP.replace("100 // (size - size)", "size").replace(
        'raise ValueError("no box is that large")', "return None"
    )
    files = {"app.py": clean.replace("SDL", 'open("schema.graphql").read()'), "checker.toml": START}
    seen = seen_of(written(tmp_path, {**files, "schema.graphql": SDL, "openapi.yaml": HEALTH}))
    assert isinstance(seen.fuzzing, Fuzzing), seen.fuzzing
    assert {one.operation for one in seen.fuzzing.exchanges} == {"GET /health"}
    assert isinstance(seen.graphql, Fuzzing), seen.graphql
    assert {one.operation for one in seen.graphql.exchanges} == {"Query.box", "Query.boxes", "Query.refused"}
    assert findings(tmp_path, seen) == []
