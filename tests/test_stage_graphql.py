"""A GraphQL endpoint goes the way of every other: its schema is held against what it answers."""

from __future__ import annotations

from pathlib import Path

from checker.audit import audit
from checker.model.rehearsal import Fuzzing, Rehearsal
from checker.workplace import Request
from tests.rehearsals import seen_of

SDL = """
type Query {
  box(size: Int!): Box
  boxes: [String!]!
}

type Box {
  each: Int!
}
"""
APP = """
import json, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from graphql import build_schema, graphql_sync

schema = build_schema(open("schema.graphql").read())

class Root:
    def box(self, info, size):
        return {"each": 100 // (size - size)}
    def boxes(self, info):
        return ["one"]

class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        done = graphql_sync(schema, body.get("query", ""), Root(), variable_values=body.get("variables")).formatted
        for error in done.get("errors", ()):
            if error.get("path"):
                error["extensions"] = {"code": "INTERNAL_SERVER_ERROR"}
        data = json.dumps(done).encode()
        self.send_response(200 if self.path == "/graphql" else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
    def do_GET(self):
        self.send_error(404)
    def log_message(self, *ignored):
        pass

HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


def test_a_resolver_that_fails_is_found(tmp_path: Path) -> None:
    (tmp_path / "schema.graphql").write_text(SDL, "utf-8")
    (tmp_path / "app.py").write_text(APP, "utf-8")
    (tmp_path / "checker.toml").write_text('[app]\nstart = ["python", "app.py", "{port}"]\n', "utf-8")
    seen = seen_of(tmp_path)
    assert isinstance(seen.fuzzing, Fuzzing), seen.fuzzing
    assert {one.operation for one in seen.fuzzing.exchanges} == {"Query.box", "Query.boxes"}
    request = Request(tmp_path, only=("server-error",), profile="agent", contain=False, given={Rehearsal: seen})
    (finding,) = audit(request).report.findings
    assert finding.subject == "Query.box"
    assert "INTERNAL_SERVER_ERROR" in finding.evidence or "division" in finding.evidence
