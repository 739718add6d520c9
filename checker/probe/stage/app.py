"""The only place that starts and stops processes of the audited app: limits, a log that is drained, and an end in any case."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import resource
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from checker.probe.stage.client import Client, NoAnswer

LONGEST_LOG = 512 * 1024  # bytes that are kept of what the app writes
READY_SECONDS: dict[str, float] = {"agent": 20.0, "gate": 60.0, "nightly": 120.0}
PREPARE_SECONDS = 60.0
_POLL = 0.03
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG
LARGEST_FILE = 2 << 30  # bytes that the app may write into one file
MOST_MEMORY = 4 << 30  # bytes that the app and its children may hold at a time
MOST_PROCESSES = 256
MARK = "CHECKER_REHEARSAL"  # a variable that the app and whatever it starts are known by
_WATCH = 0.25  # seconds between looks at memory and processes
_LISTENS = "0A"  # TCP_LISTEN in /proc/net/tcp (proc(5))
_PATIENCE = 1.0  # seconds until an app that does not listen where it was told to is looked for elsewhere
_PAGE = resource.getpagesize()


_ERROR = re.compile(r"(?:[A-Za-z_][\w.]*\.)?[A-Z]\w*(?:Error|Exception|Exit|Refused|NotFound)\b(?::|$)")
_FOREIGN = re.compile(r"/(?:site-packages|lib/python3\.\d+)/|<frozen")


class Process(Protocol):
    """What is used of a child here: one that was executed, or one that was forked from a warm interpreter."""

    pid: int
    returncode: Any
    stdout: Any

    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...


class NotStarted(Exception):
    """The app, or what it needs first, could not be started. The message holds its own last words."""


def die_with_parent() -> None:
    """Called in the child: the kernel ends it when this process ends, however that comes about."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)


def guest(
    argv: Sequence[str],
    environment: Mapping[str, str],
    folder: Path,
    outputs: int = subprocess.DEVNULL,
    pass_fds: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start something of the audited project, in a session of its own and with its limits; `outputs` takes both of its outputs.

    Raises OSError.
    """
    return subprocess.Popen(
        list(argv),
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=outputs,
        stderr=subprocess.STDOUT,
        pass_fds=pass_fds,
        start_new_session=True,
        preexec_fn=_as_guest,  # noqa: PLW1509 - this process has no lock that the child could need
    )


def _as_guest() -> None:
    """Called in the child: it ends with us, leaves no core files, and cannot fill the disk with one file."""
    die_with_parent()
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_FILE, LARGEST_FILE))


def marked(mark: str) -> Iterator[int]:
    """The processes that were started with this mark in their environment, and those that they started."""
    wanted = f"{MARK}={mark}".encode()
    for place in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError, ValueError):
            if wanted in place.read_bytes().split(b"\0"):
                yield int(place.parent.name)


def end(mark: str) -> None:
    """Kill whatever still carries a mark, also what left the group of the app."""
    for _ in range(8):
        left = [one for one in marked(mark) if one != os.getpid()]
        if not left:
            return
        for one in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(one, signal.SIGKILL)
        time.sleep(0.01)


def members(group: int) -> int:
    """How many processes of a group still run; those that have ended and wait to be reaped do not count."""
    found = 0
    for place in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            state, _, its_group = place.read_text("utf-8", "replace").rpartition(")")[2].split()[:3]
            found += int(its_group) == group and state not in "ZX"
    return found


class Log:
    """What a process writes, read to the end so that it never blocks; the newest part is kept."""

    def __init__(self, process: Process | None) -> None:
        self.kept = bytearray()
        self.total = 0
        self._lock = threading.Lock()
        self._output = process.stdout if process else None
        self._thread = threading.Thread(target=self._drain, daemon=True)
        self._thread.start()

    def _drain(self) -> None:
        while self._output is not None and (data := os.read(self._output.fileno(), 65_536)):
            with self._lock:
                self.total += len(data)
                self.kept += data
                del self.kept[:-LONGEST_LOG]

    def since(self, mark: int) -> str:
        """Everything written after `total` was `mark`, as far as it is kept."""
        with self._lock:
            size = min(self.total - mark, len(self.kept))
            return self.kept[len(self.kept) - size :].decode("utf-8", "replace") if size > 0 else ""

    def close(self) -> None:
        """Take the last words; a grandchild may keep the pipe open, and then the reader is left to the end of us."""
        self._thread.join(0.5)
        if not self._thread.is_alive() and self._output is not None:
            self._output.close()

    def last_lines(self, count: int = 12) -> str:
        """The last lines that say something."""
        lines = [line for line in self.since(0).splitlines() if line.strip()]
        return "\n".join(line[:300] for line in lines[-count:])

    def last_words(self) -> str:
        """The same in one line, the newest last; of a traceback the error alone, and the line of the project before it."""
        lines = [line.strip() for line in self.since(0).splitlines() if line.strip()]
        last = next((at for at in range(len(lines) - 1, -1, -1) if _ERROR.match(lines[at])), None)
        if last is None:
            return " / ".join(line.strip() for line in self.last_lines(6).splitlines())[-900:] or "none"
        frames = [line for line in lines[:last] if line.startswith('File "') and not _FOREIGN.search(line)]
        return " / ".join([*frames[-1:], *lines[last : last + 4]])[:900]


def ports(mark: str) -> set[int]:
    """The TCP ports on which the processes with a mark listen."""
    listening: dict[str, int] = {}
    for table in ("tcp", "tcp6"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            for line in Path("/proc/self/net", table).read_text("ascii").splitlines()[1:]:
                words = line.split()
                if words[3] == _LISTENS:
                    listening[f"socket:[{words[9]}]"] = int(words[1].rpartition(":")[2], 16)
    found = set()
    for one in marked(mark):
        with contextlib.suppress(OSError):
            for place in os.scandir(f"/proc/{one}/fd"):
                with contextlib.suppress(OSError):
                    found.add(listening.get(os.readlink(place.path), 0))
    return found - {0}


class Watch:
    """Ends an app that takes more memory or starts more processes than it may; `why` says so afterwards."""

    def __init__(self, group: int, mark: str) -> None:
        self.why = ""
        self._group, self._mark = group, mark
        self._over = threading.Event()
        threading.Thread(target=self._look, daemon=True).start()

    def _look(self) -> None:
        while not self._over.wait(_WATCH):
            held = [size for one in marked(self._mark) if (size := _resident(one)) is not None]
            if sum(held) > MOST_MEMORY:
                self.why = f"it was ended for holding more than {MOST_MEMORY >> 20} MiB of memory"
            elif len(held) > MOST_PROCESSES:
                self.why = f"it was ended for running more than {MOST_PROCESSES} processes"
            if self.why:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(self._group, signal.SIGKILL)
                end(self._mark)
                return

    def stop(self) -> None:
        self._over.set()


def _resident(process: int) -> int | None:
    """Bytes that a process holds; None for one that is gone. Shared pages count for each."""
    try:
        return int(Path(f"/proc/{process}/statm").read_text("ascii").split()[1]) * _PAGE
    except (OSError, ValueError, IndexError):
        return None


class App:
    """The running app."""

    def __init__(self, process: Process, port: int, mark: str) -> None:
        self.process = process
        self.log = Log(process)
        self.client = Client(port)
        self.port = port
        self.seconds = time.monotonic()
        self.mark = mark
        self.has_own_port = False
        self._look_at = self.seconds + _PATIENCE
        self._watch = Watch(process.pid, mark)

    @property
    def runs(self) -> bool:
        return self.process.poll() is None

    @property
    def ended_by(self) -> str:
        """How it came to an end."""
        code = self.process.returncode
        return self._watch.why or (f"it was killed by signal {-code}" if code < 0 else f"it ended with code {code}")

    def await_ready(self, path: str, limit: float) -> str | None:
        """None once it answers; else why it does not. `limit` in seconds."""
        while time.monotonic() - self.seconds < limit:
            if not self.runs:
                self.log.close()
                return f"{self.ended_by} before it listened; its last lines: {self.log.last_words()}"
            if self._answers_now(path):
                if not self.runs:
                    continue  # somebody else listens there
                self.seconds = time.monotonic() - self.seconds
                return None
            self._adopt_port()
            time.sleep(_POLL)
        return f"it did not answer on its port within {limit:.0f} s; its last lines: {self.log.last_words()}"

    def _adopt_port(self) -> None:
        """Ask where the app listens by itself, when that is one port and not the one that it was told."""
        if time.monotonic() > self._look_at:
            self._look_at = time.monotonic() + _PATIENCE
            found = ports(self.mark)
            if self.port not in found and len(found) == 1:
                self.has_own_port = True
                self.port = self.client.port = found.pop()

    def answers(self, path: str, limit: float) -> bool:
        """Whether it answers within `limit` seconds; of an app that runs elsewhere."""
        until = time.monotonic() + limit
        while not self._answers_now(path):
            if time.monotonic() > until:
                return False
            time.sleep(_POLL * 10)
        return True

    def _answers_now(self, path: str) -> bool:
        try:
            status, _, _ = self.client.raw("GET", path or "/", {}, None, 2.0)
        except NoAnswer:
            return False
        return status < 500 if path else True

    def stop(self, *, politely: bool = True) -> None:
        """End all of it: politely, then not."""
        self._watch.stop()
        if self.runs and politely:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(1.0)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        end(self.mark)
        self.process.wait()
        self.log.close()


def spawn(argv: Sequence[str], environment: Mapping[str, str], folder: Path, mark: str) -> subprocess.Popen[bytes]:
    """Start a command of the audited project: a group of its own, both outputs in one pipe. Raises OSError."""
    return guest(argv, {**environment, MARK: mark}, folder, subprocess.PIPE)


def run_once(
    argv: Sequence[str],
    environment: Mapping[str, str],
    folder: Path,
    mark: str,
    start: Callable[[Sequence[str], Mapping[str, str], Path, str], Process] = spawn,
) -> str | None:
    """Run a command to its end; None when it went well, else what it said."""
    try:
        process = start(argv, environment, folder, mark)
    except OSError as refused:
        return f"{argv[0]}: {refused.strerror or refused}"
    log = Log(process)
    try:
        code = process.wait(PREPARE_SECONDS)
    except subprocess.TimeoutExpired:
        return f"did not end within {PREPARE_SECONDS:.0f} s\n{log.last_lines()}"
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        end(mark)
        process.wait()
        log.close()
    return None if code == 0 else log.last_lines(40) or f"ended with code {code}"


def last_line(said: str) -> str:
    """The last line that says something."""
    return next((line.strip()[:300] for line in reversed(said.splitlines()) if line.strip()), "no output")
