"""The only place that keeps an interpreter of the audited project warm, and has the app's processes forked from it."""

from __future__ import annotations

import array
import contextlib
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from checker.probe.stage.app import LARGEST_FILE, MARK, Process, guest

_SCRIPT = Path(__file__).parent.parent / "inside" / "warm.py"
_COUNTED = _SCRIPT.with_name("counted.py")
_CHILD_SUBREAPER = 36  # prctl(2)
_SECONDS = 30.0  # for all imports
_ROOM = "-" * 64  # the longest mark
_SPAWNS = frozenset({"--reload", "--workers", "-w"})  # options with which a server starts interpreters by itself


class Forked:
    """A process that is our child by adoption, with what is used here of `subprocess.Popen`."""

    def __init__(self, pid: int, stdout: Any) -> None:
        self.pid = pid
        self.stdout = stdout
        self.returncode: int | None = None
        self._lock = threading.Lock()

    def poll(self) -> int | None:
        """The exit code, minus a signal's number; None while it runs."""
        with self._lock:
            if self.returncode is None:
                try:
                    found, status = os.waitpid(self.pid, os.WNOHANG)
                except ChildProcessError:
                    self.returncode = -signal.SIGKILL
                else:
                    self.returncode = os.waitstatus_to_exitcode(status) if found else None
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Raises subprocess.TimeoutExpired."""
        until = time.monotonic() + timeout if timeout is not None else None
        while (code := self.poll()) is None:
            if until is not None and time.monotonic() > until:
                raise subprocess.TimeoutExpired([str(self.pid)], timeout or 0.0)
            time.sleep(0.005)
        return code


class Warm:
    """One interpreter, in which the packages of a project are imported once; its own modules only in each process."""

    def __init__(self, python: str, modules: Sequence[str], environment: Mapping[str, str], folder: Path) -> None:
        self.python = python
        self._fit: bool | None = None
        self._lock = threading.Lock()
        ctypes.CDLL(None).prctl(_CHILD_SUBREAPER, 1)
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            argv = [python, str(_SCRIPT), str(theirs.fileno()), *modules]
            self._process = guest(argv, {**environment, MARK: _ROOM}, folder, pass_fds=(theirs.fileno(),))
        self._socket.settimeout(_SECONDS)

    def spawn(self, argv: Sequence[str], environment: Mapping[str, str], folder: Path, mark: str) -> Process | None:
        """Start a command of this interpreter; None where it is another's, or where this one cannot be forked."""
        given = self._arguments(argv)
        if given is None:
            return None
        with self._lock:
            return self._forked(given, environment, folder, mark) if self._is_fit() else None

    def cool(self) -> bool:
        """Fork nothing any more, because what was started so did not work; whether anything was."""
        was, self._fit = bool(self._fit), False
        return was

    def close(self) -> None:
        """End it, and wait for it."""
        self._socket.close()
        self._process.kill()
        self._process.wait()

    def _is_fit(self) -> bool:
        if self._fit is None:
            self._fit = bool((self._answer() or {}).get("fit"))
        return self._fit

    def _forked(self, argv: Sequence[str], environment: Mapping[str, str], folder: Path, mark: str) -> Process | None:
        told = {
            "argv": argv,
            "environment": {**environment, MARK: mark},
            "folder": str(folder),
            "mark": mark,
            "largest_file": LARGEST_FILE,
        }
        ours, theirs = os.pipe()
        try:
            self._socket.sendmsg(
                [json.dumps(told).encode()],
                [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [theirs]).tobytes())],
            )
            answer = self._answer()
        except OSError:
            answer = None
        finally:
            os.close(theirs)
        if answer is None:
            os.close(ours)
            self.cool()
            return None
        return Forked(int(answer["pid"]), os.fdopen(ours, "rb", 0))

    def _answer(self) -> dict[str, Any] | None:
        with contextlib.suppress(OSError, ValueError):
            value = json.loads(self._socket.recv(1 << 16))
            return value if isinstance(value, dict) else None
        return None

    def _arguments(self, argv: Sequence[str]) -> list[str] | None:
        """What follows the interpreter in a command; None where it is not this one, or takes options of its own."""
        words = list(argv)
        if words and words[0] != self.python and _is_script_of(words[0], self.python):
            words = [self.python, *words]
        if len(words) < 2 or words[0] != self.python or _SPAWNS & set(words):
            return None
        rest = words[1:]
        return rest if not rest[0].startswith("-") or (rest[0] == "-m" and len(rest) > 1) else None


def _is_script_of(path: str, python: str) -> bool:
    """Whether a command is a script that names this interpreter in its first line."""
    try:
        with open(path, "rb") as file:
            first = file.readline(512)
    except OSError:
        return False
    return first.rstrip() == b"#!" + python.encode()


def counted(argv: Sequence[str], python: str, tally: Path | None) -> list[str]:
    """A command of this interpreter that tells how many statements SQLite gets; any other, or without a file, as it is."""
    words = [python, *argv] if argv[0] != python and _is_script_of(argv[0], python) else list(argv)
    if tally is None or words[0] != python or len(words) < 2 or (words[1].startswith("-") and words[1] != "-m"):
        return list(argv)
    return [python, str(_COUNTED), str(tally), *words[1:]]


def can_be_kept() -> bool:
    """Whether this kernel has what adoption takes."""
    return sys.platform == "linux"
