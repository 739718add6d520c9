"""The child-process runner: it returns, it leaves nothing behind, and it gives the child nothing that was not asked."""

from __future__ import annotations

import json
import os
import select
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from checker.probe.command import CommandMissing, Completed, run

Script = Callable[..., Completed]
LONG = 60.0


@pytest.fixture
def script(tmp_path: Path) -> Script:
    def start(
        code: str,
        *words: str,
        env: dict[str, str] | None = None,
        timeout: float = LONG,
        cap: int = 1 << 20,
        stdin: bytes = b"",
    ) -> Completed:
        argv = [sys.executable, "-I", "-S", "-c", code, *words]
        return run(argv, cwd=tmp_path, env=env or {}, timeout=timeout, max_output=cap, stdin=stdin)

    return start


class Sentry:
    """A named pipe: while any process holds it for writing, somebody is alive."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path = path
        self.descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)

    def everybody_gone(self) -> bool:
        """Waits for the end of the pipe, which comes when the last writer is dead."""
        said = b""
        while select.select([self.descriptor], [], [], 30)[0]:
            data = os.read(self.descriptor, 100)
            if not data:
                return b"up" in said
            said += data
        return False


@pytest.fixture
def sentry(tmp_path: Path) -> Iterator[Sentry]:
    one = Sentry(tmp_path / "sentry")
    yield one
    os.close(one.descriptor)


# The grandchild holds the sentry and our stderr, says so, and sleeps; the child goes on once it has heard that.
GRANDCHILD = """
import os, signal, subprocess, sys, time
held = os.open(sys.argv[1], os.O_WRONLY)
os.set_inheritable(held, True)
code = "import os, signal, time; " + {deaf} + f"os.write({held}, b'up'); print('up', flush=True); time.sleep(600)"
argv = [sys.executable, "-I", "-S", "-c", code]
child = subprocess.Popen(argv, close_fds=False, stdout=subprocess.PIPE)
child.stdout.readline()
"""
DEAF = "'signal.signal(signal.SIGTERM, signal.SIG_IGN); '"


def test_a_command_answers_with_all_it_said(script: Script) -> None:
    done = script("import sys; print(sys.stdin.read().upper()); sys.stderr.write('aside'); sys.exit(3)", stdin=b"hello")
    assert (done.code, done.stdout, done.stderr) == (3, b"HELLO\n", b"aside")
    assert (done.truncated, done.timed_out) == (False, False)
    assert done.argv[0] == sys.executable


def test_the_environment_is_exactly_what_is_given(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEAKED_TOKEN", "x")
    done = script("import json, os; print(json.dumps(dict(os.environ)))", env={"ONLY": "this"})
    seen = json.loads(done.stdout)
    seen.pop("LC_CTYPE", None)  # the interpreter sets it for itself (PEP 538)
    assert seen == {"ONLY": "this"}


def test_there_is_no_shell_and_no_terminal(script: Script) -> None:
    done = script("import os, sys; print(sys.argv[1], os.getsid(0) == os.getpid() == os.getpgid(0))", "$HOME; `id` *")
    assert done.stdout == b"$HOME; `id` * True\n"


def test_output_beyond_the_cap_is_drained_and_dropped(script: Script) -> None:
    done = script("import os\nfor _ in range(300): os.write(1, b'o' * 65536); os.write(2, b'e' * 65536)", cap=1000)
    assert (done.stdout, done.stderr) == (b"o" * 1000, b"e" * 1000)
    assert done.truncated
    assert done.code == 0


def test_output_of_exactly_the_cap_is_whole(script: Script) -> None:
    done = script("print('x' * 999)", cap=1000)
    assert (len(done.stdout), done.truncated) == (1000, False)


def test_input_and_output_larger_than_any_pipe_do_not_lock(script: Script) -> None:
    data = os.urandom(3 << 20)
    done = script(
        "import shutil, sys; shutil.copyfileobj(sys.stdin.buffer, sys.stdout.buffer)", stdin=data, cap=4 << 20
    )
    assert done.stdout == data


def test_input_that_nobody_reads_is_no_error(script: Script) -> None:
    assert script("import os; os.close(0); print('done')", stdin=b"x" * (1 << 20)).stdout == b"done\n"


def test_without_input_the_child_reads_an_end(script: Script) -> None:
    assert script("import sys; print(repr(sys.stdin.read()))").stdout == b"''\n"


def test_a_command_that_closes_its_output_is_waited_for(script: Script) -> None:
    done = script("import os, time; os.close(1); os.close(2); time.sleep(0.3); os._exit(7)")
    assert (done.code, done.timed_out) == (7, False)


def test_a_time_out_keeps_what_was_said_and_says_so(script: Script) -> None:
    done = script("import time; print('before', flush=True); time.sleep(600)", timeout=2.0)
    assert (done.timed_out, done.stdout, done.code) == (True, b"before\n", -signal.SIGTERM)


@pytest.mark.parametrize("deaf", ["''", DEAF], ids=["polite", "deaf"])
def test_a_time_out_ends_the_whole_group(script: Script, sentry: Sentry, deaf: str) -> None:
    done = script(GRANDCHILD.replace("{deaf}", deaf) + "time.sleep(600)", str(sentry.path), timeout=3.0)
    assert done.timed_out
    assert sentry.everybody_gone()


def test_a_command_deaf_to_sigterm_is_killed(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("checker.probe.command._GRACE", 0.2)
    code = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
    )
    done = script(code, timeout=2.0)
    assert (done.timed_out, done.code, done.stdout) == (True, -signal.SIGKILL, b"deaf\n")


def test_a_straggler_that_holds_the_output_neither_hangs_us_nor_survives(script: Script, sentry: Sentry) -> None:
    done = script(GRANDCHILD.replace("{deaf}", "''") + "print('leader', flush=True); os._exit(5)", str(sentry.path))
    assert (done.code, done.timed_out, done.stdout) == (5, False, b"leader\n")
    assert sentry.everybody_gone()


def test_a_straggler_that_never_stops_talking_is_cut_off(script: Script) -> None:
    code = "import os\nif os.fork() == 0:\n    while True: os.write(1, b'x' * 4096)\nos._exit(0)"
    done = script(code, cap=100)
    assert (done.code, done.timed_out, done.truncated) == (0, False, True)


def test_what_a_command_said_last_is_read_however_late_we_are(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("checker.probe.command._LINGER", 0)
    monkeypatch.setattr("checker.probe.command._CHUNK", 1)
    code = "import os, time\nif os.fork() == 0: time.sleep(600)\nos.write(1, b'x' * 60000); os._exit(0)"
    assert len(script(code).stdout) == 60000


def test_one_who_left_the_group_with_our_pipe_does_not_hang_us(script: Script) -> None:
    code = (
        "import os, time\nif os.fork() == 0:\n    os.setsid(); print(os.getpid(), flush=True); time.sleep(600)\n"
        "time.sleep(0.5); os._exit(0)"
    )
    done = script(code)
    os.kill(int(done.stdout), signal.SIGKILL)
    assert (done.code, done.timed_out) == (0, False)


def test_an_interrupt_ends_the_whole_group(script: Script, sentry: Sentry) -> None:
    code = GRANDCHILD.replace("{deaf}", "''") + "os.kill(os.getppid(), signal.SIGINT); time.sleep(600)"
    with pytest.raises(KeyboardInterrupt):
        script(code, str(sentry.path))
    assert sentry.everybody_gone()


def test_no_descriptor_is_left_open(script: Script) -> None:
    script("pass")
    before = set(os.listdir("/dev/fd"))
    script("print('x')", stdin=b"y")
    script("import time; time.sleep(600)", timeout=0.2)
    assert set(os.listdir("/dev/fd")) == before


def test_a_killed_command_has_a_negative_code(script: Script) -> None:
    assert script("import os; os.kill(os.getpid(), 9)").code == -9


@pytest.mark.parametrize("name", ["no-such-command-at-all", "./absent", "/no/such/file"])
def test_a_missing_executable_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(CommandMissing, match=name) as raised:
        run([name], cwd=tmp_path, env={"PATH": "/usr/bin:/bin"}, timeout=LONG, max_output=1)
    assert raised.value.name == name


def test_path_is_searched_in_the_given_environment_alone(tmp_path: Path) -> None:
    with pytest.raises(CommandMissing):
        run(["sh"], cwd=tmp_path, env={}, timeout=LONG, max_output=1)


@pytest.mark.parametrize("path", [".", "", "bin", ":/nowhere"])
def test_relative_entries_of_path_are_passed_over(tmp_path: Path, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in (tmp_path, tmp_path / "bin"):
        folder.mkdir(exist_ok=True)
        (folder / "git").write_text("#!/bin/sh\ntouch fooled\n")
        (folder / "git").chmod(0o755)
    with pytest.raises(CommandMissing):
        run(["git"], cwd=tmp_path, env={"PATH": path}, timeout=LONG, max_output=1)
    assert not (tmp_path / "fooled").exists()


def test_a_script_without_its_interpreter_is_a_missing_command(tmp_path: Path) -> None:
    (tmp_path / "tool").write_text("#!/no/such/interpreter\n")
    (tmp_path / "tool").chmod(0o755)
    with pytest.raises(CommandMissing, match="tool"):
        run(["./tool"], cwd=tmp_path, env={}, timeout=LONG, max_output=1)


def test_a_missing_working_directory_is_not_a_missing_command(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        run([sys.executable], cwd=tmp_path / "gone", env={}, timeout=LONG, max_output=1)
