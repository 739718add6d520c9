"""A warm interpreter: what is forked from it is what would have been executed, and it is given up where it cannot be."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from checker.model.observation import Observation, Place
from checker.model.rehearsal import Fuzzing, Rehearsal
from checker.model.rule import Confidence
from checker.model.stage_view import StageView
from checker.model.unavailable import Unavailable
from checker.probe.stage.app import Log, Process, marked
from checker.probe.stage.warm import Warm

TELLS = """
import os, sys
import plistlib

print(sys.argv, sys.path[0] == os.getcwd(), os.environ["WHO"], os.getpid() == os.getsid(0), flush=True)
{last}
"""


@contextmanager
def warm(folder: Path, text: str) -> Iterator[Warm]:
    (folder / "job.py").write_text(text, "utf-8")
    with closing(Warm(sys.executable, ["job"], {"PATH": os.environ["PATH"]}, folder)) as one:
        yield one


def started(one: Warm, folder: Path, mark: str = "m-1") -> Process | None:
    return one.spawn([sys.executable, "-m", "job", "a"], {"WHO": "me"}, folder, mark)


def ended(process: Process | None) -> tuple[int, str]:
    assert process is not None
    log = Log(process)
    code = process.wait(20)
    log.close()
    return code, log.since(0)


def test_a_fork_is_what_the_command_would_have_been(tmp_path: Path) -> None:
    with warm(tmp_path, TELLS.format(last="raise SystemExit(3)")) as one:
        assert ended(started(one, tmp_path)) == (3, f"['{tmp_path}/job.py', 'a'] True me True\n")


def test_packages_are_imported_once_and_modules_of_the_project_in_each_process(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text("import colorsys", "utf-8")
    text = "import sys\nbefore = set(sys.modules)\nimport own\nprint('colorsys' in before, 'own' in before, flush=True)"
    with warm(tmp_path, text) as one:
        for _ in range(2):
            assert ended(started(one, tmp_path)) == (0, "True False\n")


def test_a_fork_is_found_by_its_mark_and_not_by_another(tmp_path: Path) -> None:
    with warm(tmp_path, "import time\ntime.sleep(60)") as one:
        process = started(one, tmp_path, "mark-of-this")
        assert process is not None
        assert list(marked("mark-of-this")) == [process.pid]
        assert not list(marked("mark-of"))
        os.kill(process.pid, 9)
        assert ended(process) == (-9, "")


def test_where_an_installed_package_starts_a_thread_nothing_is_forked(tmp_path: Path) -> None:
    packages = tmp_path / "site-packages"
    packages.mkdir()
    threads = "import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()"
    (packages / "heavy.py").write_text(threads, "utf-8")
    (tmp_path / "job.py").write_text("import heavy", "utf-8")
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(packages)}
    with closing(Warm(sys.executable, ["job"], environment, tmp_path)) as one:
        assert started(one, tmp_path) is None
    with closing(Warm(sys.executable, [], environment, tmp_path)) as one:
        ended(started(one, tmp_path))


@pytest.mark.parametrize(
    "argv",
    [
        ["node", "server.js"],
        [sys.executable, "-c", "print(1)"],
        [sys.executable, "-m", "uvicorn", "a:b", "--workers", "2"],
        [sys.executable],
    ],
)
def test_what_is_not_a_module_or_a_script_of_this_interpreter_is_executed(tmp_path: Path, argv: list[str]) -> None:
    with warm(tmp_path, "") as one:
        assert one.spawn(argv, {}, tmp_path, "m-3") is None


def test_after_a_failure_nothing_is_forked_any_more(tmp_path: Path) -> None:
    with warm(tmp_path, "") as one:
        assert ended(started(one, tmp_path)) == (0, "")
        assert one.cool()
        assert not one.cool()
        assert started(one, tmp_path) is None


def test_forks_end_with_who_adopted_them(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from checker.probe.stage.warm import Warm\n"
        f"w = Warm(sys.executable, ['job'], {{}}, Path({str(tmp_path)!r}))\n"
        f"print(w.spawn([sys.executable, '-m', 'job'], {{}}, Path({str(tmp_path)!r}), 'mark-of-adopted').pid, flush=True)\n"
        "time.sleep(60)"
    )
    (tmp_path / "job.py").write_text("import time\ntime.sleep(60)", "utf-8")
    root = str(Path(__file__).parent.parent)
    with subprocess.Popen([sys.executable, "-c", script], cwd=root, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        time.sleep(0.1)  # the kernel is told whose end is its own after it was adopted
        parent.kill()
    for _ in range(500):
        if not Path(f"/proc/{pid}").exists() or "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text("utf-8"):
            return
        time.sleep(0.01)
    pytest.fail("it still runs")


def test_a_run_that_its_clock_ended_proves_defects_alone() -> None:
    view = StageView(Rehearsal(fuzzing=Fuzzing(cut="its clock ended it")), None)
    good = Observation("GET /a", ok=True, place=Place("a.yaml"))
    bad = Observation("GET /b", ok=False, place=Place("a.yaml"), message="b")
    weak = Observation("GET /c", ok=False, place=Place("a.yaml"), message="c", confidence=Confidence.LOW)
    assert list(view.judged([good, bad, weak])) == [bad, weak]
    for proves_nothing in ([good], [good, weak], []):
        with pytest.raises(Unavailable, match="its clock ended it"):
            list(view.judged(proves_nothing))
    assert list(StageView(Rehearsal(fuzzing=Fuzzing()), None).judged([good])) == [good]
