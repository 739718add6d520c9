"""Real small apps that behave as badly as they can: each ends in a clear result, and nothing of it is left."""

from __future__ import annotations

import errno
import json
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from checker.audit import audit
from checker.model.rehearsal import Fuzzing, Missing
from checker.model.report import Report
from checker.model.unavailable import Unavailable
from checker.probe import rehearse as probe_rehearse
from checker.probe.stage import app as stage_app
from checker.probe.stage.app import NotStarted, marked
from checker.probe.stage.client import AGENT
from checker.workplace import Request
from tests.test_stage import GOOD, SERVER, SPEC, START, hand, processes, rehearsed, written

ESCAPES = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        open({mark!r}, "w").write(str(os.getpid()))
        time.sleep(300)
    os._exit(0)
os.wait()
"""
ALL_GONE = """
    orders = {"1": {"id": "1"}, "2": {"id": "2"}}

    def do_GET(self):
        name = self.path.partition("?")[0].rpartition("/")[2]
        if name == "orders":
            self.send(200, list(self.orders.values()))
        elif name in self.orders:
            self.send(200, self.orders[name])
        else:
            self.send(404, {"error": "none"})

    def do_DELETE(self):
        self.orders.clear()
        self.send(204, "")
"""
ORDERS = """
openapi: 3.1.0
info: {title: Orders, version: 1.0.0}
paths:
  /orders:
    get:
      responses:
        "200": {description: All., content: {application/json: {schema: {type: array, items: {type: object}}}}}
    delete:
      responses: {"204": {description: None left.}}
  /orders/{id}:
    get:
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      responses:
        "200": {description: One., content: {application/json: {schema: {type: object}}}}
        "404": {description: None., content: {application/json: {schema: {type: object}}}}
"""


@pytest.fixture(autouse=True)
def nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    yield
    assert processes(str(tmp_path)) == []
    assert list(scratch.iterdir()) == []


def repo(folder: Path, source: str, spec: str = SPEC, config: str = START) -> Path:
    return written(folder / "repo", {"app.py": source, "openapi.yaml": spec, "checker.toml": config})


def judged(folder: Path) -> Report:
    return audit(Request(folder, only=("runtime",), profile="agent", contain=False)).report


def outcomes(report: Report) -> dict[str, str]:
    return {one.rule: one.outcome.value for one in report.results}


def test_an_app_that_never_becomes_ready_is_unavailable_and_says_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe_rehearse, "_MAIN", _with_ready_seconds(0.8))
    folder = repo(tmp_path, "import time\nprint('waiting for the moon', flush=True)\ntime.sleep(300)")
    report = judged(folder)
    assert set(outcomes(report).values()) <= {"unavailable", "not_applicable"}
    assert report.status == "blocked"
    reason = next(one.reason for one in report.results if one.rule == "server-error")
    assert "did not answer on its port" in reason
    assert "waiting for the moon" in reason


def _with_ready_seconds(seconds: float) -> str:
    sooner = f"import checker.probe.stage.app as a; a.READY_SECONDS['agent'] = {seconds};"
    return probe_rehearse._MAIN.replace("from checker.probe.stage.main", f"{sooner} from checker.probe.stage.main")


TWO_FACED = """
    def do_POST(self):
        self.body()
        tested = any("schemathesis" in f"{name} {value}".lower() for name, value in self.headers.items())
        self.send(422 if tested else 500, {"agent": self.headers.get("User-Agent")})

    def do_GET(self):
        self.send(200, {"status": "ok"})
"""


def test_an_app_that_behaves_when_it_sees_schemathesis_sees_none(tmp_path: Path) -> None:
    seen = rehearsed(repo(tmp_path, SERVER % TWO_FACED))
    assert isinstance(seen.fuzzing, Fuzzing)
    asked = [one for one in seen.fuzzing.exchanges if one.operation == "POST /boxes"]
    assert {one.status for one in asked} == {500}
    assert {one.answer for one in asked} == {json.dumps({"agent": AGENT})}


def test_what_leaves_the_group_of_the_app_is_ended_too(tmp_path: Path) -> None:
    mark = tmp_path / "escaped"
    one = hand(tmp_path, ESCAPES.format(mark=str(mark)) + SERVER % GOOD)
    with one.app() as running:
        _until(mark.exists)
        escaped = int(mark.read_text())
        assert escaped in set(marked(running.mark))
    assert not Path(f"/proc/{escaped}").exists() or _is_gone(escaped)


def test_what_hides_its_mark_ends_with_the_stage(tmp_path: Path) -> None:
    name = f"hidden-{tmp_path.name}"
    code = f"import time; time.sleep(299)  # {name}"
    hides = f"import os, sys\nif os.fork() == 0:\n    os.setsid(); os.execve(sys.executable, ['python', '-c', {code!r}], {{}})\n"
    seen = rehearsed(repo(tmp_path, hides + SERVER % GOOD))
    if not seen.isolated:
        pytest.skip("the kernel gives no process ids of their own here")
    assert processes(name) == []


def test_an_app_that_takes_all_memory_is_ended_and_said_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage_app, "MOST_MEMORY", 150 << 20)
    greedy = "import time\nheld = bytearray(400 << 20)\ntime.sleep(60)"
    with pytest.raises(NotStarted, match="ended for holding more than 150 MiB of memory"):
        hand(tmp_path, greedy).app().__enter__()


def test_an_app_that_forks_without_end_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage_app, "MOST_PROCESSES", 12)
    bomb = "import os, time\nfor _ in range(40):\n    if os.fork() == 0:\n        break\ntime.sleep(60)"
    with pytest.raises(NotStarted, match="ended for running more than 12 processes"):
        hand(tmp_path, bomb).app().__enter__()


def test_an_app_that_answers_slowly_is_waited_for(tmp_path: Path) -> None:
    slow = GOOD.replace("    def do_POST(self):\n", "    def do_POST(self):\n        import time; time.sleep(0.03)\n")
    seen = rehearsed(repo(tmp_path, SERVER % slow))
    assert isinstance(seen.fuzzing, Fuzzing)
    assert seen.fuzzing.tested == 2


def test_an_app_that_dies_in_the_middle_is_a_finding(tmp_path: Path) -> None:
    dying = GOOD.replace(
        "    def do_POST(self):\n", "    def do_POST(self):\n        print('out of luck', flush=True); os._exit(7)\n"
    )
    report = judged(repo(tmp_path, SERVER % dying))
    assert report.status == "blocked"
    found = [one for one in report.findings if one.rule == "server-error"]
    assert found
    assert any("ended with code 7" in one.evidence for one in found), [one.evidence for one in found]


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        fixed = SERVER.replace("int(sys.argv[1])", str(port)) % GOOD
        with pytest.raises(NotStarted, match=r"Address already in use.*write \{port\}"):
            hand(tmp_path, fixed).app().__enter__()


def test_a_port_of_its_own_is_found(tmp_path: Path) -> None:
    one = hand(tmp_path, SERVER.replace("int(sys.argv[1])", "0") % GOOD)
    with one.app() as running:
        assert running.client.ask("GET", "/health").status == 200
        assert running.has_own_port
    assert not one.leaves_in_peace(), "another one cannot be started beside it"


def test_a_contract_served_as_a_page_is_none(tmp_path: Path) -> None:
    folder = written(tmp_path / "repo", {"app.py": SERVER % GOOD, "checker.toml": START})
    seen = rehearsed(folder)
    assert seen.served is None
    assert isinstance(seen.fuzzing, Missing)
    assert "no contract" in seen.fuzzing.missing
    assert outcomes(judged(folder))["server-error"] != "passed"


def test_an_endpoint_that_deletes_everything_spoils_no_verdict(tmp_path: Path) -> None:
    report = judged(repo(tmp_path, SERVER % ALL_GONE, ORDERS))
    assert [one.title for one in report.findings if one.rule in ("server-error", "response-schema")] == []
    assert outcomes(report)["response-schema"] == "passed"


def test_a_log_without_end_does_not_fill_anything(tmp_path: Path) -> None:
    loud = "import threading\ndef shout():\n    while True:\n        sys.stdout.write('x' * 65536)\n"
    source = SERVER.replace("class Handler", loud + "class Handler", 1) % GOOD
    source = source.replace(
        "ThreadingHTTPServer((", "threading.Thread(target=shout, daemon=True).start()\nThreadingHTTPServer(("
    )
    with hand(tmp_path, source).app() as running:
        assert running.client.ask("GET", "/health").status == 200
        assert len(running.log.kept) <= stage_app.LONGEST_LOG
        mark = running.log.total
        _until(lambda: running.log.total > mark + (8 << 20))


def test_a_start_command_that_is_not_there(tmp_path: Path) -> None:
    folder = repo(tmp_path, "", config='[app]\nstart = ["no-such-server", "{port}"]\n')
    with pytest.raises(Unavailable, match=r"no-such-server: No such file.*\[app\] start"):
        rehearsed(folder)


def test_an_app_that_goes_into_the_background_is_no_app(tmp_path: Path) -> None:
    source = "import os, sys\nif os.fork():\n    sys.exit(0)\nos.setsid()\n" + SERVER % GOOD
    with pytest.raises(NotStarted, match=r"it ended with code 0 before it listened"):
        hand(tmp_path, source).app().__enter__()


def test_the_repository_cannot_be_written_to(tmp_path: Path) -> None:
    folder = repo(tmp_path, "")
    target = str(folder / "written.txt")
    source = f"try:\n    open({target!r}, 'w')\nexcept OSError:\n    pass\n" + SERVER % GOOD
    seen = rehearsed(written(folder, {"app.py": source}))
    if not seen.isolated:
        pytest.skip("the kernel gives no mounts of their own here")
    assert not (folder / "written.txt").exists()


def test_there_is_no_network_but_loopback(tmp_path: Path) -> None:
    calls = (
        "import socket\ntry:\n    socket.create_connection(('192.0.2.1', 80), 1)\n"
        "except OSError as no:\n    print('no way out:', no.errno, flush=True)\n"
    )
    seen = rehearsed(repo(tmp_path, calls + SERVER % GOOD))
    if seen.isolated:
        assert f"no way out: {errno.ENETUNREACH}" in seen.log
    else:
        assert any("the kernel gave it none of its own" in line for line in seen.told)


def _until(holds: object, seconds: float = 10.0) -> None:
    assert callable(holds)
    limit = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < limit
        time.sleep(0.01)


def _is_gone(process: int) -> bool:
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"


BUSY = """
    asked = 0

    def do_POST(self):
        self.body()
        type(self).asked += 1
        self.send(*((201, {"id": "1"}) if self.asked < 4 else (429, {"error": "later"})))

    def do_GET(self):
        self.send(200, {"status": "ok"})
"""


def test_an_app_that_holds_off_most_requests_has_proved_nothing(tmp_path: Path) -> None:
    report = judged(repo(tmp_path, SERVER % BUSY, SPEC.replace('"422":', '"429":')))
    result = next(one for one in report.results if one.rule == "server-error")
    assert result.outcome.value == "unavailable"
    assert "answered 429 to" in result.reason
    assert report.status == "blocked"


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ("redis.exceptions.ConnectionError: Error 111 connecting to 127.0.0.1:6379. Connection refused.", "a Redis"),
        ("pymysql.err.OperationalError: (2003, \"Can't connect to MySQL server on 'db'\")", "a MySQL"),
        ("pymongo.errors.ServerSelectionTimeoutError: mongo:27017: [Errno -2] Name or service not known", "a MongoDB"),
        ("httpx.ConnectError: [Errno -2] Name or service not known", "a service that is not there"),
    ],
)
def test_what_a_neighbour_is_missed_for_is_the_environment(tmp_path: Path, said: str, word: str) -> None:
    with pytest.raises(NotStarted, match=f"that is the environment: it (?:needs|calls) {word}"):
        hand(tmp_path, f"raise SystemExit({said!r})").app().__enter__()
