"""What goes wrong around a run, killed, no room, a broken cache or two at once, makes no wrong verdict and no half report."""

from __future__ import annotations

import json
import random
import resource
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.child import AS_OF, ENVIRONMENT, command
from tests.scratch import commit, git

CACHE = "backend-checker"
CONTRACT = "openapi: 3.1.0\ninfo: {title: T, version: '1'}\npaths:\n  /a:\n    post:\n      responses: {}\n"
SOURCE = """\
import sqlite3

from fastapi import FastAPI

app = FastAPI()


@app.post("/a/{name}")
def a(name: str) -> object:
    return sqlite3.connect("a.db").execute(f"select * from a where name = '{name}'").fetchall()
"""


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("faults") / "repo"
    folder.mkdir()
    (folder / "openapi.yaml").write_text(CONTRACT, "utf-8")
    for number in range(5):
        (folder / f"app_{number}.py").write_text(SOURCE, "utf-8")
    git(folder, "init", "-q", "-b", "main")
    commit(folder, "first")
    return folder


def words(repo: Path, *more: str | Path) -> list[str]:
    return command("audit", repo, "--as-of", AS_OF, "--skip", "outputs", "--skip", "proofs", *more)


def around(folder: Path, **more: str) -> dict[str, str]:
    """An environment with a cache and a place for temporary files of its own."""
    (folder / "tmp").mkdir(parents=True, exist_ok=True)
    return {**ENVIRONMENT, "XDG_CACHE_HOME": str(folder / "cache"), "TMPDIR": str(folder / "tmp"), **more}


def run(
    argv: list[str], env: dict[str, str], limit: Callable[[], None] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        argv, env=env, cwd="/", capture_output=True, text=True, check=False, timeout=300, preexec_fn=limit
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("seed", range(3))
def test_killed_at_any_moment_it_leaves_no_half_report(
    repo: Path, tmp_path: Path, number: signal.Signals, seed: int
) -> None:
    out = tmp_path / "report.json"
    out.write_text('{"earlier": true}', "utf-8")
    child = subprocess.Popen(
        words(repo, "--output", f"json:{out}"),
        env=around(tmp_path),
        cwd="/",
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    time.sleep(random.Random(f"{number}{seed}").uniform(0.05, 1.0))
    child.send_signal(number)
    child.communicate(timeout=60)
    found = json.loads(out.read_text("utf-8"))
    assert found == {"earlier": True} or found["tool"] == "backend-checker"
    assert child.returncode in (-number, -signal.SIGINT, 128 + number, 130, 1), "killed, interrupted, or done before"
    assert not _runs_in_session(child.pid)


def _runs_in_session(session: int) -> list[str]:
    """What is left of a process's session, after a moment in which it may end."""
    found: list[str] = []
    for _ in range(50):
        found = []
        for entry in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = entry.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[3]) == session and fields[0] != "Z":
                found.append(entry.parent.name)
        if not found:
            return []
        time.sleep(0.1)
    return found


def test_without_room_there_is_one_line_and_no_file(repo: Path, tmp_path: Path) -> None:
    """A limit on the size of files stands in for a full disk: writing fails in the same way."""

    def full() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    out = tmp_path / "report.json"
    env = around(tmp_path, PYTHONDONTWRITEBYTECODE="1")  # Python itself leaves half a file here, and trusts it later
    done = run(words(repo, "--output", f"json:{out}", "--no-cache"), env, full)
    assert done.returncode in (2, 3, 4), done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.strip()
    assert not out.exists()
    assert list(tmp_path.glob(".checker-*")) == []


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def _junk(file: Path) -> None:
    file.write_bytes(random.Random(1).randbytes(file.stat().st_size))


def _flipped(file: Path) -> None:
    data = bytearray(file.read_bytes())
    for at in random.Random(2).sample(range(100, len(data)), min(200, len(data) - 100)):
        data[at] ^= 0xFF
    file.write_bytes(bytes(data))


def _folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


@pytest.mark.parametrize("damage", [_cut, _junk, _flipped, _folder])
def test_a_damaged_cache_changes_nothing(repo: Path, tmp_path: Path, damage: Callable[[Path], None]) -> None:
    env = around(tmp_path)
    first = run(words(repo, "--format", "json"), env)
    files = [file for file in (tmp_path / "cache" / CACHE).rglob("*") if file.is_file()]
    assert files, "the run kept something"
    for file in files:
        damage(file)
    again = run(words(repo, "--format", "json"), env)
    assert (again.returncode, again.stdout) == (first.returncode, first.stdout), again.stderr[-2000:]


def test_with_and_without_a_cache_and_on_one_core_the_bytes_are_the_same(repo: Path, tmp_path: Path) -> None:
    env = around(tmp_path)
    outputs = {
        run(words(repo, "--format", "json", *more), env).stdout for more in ([], [], ["--no-cache"], ["--jobs", "1"])
    }
    assert len(outputs) == 1


def test_two_at_once_on_one_repository_and_one_cache(repo: Path, tmp_path: Path) -> None:
    env = around(tmp_path)
    both = [
        subprocess.Popen(words(repo, "--format", "json"), env=env, cwd="/", stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    said = {child.communicate(timeout=300)[0] for child in both}
    assert len(said) == 1
    assert json.loads(said.pop())["status"] == "blocked"


def test_nothing_is_written_into_what_is_audited(repo: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(repo, copy, symlinks=True)
    before = sorted((path, path.lstat().st_mtime_ns) for path in copy.rglob("*"))
    done = run(words(copy, "--format", "json"), around(tmp_path))
    assert done.returncode == 1
    assert sorted((path, path.lstat().st_mtime_ns) for path in copy.rglob("*")) == before


@pytest.mark.parametrize("as_of", ["1999-01-01T00:00:00Z", "2400-01-01T00:00:00Z"])
def test_a_clock_that_is_wrong_only_moves_what_hangs_on_time(repo: Path, as_of: str) -> None:
    done = subprocess.run(
        command("audit", repo, "--as-of", as_of, "--only", "api", "--format", "json"),
        env=ENVIRONMENT,
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert json.loads(done.stdout)["as_of"] == as_of


def test_nothing_is_left_in_the_temporary_folder(repo: Path, tmp_path: Path) -> None:
    env = around(tmp_path)
    run(words(repo), env)
    assert list((tmp_path / "tmp").iterdir()) == []
