"""An app that runs elsewhere: asked only where the caller names it, told in the report, never found in a file."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from checker.audit import audit
from checker.model.rehearsal import Fuzzing, Missing, Rehearsal
from checker.model.unavailable import Unavailable
from checker.probe.stage import app as stage_app
from checker.probe.stage.client import Client, NoAnswer, free_port
from checker.workplace import Request, Workplace
from tests.child import checker
from tests.test_stage import GOOD, SERVER, SPEC, START, written


@pytest.fixture
def there(tmp_path: Path) -> Iterator[int]:
    """The port of an app that somebody else has started, in the network that the checker itself is in."""
    port = free_port()
    written(tmp_path / "there", {"app.py": SERVER % GOOD})
    process = subprocess.Popen([sys.executable, "app.py", str(port)], cwd=tmp_path / "there")
    for _ in range(200):
        try:
            Client(port).ask("GET", "/health")
        except NoAnswer:
            time.sleep(0.02)
        else:
            break
    yield port
    process.kill()
    process.wait()


def rehearsed(folder: Path, url: str) -> Rehearsal:
    with ExitStack() as stack:
        return Workplace.open(Request(path=folder, profile="agent", allow_remote=url), stack).facts.get(Rehearsal)


def test_the_named_app_is_asked_and_nothing_is_started(tmp_path: Path, there: int) -> None:
    mark = tmp_path / "ran"
    files = {"app.py": f"open({str(mark)!r}, 'w')", "openapi.yaml": SPEC, "checker.toml": START}
    url = f"http://127.0.0.1:{there}"
    seen = rehearsed(written(tmp_path / "repo", files), url)
    assert isinstance(seen.fuzzing, Fuzzing)
    assert seen.fuzzing.tested == 2
    assert [one.exchange.operation for one in seen.crashes] == ["POST /boxes"]
    assert seen.crashes[0].repeated
    assert not mark.exists()
    assert isinstance(seen.stop, Missing)
    assert "elsewhere" in seen.stop.missing
    assert any(f"{url}, which --allow-remote names" in line for line in seen.told)
    assert not seen.isolated
    assert Client(there).ask("GET", "/health").status == 200, "and it still runs"


def test_the_report_names_it(tmp_path: Path, there: int) -> None:
    folder = written(tmp_path / "repo", {"openapi.yaml": SPEC})
    url = f"http://127.0.0.1:{there}"
    report = audit(Request(folder, only=("runtime",), profile="agent", allow_remote=url)).report
    assert any(url in note for note in report.notes)
    assert any(one.rule == "server-error" for one in report.findings)


def test_nothing_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = written(tmp_path / "repo", {"openapi.yaml": SPEC})
    monkeypatch.setitem(stage_app.READY_SECONDS, "agent", 0.1)
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(Unavailable, match=f"nothing answers at {url}, which --allow-remote names"):
        rehearsed(folder, url)


@pytest.mark.parametrize("url", ["production.example", "ftp://x/", "https://user:secret@x/", "https://x/?a=1"])
def test_what_is_no_plain_address_is_refused(tmp_path: Path, url: str) -> None:
    done = checker("audit", str(tmp_path), "--profile", "agent", "--allow-remote", url)
    assert done.code == 2
    assert "--allow-remote" in done.err
    assert "secret" not in done.err


def test_where_a_url_leads() -> None:
    one = Client.of("https://staging.example.com/api")
    assert (one.host, one.port, one.origin) == ("staging.example.com", 443, "https://staging.example.com:443")
    assert Client.of("http://[::1]:8080").origin == "http://[::1]:8080"
