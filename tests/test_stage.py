"""The stage against apps that behave badly: each gives a clear result, and nothing is left running."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from checker.model.rehearsal import Exchange, Fuzzing, Missing, Rehearsal
from checker.model.stage_plan import Entry, Plan
from checker.model.unavailable import NotApplicable, Unavailable
from checker.probe.stage import app as stage_app
from checker.probe.stage.app import NotStarted, members
from checker.probe.stage.client import free_port
from checker.probe.stage.crafted import forge
from checker.probe.stage.evidence import Evidence
from checker.probe.stage.explore import identifier, rows_in, translated, unwrapped
from checker.probe.stage.hand import Stagehand
from checker.probe.stage.main import served_document
from checker.probe.stage.replay import frame
from checker.probe.stage.session import token_in
from checker.probe.stage.settings import dummy
from checker.probe.stage.start import server_command
from checker.workplace import Request, Workplace
from tests.rehearsals import seen_of

ROUTES = Path(stage_app.__file__).parent.parent / "inside" / "routes.py"
SERVER = """
import json, os, sys, traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def send(self, status, value, kind="application/json"):
        data = value.encode() if isinstance(value, str) else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def log_message(self, *_):
        pass

%s

ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
GOOD = """
    def do_GET(self):
        if self.path == "/health":
            self.send(200, {"status": "ok"})
        elif self.path == "/openapi.json":
            self.send(200, "<html>not here</html>", "text/html")
        else:
            self.send(404, {"error": "none"})

    def do_POST(self):
        try:
            size = json.loads(self.body())["size"]
        except (ValueError, KeyError, TypeError):
            return self.send(422, {"error": "size"})
        if isinstance(size, bool) or not isinstance(size, int) or size < 0:
            return self.send(422, {"error": "size"})
        try:
            share = 100 // size
        except ZeroDivisionError:
            traceback.print_exc()
            return self.send(500, {"error": "broken"})
        self.send(201, {"id": "1", "share": share})
"""
SPEC = """
openapi: 3.1.0
info: {title: Boxes, version: 1.0.0}
servers: [{url: "https://production.example/"}]
paths:
  /health:
    get:
      responses:
        "200": {description: Well., content: {application/json: {schema: {type: object}}}}
  /boxes:
    post:
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              required: [size]
              properties: {size: {type: integer, minimum: 0}}
      responses:
        "201": {description: Made., content: {application/json: {schema: {type: object}}}}
        "422": {description: Wrong., content: {application/json: {schema: {type: object}}}}
"""
FASTAPI = """
from fastapi import APIRouter, FastAPI
inner = APIRouter(prefix="/b")
outer = APIRouter(prefix="/a")
@inner.get("/{c:path}")
def here(c): ...
outer.include_router(inner)
app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
app.include_router(outer, prefix="/v1")
"""
FLASK = """
from flask import Blueprint, Flask
orders = Blueprint("orders", __name__, url_prefix="/v1")
@orders.delete("/orders/<int:order_id>")
def here(order_id): ...
app = Flask(__name__, static_folder=None)
app.register_blueprint(orders)
"""
STARLETTE = """
from starlette.applications import Starlette
from starlette.routing import Mount, Route
async def here(request): ...
app = Starlette(routes=[Mount("/v1", routes=[Route("/x", here)])])
"""
START = '[app]\nstart = ["python", "app.py", "{port}"]\n'


def written(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, "utf-8")
    return folder


def rehearsed(folder: Path) -> Rehearsal:
    return seen_of(folder)


def hand(folder: Path, source: str, **more: Any) -> Stagehand:
    tree = written(folder / "tree", {"app.py": source})
    plan = Plan(
        root=str(tree),
        scratch=str(folder),
        profile="agent",
        interpreters=(sys.executable,),
        start=("python", "app.py", "{port}"),
        **more,
    )
    return Stagehand(plan, sys.executable, plan.start)


def processes(mark: str) -> list[str]:
    """The command lines that name a folder."""
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = place.read_bytes().decode("utf-8", "replace")
        except OSError:
            continue
        if mark in line:
            found.append(line)
    return found


@pytest.fixture(autouse=True)
def _scratch_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that what is left running can be told from another run's."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


class TestWhole:
    def test_an_app_that_is_given_by_its_start_command(self, tmp_path: Path) -> None:
        folder = written(tmp_path / "repo", {"app.py": SERVER % GOOD, "openapi.yaml": SPEC, "checker.toml": START})
        evil = f"open({str(tmp_path / 'obeyed')!r}, 'w')"
        written(folder, {"evil.py": evil, "schemathesis.toml": 'hooks = "evil.py"\n[checks]\nenabled = false\n'})
        seen = rehearsed(folder)
        assert isinstance(seen.fuzzing, Fuzzing)
        assert seen.fuzzing.tested == 2
        assert seen.fuzzing.checks["not_a_server_error"] > 10, (
            "the repository's own configuration turned the checks off"
        )
        assert not (tmp_path / "obeyed").exists()
        assert any("schemathesis.toml" in note for note in seen.told)
        assert {one.exchange.operation for one in seen.crashes} == {"POST /boxes"}
        assert json.loads(seen.crashes[0].exchange.body or "")["size"] == 0
        assert seen.crashes[0].repeated
        assert seen.crashes[0].frame.startswith("app.py:")
        assert seen.served is None, "a page is no contract"
        assert [one.status for one in seen.health] == [200]
        assert processes(str(tmp_path)) == []
        assert sorted(path.name for path in folder.iterdir()) == [
            "app.py",
            "checker.toml",
            "evil.py",
            "openapi.yaml",
            "schemathesis.toml",
        ]

    def test_the_same_seed_gives_the_same_requests(self, tmp_path: Path) -> None:
        folder = written(tmp_path / "repo", {"app.py": SERVER % GOOD, "openapi.yaml": SPEC, "checker.toml": START})
        first, second = rehearsed(folder), rehearsed(folder)
        assert isinstance(first.fuzzing, Fuzzing)
        assert isinstance(second.fuzzing, Fuzzing)
        assert [(one.url, one.body) for one in first.fuzzing.exchanges] == [
            (one.url, one.body) for one in second.fuzzing.exchanges
        ]

    def test_an_app_that_dies_in_the_middle(self, tmp_path: Path) -> None:
        dying = GOOD.replace("    def do_POST(self):\n", "    def do_POST(self):\n        os._exit(7)\n")
        folder = written(tmp_path / "repo", {"app.py": SERVER % dying, "openapi.yaml": SPEC, "checker.toml": START})
        seen = rehearsed(folder)
        assert any("ended with code 7" in note for note in seen.notes)
        assert isinstance(seen.stop, Missing)
        assert processes(str(tmp_path)) == []

    def test_a_wall_of_401_is_no_pass(self, tmp_path: Path) -> None:
        wall = "    def do_GET(self):\n        self.body(); self.send(401, {})\n    do_POST = do_GET\n"
        folder = written(tmp_path / "repo", {"app.py": SERVER % wall, "openapi.yaml": SPEC, "checker.toml": START})
        seen = rehearsed(folder)
        assert isinstance(seen.fuzzing, Missing)
        assert "no request reached a 2xx" in seen.fuzzing.missing
        assert "[[app.users]]" in seen.fuzzing.missing

    def test_an_app_that_ends_at_once(self, tmp_path: Path) -> None:
        folder = written(
            tmp_path / "repo",
            {"app.py": "import sys; sys.exit('no licence found')", "openapi.yaml": SPEC, "checker.toml": START},
        )
        with pytest.raises(Unavailable, match=r"(?s)did not start: it ended with code 1.*no licence found"):
            rehearsed(folder)

    def test_nothing_runs_under_static(self, tmp_path: Path) -> None:
        mark = tmp_path / "ran"
        source = f"open({str(mark)!r}, 'w')"
        folder = written(tmp_path / "repo", {"app.py": source, "openapi.yaml": SPEC, "checker.toml": START})
        with ExitStack() as stack, pytest.raises(Unavailable, match="--profile agent"):
            Workplace.open(Request(path=folder), stack).facts.get(Rehearsal)
        assert not mark.exists()

    def test_a_repository_without_an_app(self, tmp_path: Path) -> None:
        with pytest.raises(NotApplicable):
            rehearsed(written(tmp_path / "repo", {"README.md": "nothing"}))

    def test_an_app_that_nobody_can_start(self, tmp_path: Path) -> None:
        with pytest.raises(Unavailable, match=r"\[app\] start"):
            rehearsed(written(tmp_path / "repo", {"openapi.yaml": SPEC}))


class TestStart:
    def test_an_app_that_never_listens(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(stage_app.READY_SECONDS, "agent", 0.6)
        with pytest.raises(NotStarted, match=r"(?s)did not answer.*still thinking"):
            hand(tmp_path, "print('still thinking', flush=True); import time; time.sleep(60)").app().__enter__()
        assert processes(str(tmp_path)) == []

    def test_a_required_setting_is_invented_and_told(self, tmp_path: Path) -> None:
        one = hand(tmp_path, "import os\nos.environ['BILLING_URL'], os.environ['APP_KEY']\n" + SERVER % GOOD)
        with one.app() as running:
            assert running.client.ask("GET", "/health").status == 200
        assert one.invented == {"BILLING_URL": "http://127.0.0.1:9/", "APP_KEY": dummy("APP_KEY", {})}

    def test_an_app_sees_nothing_of_the_callers_environment(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CHECKER_SIGNING_KEY", "secret")
        source = SERVER % "    def do_GET(self):\n        self.send(200, dict(os.environ))"
        with hand(tmp_path, source, env={"APP_ENV": "test"}).app() as running:
            seen = json.loads(running.client.ask("GET", "/").answer)
        assert "CHECKER_SIGNING_KEY" not in seen
        assert seen["APP_ENV"] == "test"
        assert seen["DATABASE_URL"].startswith(f"sqlite:///{tmp_path}")

    def test_an_app_that_ignores_sigterm_and_forks(self, tmp_path: Path) -> None:
        stubborn = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    time.sleep(90)
"""
        with hand(tmp_path, stubborn + SERVER % GOOD).app() as running:
            group = running.process.pid
            assert members(group) == 2
        assert members(group) == 0

    def test_an_app_that_floods_its_log(self, tmp_path: Path) -> None:
        loud = GOOD.replace("self.send(200", "print('x' * 3_000_000, flush=True); self.send(200", 1)
        with hand(tmp_path, SERVER % loud).app() as running:
            assert running.client.ask("GET", "/health").status == 200
            assert len(running.log.kept) <= stage_app.LONGEST_LOG

    def test_a_reset_that_fails_is_told(self, tmp_path: Path) -> None:
        one = hand(tmp_path, SERVER % GOOD, reset=("python", "-c", "raise SystemExit('no seeds')"))
        with one.app():
            pass
        assert any("no seeds" in note for note in one.notes)

    def test_a_page_is_no_contract(self, tmp_path: Path) -> None:
        with hand(tmp_path, SERVER % GOOD).app() as running:
            assert served_document(running.client) == ("", None)


class TestRoutes:
    @pytest.mark.parametrize(
        ("source", "expected"),
        [
            (FASTAPI, ("GET", "/v1/a/b/{c}")),
            (FLASK, ("DELETE", "/v1/orders/{order_id}")),
            (STARLETTE, ("GET", "/v1/x")),
        ],
        ids=["fastapi-nested", "flask", "starlette"],
    )
    def test_routes_are_listed(self, tmp_path: Path, source: str, expected: tuple[str, str]) -> None:
        written(tmp_path, {"main.py": source})
        (found,) = [one for one in dumped(tmp_path, "main:app")["routes"] if Path(one["file"]).name == "main.py"]
        assert (found["method"], found["path"]) == expected
        assert "here" in source.splitlines()[found["line"] - 1] or "here" in source.splitlines()[found["line"]]

    def test_an_entry_that_cannot_be_imported_says_why(self, tmp_path: Path) -> None:
        written(tmp_path, {"main.py": "import a_package_that_is_not_there"})
        found = dumped(tmp_path, "main:app")
        assert "routes" not in found
        assert "a_package_that_is_not_there" in found["errors"][0][1]

    def test_the_server_that_is_there_is_taken(self) -> None:
        entry = Entry(target="app.main:make", factory=True)
        assert server_command(entry, {"kind": "asgi", "servers": ["uvicorn"]})[2:5] == [
            "uvicorn",
            "app.main:make",
            "--factory",
        ]
        assert "hypercorn" in server_command(entry, {"kind": "asgi", "servers": ["hypercorn"]})
        assert "flask" in server_command(entry, {"kind": "flask", "servers": []})
        with pytest.raises(NotStarted, match="uvicorn"):
            server_command(entry, {"kind": "asgi", "servers": []})


def dumped(folder: Path, *entries: str) -> Any:
    output = folder / "out.json"
    subprocess.run([sys.executable, ROUTES, output, *entries], cwd=folder, check=True, timeout=60)
    return json.loads(output.read_text("utf-8"))


class TestWords:
    def test_rows_are_found_under_their_usual_names(self) -> None:
        assert rows_in([1]) == [1]
        assert rows_in({"success": True, "data": {"items": [2]}, "meta": {}}) == [2]
        assert rows_in({"orders": [3], "total": 1}) == [3]
        assert rows_in({"id": 1}) is None

    def test_identifiers(self) -> None:
        assert identifier({"id": 7}) == "7"
        assert identifier({"order_id": "a"}) == "a"
        assert identifier({"order_id": "a", "user_id": "b"}) is None
        assert unwrapped({"success": True, "data": {"id": 1}}) == {"id": 1}

    def test_tokens(self) -> None:
        assert token_in({"data": {"access_token": "t"}}, "") == "t"
        assert token_in({"data": {"inner": {"x": "t"}}}, "data.inner.x") == "t"
        assert token_in({"data": {"inner": {"x": "t"}}}, "/data/inner/x") == "t"
        assert token_in({"error": "no"}, "") is None

    def test_a_request_is_translated_to_the_rows_of_another_app(self) -> None:
        assert (
            translated("/o/aa/i/bb", {"/o": ["zz", "aa"], "/o/<1>/i": ["bb"]}, {"/o": ["1", "2"], "/o/<1>/i": ["3"]})
            == "/o/2/i/3"
        )

    def test_a_forged_token_keeps_the_claims_and_loses_the_signature(self) -> None:
        forged = forge("Bearer aaa.bbb.ccc")
        assert forged is not None
        assert forged.split(".")[1:] == ["bbb", ""]
        assert forge("Basic abc") is None

    def test_the_innermost_frame_of_the_project(self) -> None:
        trace = 'File "/r/a.py", line 3, in x\n  File \\"/r/b.py\\", line 9, in y\n  File "/usr/lib/python3/z.py", line 1, in z'
        assert frame("/r", trace) == "b.py:9"

    def test_free_ports_are_free(self) -> None:
        assert free_port() != 0


class TestEvidence:
    def test_a_report_is_read_to_its_broken_end(self, tmp_path: Path) -> None:
        lines = [
            {"Initialize": {"seed": 1}},
            {"ScenarioFinished": {"recorder": scenario("GET", "/a", 200, [])}},
            {"ScenarioFinished": {"recorder": scenario("GET", "/a", 500, [failed("ST101", "")])}},
            {"ScenarioFinished": {"recorder": scenario("GET", "/a", 500, [failed("ST101", "")])}},
        ]
        report = tmp_path / "evidence.ndjson"
        report.write_text("\n".join(map(json.dumps, lines)) + '\n{"ScenarioFini', "utf-8")
        found = Evidence()
        found.read(report)
        assert [one.status for one in found.exchanges] == [200, 500, 500]
        assert [(one.code, one.operation, one.count) for one in found.failures.values()] == [("ST101", "GET /a", 2)]
        assert found.checks["not_a_server_error"] == 2
        assert found.exchanges[0].answer == "hi"
        assert isinstance(found.exchanges[0], Exchange)


def failed(code: str, message: str) -> dict[str, Any]:
    failure = {"code": code, "title": "Server error", "message": message}
    return {"name": "not_a_server_error", "status": "failure", "failure_info": {"failure": failure}}


def scenario(method: str, path: str, status: int, checks: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "label": f"{method} {path}",
        "cases": {"c": {"value": {"method": method, "path": path, "meta": {"generation": {"mode": "positive"}}}}},
        "checks": {"c": checks},
        "interactions": {
            "c": {
                "request": {
                    "method": method,
                    "uri": f"http://127.0.0.1:1{path}?x=1",
                    "headers": {"Accept": ["*/*"]},
                    "body": None,
                },
                "response": {"status_code": status, "headers": {"X": ["a", "b"]}, "content": {"$base64": "aGk="}},
            }
        },
    }
