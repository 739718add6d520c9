"""Proofs under bad conditions: commands that attack what runs them, keys that are none, clocks that are moved."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from checker import proving
from checker.probe.network import own_processes
from checker.proofs import bundle, gates, keys
from checker.proofs.decision import Weighed
from checker.proving import prove
from checker.workplace import Request
from tests.proved_project import Project, quick_gates, reasons
from tests.scratch import commit, git

HERE = Path(__file__).resolve().parent.parent


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.fixture(autouse=True)
def one_proof_gates(monkeypatch: pytest.MonkeyPatch) -> None:
    more = quick_gates()
    monkeypatch.setattr(gates, "load", lambda: more)


def commanded(project: Project, *command: str) -> None:
    text = (project.root / "checker.toml").read_text("utf-8")
    told = f"[commands]\nsmoke_test = {json.dumps(command)}"
    (project.root / "checker.toml").write_text(text.replace("[commands]", told), "utf-8")
    project.base = commit(project.root, "command")


@pytest.mark.parametrize("apart", [True, False])
def test_a_command_that_kills_its_parent_forges_no_proof(project: Project, apart: bool) -> None:
    """Among processes of its own it does not reach the checker; where the kernel gives none, no proof is left."""
    if apart and not own_processes():
        pytest.skip("the kernel gives no processes of their own here")
    script = "import os, signal; os.kill(os.getppid(), signal.SIGKILL); raise SystemExit(3)"
    commanded(project, "python", "-c", script)
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(HERE), "HOME": str(project.root.parent)}
    environment[keys.VARIABLE] = str(project.keys["local"])
    words = ["prove", "smoke_test", str(project.root), "--base", project.base]
    started = (
        "import sys; from checker.proofs import scratch\n"
        f"if not {apart}: scratch.own_processes = lambda: ()\n"
        f"sys.argv = ['checker', *{words!r}]\nfrom checker.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", started], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == (1 if apart else -signal.SIGKILL), done.stderr
    assert project.bundle().exists() == apart
    assert "FAILED" in done.stdout or not apart


def test_a_command_that_kills_what_it_sees_kills_no_checker(project: Project) -> None:
    if not own_processes():
        pytest.skip("this kernel gives no process namespace, and -1 would be everybody")
    script = "import os, signal; os.kill(-1, signal.SIGKILL)"
    commanded(project, "python", "-c", script)
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(HERE), "HOME": str(project.root.parent)}
    environment[keys.VARIABLE] = str(project.keys["local"])
    command = [sys.executable, "-m", "checker", "prove", "smoke_test", str(project.root), "--base", project.base]
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert done.returncode == 1, done.stderr
    assert project.bundle().exists()


def test_a_command_that_prints_a_gigabyte_is_read_to_its_end(project: Project) -> None:
    script = "import os\nblock = b'x' * (1 << 20)\nfor _ in range(1024):\n    os.write(1, block)\nraise SystemExit(3)"
    commanded(project, "python", "-c", script)
    assert project.prove("smoke_test") == ["FAILED"]
    assert project.bundle().stat().st_size < 10_000


def test_a_command_that_writes_into_the_repository_finds_it_elsewhere(project: Project) -> None:
    script = "import pathlib; pathlib.Path('app/calc.py').write_text('changed'); pathlib.Path('.checker').mkdir()"
    commanded(project, "python", "-c", script)
    before = (project.root / "app" / "calc.py").read_text("utf-8")
    assert project.prove("smoke_test") == ["WARNED"]
    assert (project.root / "app" / "calc.py").read_text("utf-8") == before
    assert git(project.root, "status", "--porcelain", "--", "app") == ""


@pytest.mark.parametrize(
    ("mode", "said"), [(0o644, "chmod 600"), (0o640, "chmod 600"), (0o606, "chmod 600"), (0o660, "chmod 600")]
)
def test_a_key_that_others_could_read_or_write_is_refused(project: Project, mode: int, said: str) -> None:
    project.keys["local"].chmod(mode)
    with pytest.raises(keys.KeyRefused, match=said):
        project.prove("build_output")
    assert not (project.root / bundle.FOLDER).exists()


@pytest.mark.parametrize("text", ["", "not a key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_a_key_that_is_none_is_refused(project: Project, text: str) -> None:
    project.keys["local"].write_text(text)
    with pytest.raises(keys.KeyRefused, match="checker key new"):
        project.prove("build_output")


@pytest.mark.parametrize("make", [lambda path: path.mkdir(), os.mkfifo, lambda path: None])
def test_a_key_that_is_no_file_is_refused(project: Project, make: object) -> None:
    place = project.keys["local"]
    place.unlink()
    assert callable(make)
    make(place)
    with pytest.raises(keys.KeyRefused, match=r"no key|cannot be read"):
        project.prove("build_output")


def at(moment: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proving, "_now", lambda: moment.strftime("%Y-%m-%dT%H:%M:%SZ"))


def test_a_chain_decides_and_not_the_clock(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same tree fails after it passed, and a clock that is moved back a little does not make the pass the newer one."""
    assert project.prove("build_output") == ["PASSED"]
    at(datetime.now(UTC) - timedelta(minutes=4), monkeypatch)
    monkeypatch.setattr(proving, "weigh", lambda *_: Weighed("block", ("failed: on purpose",)))
    assert project.prove("build_output") == ["FAILED"]
    assert "failed: build_output: failed: on purpose" in reasons(project.gate())


def test_a_clock_that_is_moved_far_back_is_seen(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    assert project.prove("build_output") == ["PASSED"]
    at(datetime.now(UTC) - timedelta(days=1), monkeypatch)
    assert project.prove("lint_output") == ["PASSED"]
    (seen,) = [one for one in project.gate("G7").proofs if one.type == "lint_output"]
    assert seen.state == "untrusted"
    assert "the clock was moved" in seen.reason


def test_no_commit_yet_and_no_file_yet(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main", "repo")
    root = tmp_path / "repo"
    with pytest.raises(Exception, match="no command for build_output"):
        prove("build_output", Request(path=root))
    (root / "a.py").write_text("A = 1\n")
    assert prove("build_output", Request(path=root)).proof.predicate.result == "PASSED"


def test_the_records_folder_as_a_link_is_refused(project: Project, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (project.root / ".checker").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Exception, match="symbolic link"):
        project.prove("build_output")
    assert list((tmp_path / "elsewhere").iterdir()) == []
