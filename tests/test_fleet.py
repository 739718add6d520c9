"""Many repositories: each judged apart, an earlier run taken over, a shard, limits, and a cluster that loses a worker."""

from __future__ import annotations

import json
import multiprocessing
import os
import select
import signal
import subprocess
import sys
import time
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from checker.fleet import judging, listing, overview, running
from checker.fleet.judging import Row, Task
from checker.fleet.running import INDEX, report_of
from checker.fleet.since import since
from checker.model.unavailable import Unavailable
from checker.toml_source import ConfigurationError
from tests.cluster import two_workers
from tests.fake_secrets import fake

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    """Six small repositories, one with a secret, and the list that names them."""
    for number in range(6):
        folder = tmp_path / f"repo-{number}"
        folder.mkdir()
        (folder / "app.py").write_text(f"A = {number}\n", "utf-8")
    (tmp_path / "repo-3" / "app.py").write_text(f'KEY = "{fake("github-pat")}"\n', "utf-8")
    (tmp_path / "repos.txt").write_text("# ours\n" + "".join(f"repo-{n}\n" for n in range(6)), "utf-8")
    return tmp_path


def run(folder: Path, *words: str, **around: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-P", "-m", "checker", "fleet", "repos.txt", "--only=secrets", "--jobs=2", *words]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **around}
    return subprocess.run(argv, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=300)


def rows(folder: Path, out: str = "checker-fleet") -> dict[str, dict[str, Any]]:
    lines = (folder / out / INDEX).read_text("utf-8").splitlines()
    return {row["name"]: row for row in map(json.loads, lines)}


def test_each_is_judged_and_the_worst_stands_first(fleet: Path) -> None:
    done = run(fleet)
    assert done.returncode == 1, done.stderr
    lines = done.stdout.splitlines()
    assert lines[1].startswith("repo-3")
    assert "6 repositories: 5 ready, 1 blocked" in done.stdout
    assert {name: row["status"] for name, row in rows(fleet).items()} == {
        f"repo-{n}": "blocked" if n == 3 else "ready" for n in range(6)
    }
    report = json.loads((fleet / "checker-fleet" / report_of("repo-3")).read_text("utf-8"))
    assert report["findings"][0]["rule"] == "secret-in-tree"
    page = (fleet / "checker-fleet" / "index.html").read_text("utf-8")
    assert report_of("repo-3") in page
    assert fake("github-pat") not in page


def test_the_next_run_judges_only_what_changed(fleet: Path) -> None:
    time.sleep(2.1)
    run(fleet)
    before = {path: path.stat().st_mtime_ns for path in (fleet / "checker-fleet" / "reports").iterdir()}
    (fleet / "repo-3" / "app.py").write_text("A = 3\n", "utf-8")
    done = run(fleet, "--format=json")
    assert done.returncode == 0, done.stderr
    found = {one["name"]: one for one in json.loads(done.stdout)["repositories"]}
    assert found["repo-3"]["status"] == "ready"
    assert json.loads(done.stdout)["since"] == {"repo-3": ["better", "was blocked; -1 critical"]}
    assert "Since the earlier run: 1 better." in (fleet / "checker-fleet" / "index.html").read_text("utf-8")
    after = {path: path.stat().st_mtime_ns for path in (fleet / "checker-fleet" / "reports").iterdir()}
    changed = {path.name for path in after if after[path] != before[path]}
    assert changed == {Path(report_of("repo-3")).name}


def test_a_run_that_was_stopped_is_taken_up_again(fleet: Path) -> None:
    time.sleep(2.1)
    argv = [sys.executable, "-P", "-m", "checker", "fleet", "repos.txt", "--only=secrets", "--jobs=1"]
    around = {**os.environ, "PYTHONPATH": str(ROOT)}
    first = subprocess.Popen(argv, cwd=fleet, env=around, stderr=subprocess.PIPE, text=True, start_new_session=True)
    assert first.stderr is not None
    assert first.stderr.readline().startswith("[1/6]")
    os.killpg(first.pid, signal.SIGINT)
    first.communicate(timeout=30)
    assert first.returncode == 130
    kept = len(rows(fleet))
    assert 1 <= kept < 6
    with open(fleet / "checker-fleet" / INDEX, "a", encoding="utf-8") as index:
        index.write('{"name": "repo-5", "co')  # as a full disk or a power cut leaves it
    done = run(fleet)
    assert done.returncode == 1
    assert len(rows(fleet)) == 6


@pytest.mark.parametrize("variable", ["CHECKER_BASE", "GITHUB_BASE_REF", "CI_MERGE_REQUEST_DIFF_BASE_SHA"])
def test_a_report_against_another_base_is_not_taken_over(
    fleet: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setattr(running, "snapshot", lambda place: "the same state")

    def key() -> str | None:
        return running.tasks(("repo-0",), fleet, (), 60.0, 512, executes=False)[0].key

    before = key()
    assert before == key()
    monkeypatch.setenv(variable, "another")
    assert key() != before


def test_shards_share_the_list_out() -> None:
    names = tuple(f"repo-{number}" for number in range(200))
    parts = [listing.shard(names, f"{part}/4") for part in range(1, 5)]
    assert sorted(name for part in parts for name in part) == sorted(names)
    assert all(20 < len(part) < 80 for part in parts)
    assert listing.shard((*names, "one-more"), "2/4")[: len(parts[1])] == parts[1]
    for wrong in ("0/4", "5/4", "4", "a/b", "1/0"):
        with pytest.raises(ConfigurationError, match="no i/n"):
            listing.shard(names, wrong)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("https://example.org/a.git\n", "repos.txt:1: https://example.org/a.git is an address; clone it"),
        ("repo-0\nrepo-0\n", "repos.txt:2: repo-0 stands on line 1 already"),
        ("repo-0\nrepo-0/\n", "repos.txt:2: repo-0/ stands on line 1 already"),
        ("./repo-0\nrepo-0\n", "repos.txt:2: repo-0 stands on line 1 already"),
        ("# nothing\n", "repos.txt: names no repository"),
    ],
)
def test_a_list_that_is_wrong_is_refused_with_its_line(fleet: Path, text: str, said: str) -> None:
    (fleet / "repos.txt").write_text(text, "utf-8")
    done = run(fleet)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert said in done.stderr
    assert not (fleet / "checker-fleet").exists()


def test_a_folder_that_is_not_there_is_a_row_and_stops_no_other(fleet: Path) -> None:
    (fleet / "repos.txt").write_text("repo-0\nnowhere\napp/../repo-1/app.py\n", "utf-8")
    done = run(fleet)
    assert (done.returncode, done.stderr.count("Traceback")) == (3, 0), done.stderr
    found = {name: (row["code"], row["status"], row["verdict"]) for name, row in rows(fleet).items()}
    assert found["nowhere"] == (3, "unread", "No such file or directory")
    assert found["app/../repo-1/app.py"][:2] == (3, "unread")
    assert found["repo-0"][:2] == (0, "ready")


def test_limits_stop_one_and_not_the_others(fleet: Path) -> None:
    (fleet / "repo-1" / "checker.toml").write_text("standards = [\n", "utf-8")
    done = run(fleet, "--memory=128")
    assert done.returncode in (2, 4)
    assert rows(fleet)["repo-1"]["status"] == "error"
    done = run(fleet, "--out=again")
    assert done.returncode == 2
    found = rows(fleet, "again")
    assert "checker.toml:2" in found["repo-1"]["verdict"] or "checker.toml:1" in found["repo-1"]["verdict"]
    assert [found[f"repo-{n}"]["status"] for n in (0, 2, 4, 5)] == ["ready"] * 4


def test_names_are_shown_and_never_obeyed() -> None:
    row = Row(name="<script>x</script>\x1b[31m\u202e", code=0, status="ready", verdict="READY", score=100)
    page = overview.page([row])
    assert "<script>" not in page
    assert "\x1b" not in "\n".join(overview.text([row]))
    assert "\u202e" not in page


def test_a_cluster_that_loses_a_worker_loses_nothing(fleet: Path) -> None:
    cluster = two_workers()

    def kill_one(row: Row, position: int, of: int) -> None:
        if position == 1:
            os.kill(next(iter(cluster.workers.values())).process.process.pid, signal.SIGKILL)

    with cluster:
        names = listing.read(fleet / "repos.txt")
        work = running.tasks(names, fleet, ("--profile=static", "--only=secrets"), 120.0, 2048, executes=False)
        with running.on_a_cluster(cluster.scheduler_address) as workers:
            found = running.run(work, fleet / "out", workers, kill_one)
    assert {row.name: row.status for row in found} == {f"repo-{n}": "blocked" if n == 3 else "ready" for n in range(6)}


def _workers(parent: int) -> list[int]:
    """The processes that a pool of this parent's works with."""
    found = Path(f"/proc/{parent}/task/{parent}/children").read_text("ascii").split()
    return [int(pid) for pid in found if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def test_a_local_worker_that_is_killed_loses_nothing(fleet: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    (fleet / "out").mkdir()

    def kill_one(row: Row, position: int, of: int) -> None:
        if position == 1:
            os.kill(_workers(os.getpid())[0], signal.SIGKILL)

    names = listing.read(fleet / "repos.txt")
    work = running.tasks(names, fleet, ("--profile=static", "--only=secrets"), 120.0, 2048, executes=False)
    with running.on_this_machine(1) as workers:
        found = running.run(work, fleet / "out", workers, kill_one)
    assert {row.name: row.status for row in found} == {f"repo-{n}": "blocked" if n == 3 else "ready" for n in range(6)}


def test_what_kills_each_worker_ends_as_a_row(fleet: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    (fleet / "out").mkdir()
    monkeypatch.setattr(running, "judge", deadly)
    work = running.tasks(("repo-0", "repo-1"), fleet, (), 60.0, 512, executes=False)
    with running.on_this_machine(1) as workers:
        found = running.run(work, fleet / "out", workers, lambda row, position, of: None)
    assert [(row.status, row.code) for row in found] == [("error", 4)] * 2
    assert len((fleet / "deaths").read_text("ascii")) == 4
    assert rows(fleet, "out")["repo-0"]["verdict"].startswith("its worker was killed, 4 times")


def deadly(task: Task) -> tuple[Row, bytes]:
    with open(Path(task.folder).parent / "deaths", "a", encoding="ascii") as deaths:
        deaths.write("x")
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def test_what_kills_each_worker_of_a_cluster_ends_as_a_row(fleet: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = two_workers()
    monkeypatch.setattr(running, "judge", deadly_in_one)
    with cluster:
        work = running.tasks(("repo-0", "repo-1"), fleet, (), 60.0, 512, executes=False)
        with running.on_a_cluster(cluster.scheduler_address) as workers:
            (fleet / "out").mkdir()
            found = running.run(work, fleet / "out", workers, lambda row, position, of: None)
    assert [(row.name, row.status) for row in found] == [("repo-0", "error"), ("repo-1", "ready")]
    assert found[0].verdict.startswith("it killed the workers that judged it: ")


def deadly_in_one(task: Task) -> tuple[Row, bytes]:
    return (
        deadly(task) if task.name == "repo-0" else (Row(name=task.name, code=0, status="ready", verdict="READY"), b"")
    )


def test_a_scheduler_that_goes_away_ends_the_run_and_keeps_what_was_judged(fleet: Path) -> None:
    class Gone(Executor):
        def submit(self, work: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            future: Future[Any] = Future()
            if args[0].name == "repo-0":
                future.set_result((Row(name="repo-0", code=0, status="ready", verdict="READY"), b""))
            else:
                future.cancel()
                future.set_running_or_notify_cancel()
            return future

    (fleet / "out").mkdir()
    work = running.tasks(("repo-0", "repo-1"), fleet, (), 60.0, 512, executes=False)
    with pytest.raises(Unavailable, match="scheduler went away"):
        running.run(work, fleet / "out", Gone(), lambda row, position, of: None)
    assert set(rows(fleet, "out")) == {"repo-0"}


def write_some(out: Path, part: int) -> None:
    """What a shard does to the index, many times over."""
    for number in range(40):
        row = Row(name=f"repo-{part}-{number}", code=0, status="ready", verdict="READY")
        running._keep(out, row, b"")
        running._write_index(out, [row])


def test_shards_that_run_at_once_lose_no_row(tmp_path: Path) -> None:
    with ProcessPoolExecutor(4, mp_context=multiprocessing.get_context("spawn")) as pool:
        list(pool.map(write_some, [tmp_path] * 4, range(4)))
    assert len(running.rows_of(tmp_path)) == 160


def test_an_audit_ends_with_its_worker(fleet: Path) -> None:
    os.mkfifo(fleet / "gate")
    waits = f"open({os.fspath(fleet / 'gate')!r}, 'w').write('up'); sys.stdin.read()"
    child = judging._LIMITED.partition("runpy.run_module")[0] + waits
    parent = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1], '512'], stdin=0)"
    worker = subprocess.Popen([sys.executable, "-c", parent, child], stdin=subprocess.PIPE)
    with open(fleet / "gate", "rb") as up:
        assert up.read() == b"up"
    started = int(Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text("ascii"))
    watched = os.pidfd_open(started)
    worker.kill()
    worker.wait()
    assert worker.stdin is not None
    ended, _, _ = select.select([watched], [], [], 30)
    os.close(watched)
    worker.stdin.close()
    assert ended


def test_a_scheduler_that_is_not_there_is_refused(fleet: Path) -> None:
    done = run(fleet, "--scheduler=tcp://127.0.0.1:1")
    assert done.returncode == 2
    assert "tcp://127.0.0.1:1 does not answer" in done.stderr


def test_no_module_of_a_repository_stands_in_for_ours(fleet: Path) -> None:
    (fleet / "repo-3" / "pydantic.py").write_text("raise SystemExit('taken over')\n", "utf-8")
    done = run(fleet, PYTHONPATH=f":.:{ROOT}")
    assert done.returncode == 1, done.stderr
    assert rows(fleet)["repo-3"]["status"] == "blocked"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--out=repos.txt/out",), "--out repos.txt/out: cannot be made: Not a directory"),
        (("--only=secret",), "--only: no rule or family 'secret'"),
        (("--skip=nothing-such",), "--skip: no rule or family 'nothing-such'"),
        (("--standard=nothing-such",), "--standard: unknown standard 'nothing-such'"),
    ],
)
def test_what_no_audit_could_take_is_refused_before_any(fleet: Path, words: tuple[str, ...], said: str) -> None:
    done = run(fleet, *words)
    assert (done.returncode, done.stderr.count("\n"), done.stdout) == (2, 1, "")
    assert said in done.stderr
    assert not (fleet / "checker-fleet").exists()


def test_an_index_that_is_no_text_is_begun_anew(fleet: Path) -> None:
    (fleet / "repos.txt").write_text("repo-0\n", "utf-8")
    (fleet / "checker-fleet").mkdir()
    (fleet / "checker-fleet" / INDEX).write_bytes(b"\xff\xfe\x00\x80\n")
    done = run(fleet)
    assert done.returncode == 0, done.stderr
    assert list(rows(fleet)) == ["repo-0"]


@pytest.mark.parametrize("said", ["MemoryError", "The checker broke: MemoryError:  (checker/audit.py:1)"])
def test_too_little_memory_is_said_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setattr(judging, "_LIMITED", f"import sys; sys.exit({said!r})")
    row, report = judging.judge(Task("repo", os.fspath(tmp_path), (), 60.0, 512, None))
    assert (row.code, row.status, report) == (3, "error", b"")
    assert row.verdict == "needs more than 512 MiB of memory; give it more with --memory"


def test_two_runs_are_compared() -> None:
    def row(name: str, status: str = "blocked", **counts: int) -> Row:
        return Row.model_validate({"name": name, "code": 1, "status": status, "verdict": "", "score": 50, **counts})

    earlier = [row("a", major=2), row("b", "ready"), row("c"), row("d", minor=1), row("e", major=1)]
    later = [row("a", critical=1, major=1), row("b"), row("d", "ready", minor=1), row("e", major=1), row("new")]
    found = since(later, earlier)
    assert found.summary == "since the earlier run: 2 worse, 1 better, 1 new, 1 gone"
    assert found.word("a") == "worse: +1 critical, -1 major"
    assert (found.word("b"), found.word("d")) == ("worse: was ready", "better: was blocked")
    assert (found.word("e"), found.word("new"), found.word("c")) == ("", "new", "gone: was blocked")
    assert "gone" not in since(later, earlier, whole=False).summary
    assert not since(later, []).compared
    told = list(overview.text(later, found))
    assert told[-3:] == [found.summary, "  a worse: +1 critical, -1 major", "  b worse: was ready"]


def test_an_empty_shard_has_looked_at_nothing(fleet: Path) -> None:
    (fleet / "repos.txt").write_text("repo-0\n", "utf-8")
    codes = {run(fleet, f"--shard={part}/2").returncode for part in (1, 2)}
    assert codes == {0, 3}


def test_shards_into_one_folder_share_the_page(fleet: Path) -> None:
    run(fleet, "--shard=1/2")
    run(fleet, "--shard=2/2")
    page = (fleet / "checker-fleet" / "index.html").read_text("utf-8")
    assert len(rows(fleet)) == 6
    assert all(report_of(f"repo-{n}") in page for n in range(6))
