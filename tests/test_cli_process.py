"""The command line as a process: what it loads, what it writes, and how it ends when nobody listens."""

from __future__ import annotations

import io
import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from checker.cli.ticking import ticking
from checker.collect.facts import Facts
from tests import backend
from tests.backend import ONLY
from tests.child import ENVIRONMENT, audit, checker, command
from tests.scratch_git import Repo


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    return backend.folder(tmp_path / "bad")


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return backend.anchored(tmp_path / "repo")


class TestOutput:
    def test_two_runs_give_the_same_bytes(self, repo: Repo) -> None:
        (repo.path / "link").symlink_to("..")
        for fmt in ("json", "text"):
            first, second = (audit(repo.path, "--format", fmt, env={"PYTHONHASHSEED": seed}) for seed in "12")
            assert first == second

    def test_every_format_goes_to_a_file_as_it_goes_to_the_pipe(self, bad: Path, tmp_path: Path) -> None:
        formats = ["agent", "github", "gitlab", "json", "junit", "markdown", "rdjson", "sarif", "text"]
        outputs = [word for fmt in formats for word in ("--output", f"{fmt}:{tmp_path / fmt}")]
        done = audit(bad, *ONLY, "--format", "json", *outputs)
        assert done.code == 1
        assert (tmp_path / "json").read_text("utf-8") == done.out
        for fmt in formats:
            assert (tmp_path / fmt).read_bytes() == audit(bad, *ONLY, "--format", fmt).out.encode(), fmt
            assert stat.S_IMODE((tmp_path / fmt).stat().st_mode) == 0o644

    def test_results_go_to_stdout_and_nothing_else_does(self, bad: Path) -> None:
        done = audit(bad, *ONLY, "--format", "json")
        assert (done.json["schema"], done.err) == ("review-findings/1", "")

    def test_the_audited_tree_is_not_written_to(self, repo: Repo) -> None:
        before = repo.listing()
        audit(repo.path)
        assert repo.listing() == before

    def test_nothing_is_left_in_the_temporary_directory(self, repo: Repo, tmp_path: Path) -> None:
        (tmp_path / "scratch").mkdir()
        audit(repo.path, env={"TMPDIR": str(tmp_path / "scratch")})
        assert list((tmp_path / "scratch").iterdir()) == []


class TestProcess:
    def test_the_version_loads_nothing_heavy(self) -> None:
        done = subprocess.run(
            command("--version", python=("-X", "importtime")),
            env=ENVIRONMENT,
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout == "checker, version 0.1.0\n"
        loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
        assert "click" in loaded
        assert loaded.isdisjoint(
            {"pydantic", "pydantic_core", "schemathesis", "yaml", "jsonschema_rs", "graphql", "sqlalchemy", "alembic"}
        )

    def test_help_names_every_command_without_loading_it(self) -> None:
        done = checker("--help")
        assert done.code == 0
        for name in ("audit", "doctor", "explain", "report", "rules", "standards"):
            assert f"  {name} " in done.out

    @pytest.mark.parametrize(
        "words", [("audit", "BAD", "--format", "json"), ("audit", "BAD"), ("rules",), ("standards", "--format", "json")]
    )
    def test_a_reader_that_leaves_changes_nothing(self, bad: Path, words: tuple[str, ...]) -> None:
        """Quiet, and an audit still says by its exit code what it found."""
        ours, theirs = os.pipe()
        os.close(ours)
        argv = command(*(str(bad) if word == "BAD" else word for word in words))
        done = subprocess.run(argv, env=ENVIRONMENT, stdout=theirs, stderr=subprocess.PIPE, check=False)
        os.close(theirs)
        assert (done.returncode, done.stderr) == (1 if words[0] == "audit" else 0, b"")

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
    def test_a_full_disk_is_said(self, bad: Path) -> None:
        with open("/dev/full", "wb") as full:
            done = subprocess.run(
                command("audit", bad), env=ENVIRONMENT, stdout=full, stderr=subprocess.PIPE, text=True, check=False
            )
        assert done.returncode == 4
        assert "No space left on device" in done.stderr
        assert len(done.stderr.splitlines()) == 1

    def test_without_a_standard_output_the_files_are_written(self, bad: Path, tmp_path: Path) -> None:
        closed = [sys.executable, "-c", "import os, sys; os.close(1); os.execv(sys.executable, sys.argv[1:])"]
        argv = [*closed, *command("audit", bad, *ONLY, "--output", f"json:{tmp_path / 'a.json'}")]
        done = subprocess.run(argv, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True, check=False)
        assert (done.returncode, done.stderr) == (1, "")
        assert json.loads((tmp_path / "a.json").read_text())["status"] == "blocked"

    def test_ctrl_c_is_130(self) -> None:
        """The child is caught while it waits for a reader of its long answer."""
        ours, theirs = os.pipe()
        child = subprocess.Popen(
            command("standards", "--format", "json"), env=ENVIRONMENT, stdout=theirs, stderr=subprocess.PIPE
        )
        os.close(theirs)
        assert os.read(ours, 1) == b"{"
        child.send_signal(signal.SIGINT)
        with os.fdopen(ours, "rb") as rest:
            rest.read()
        _, err = child.communicate()
        assert (child.returncode, err.strip()) == (130, b"interrupted")


class TestCompletion:
    @pytest.mark.parametrize(
        ("typed", "offered"),
        [
            ("checker do", {"doctor"}),
            ("checker audit --profile a", {"agent"}),
            ("checker audit --only pagin", {"pagination", "pagination-walk"}),
            ("checker fleet --skip migr", {"migrations"}),
            ("checker audit --standard backend-e", {"backend-engineer"}),
            ("checker explain tenant-i", {"tenant-isolation"}),
        ],
    )
    def test_a_shell_is_offered_names_of_ours(self, typed: str, offered: set[str]) -> None:
        script = "import sys; sys.argv = ['checker']; from checker.cli import main; main()"
        asked = {"_CHECKER_COMPLETE": "bash_complete", "COMP_WORDS": typed, "COMP_CWORD": str(typed.count(" "))}
        argv = [sys.executable, "-c", script]
        done = subprocess.run(argv, env={**ENVIRONMENT, **asked}, capture_output=True, text=True, check=False)
        assert done.stderr == ""
        assert offered <= {line.partition(",")[2] for line in done.stdout.splitlines()}


class Terminal(io.StringIO):
    """A stream that says of itself that it is a terminal."""

    def isatty(self) -> bool:
        return True

    def until(self, said: str) -> None:
        for _ in range(1000):
            if said in self.getvalue():
                return
            time.sleep(0.01)
        raise AssertionError(self.getvalue())


class TestTicking:
    def test_a_terminal_is_told_what_is_collected_and_wiped_at_the_end(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TERM", "xterm")
        terminal = Terminal()
        with ticking(terminal, wanted=True, after=0.0, every=0.01):
            terminal.until("s: rules")
            monkeypatch.setattr(Facts, "underway", ["Reading", "MigrationRuns"])
            terminal.until("auditing, 0 s: migration runs")
        assert terminal.getvalue().endswith("\r\x1b[2K\r")
        assert "\n" not in terminal.getvalue()

    @pytest.mark.parametrize(("wanted", "kind"), [(False, "xterm"), (True, "dumb")])
    def test_who_cannot_or_will_not_read_it_gets_nothing(
        self, monkeypatch: pytest.MonkeyPatch, wanted: bool, kind: str
    ) -> None:
        monkeypatch.setenv("TERM", kind)
        terminal = Terminal()
        with ticking(terminal, wanted=wanted, after=0.0, every=0.01):
            time.sleep(0.05)
        assert terminal.getvalue() == ""

    def test_a_broken_collector_is_no_longer_underway(self) -> None:
        class Fact:
            pass

        def collector() -> object:
            assert Facts.underway == ["Fact"]
            raise ValueError

        with pytest.raises(ValueError):
            Facts({"Fact": collector}, {}).get(Fact)
        assert Facts.underway == []
