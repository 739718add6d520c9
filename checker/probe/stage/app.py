"""The only place that starts and stops the audited app: its own group, a log that is drained, and an end in any case."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from checker.model.rehearsal import Plan
from checker.probe.stage.client import Client, NoAnswer, free_port

LONGEST_LOG = 512 * 1024  # bytes that are kept of what the app writes
READY_SECONDS: dict[str, float] = {"agent": 20.0, "gate": 60.0, "nightly": 120.0}
PREPARE_SECONDS = 60.0
_POLL = 0.03
_ROUNDS = 4  # starts that may each find one more required setting missing
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG
_ABSENT = (
    re.compile(r"(?m)^(\w+)\n\s+Field required \[type=missing"),
    re.compile(r"KeyError: '([A-Z][A-Z0-9_]+)'"),
    re.compile(
        r"(?i)(?:environment variable|env var|setting) [`'\"]?([A-Z][A-Z0-9_]+)[`'\"]? (?:is )?(?:not set|required|missing)"
    ),
    re.compile(r"[`'\"]?\b([A-Z][A-Z0-9_]{3,})[`'\"]? (?:is not set|is required|must be set|environment variable)"),
)


class NotStarted(Exception):
    """The app, or what it needs first, could not be started. The message holds its own last words."""


def die_with_parent() -> None:
    """Called in the child: the kernel ends it when this process ends, however that comes about."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)


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

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.kept = bytearray()
        self.total = 0
        self._lock = threading.Lock()
        self._process = process
        self._thread = threading.Thread(target=self._drain, daemon=True)
        self._thread.start()

    def _drain(self) -> None:
        assert self._process.stdout is not None
        while data := os.read(self._process.stdout.fileno(), 65_536):
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
        if not self._thread.is_alive() and self._process.stdout is not None:
            self._process.stdout.close()

    def last_lines(self, count: int = 12) -> str:
        """The last lines that say something."""
        lines = [line for line in self.since(0).splitlines() if line.strip()]
        return "\n".join(line[:300] for line in lines[-count:])

    def last_words(self) -> str:
        """The same in one line, the newest last."""
        return " / ".join(line.strip() for line in self.last_lines(6).splitlines())[-900:] or "none"


class App:
    """The running app."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, seconds: float) -> None:
        self.process = process
        self.log = Log(process)
        self.client = Client(port)
        self.port = port
        self.seconds = seconds

    @property
    def runs(self) -> bool:
        return self.process.poll() is None

    def stop(self) -> None:
        """End the whole group: politely, then not."""
        if self.runs:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(1.0)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.log.close()


class Stagehand:
    """Prepares a database and starts the app, as often as a phase wants a fresh one."""

    def __init__(self, plan: Plan, python: str, command: Sequence[str]) -> None:
        self.plan = plan
        self.python = python
        self.command = tuple(command)
        self.invented: dict[str, str] = {}
        self.notes: list[str] = []
        self._count = 0
        self._filled: Path | None = None  # the database as it was before anybody asked, where time is short

    @contextmanager
    def app(self) -> Iterator[App]:
        """A fresh app over a fresh database; stopped in any case."""
        environment = self._prepared()
        for _ in range(_ROUNDS):
            running = self._started({**environment, **self.invented})
            try:
                said = self._wait(running)
                if said is None:
                    yield running
                    return
            finally:
                running.stop()
            if not self.invent(running.log.since(0)):
                raise NotStarted(said)
        raise NotStarted(said or "it asks for one setting after the other")

    def environment(self, database: Path) -> dict[str, str]:
        """All that the app gets to see: nothing of the caller's but PATH and language."""
        home = Path(self.plan.scratch, "home")
        home.mkdir(exist_ok=True)
        return {
            "PATH": f"{Path(self.python).parent}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(home),
            "TMPDIR": str(home),
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",  # what the packages have compiled is read, nothing is added to it
            self.plan.database_env: f"sqlite:///{database}",
            **self.plan.env,
        }

    @property
    def folder(self) -> Path:
        return Path(self.plan.root, self.plan.workdir)

    def _prepared(self) -> dict[str, str]:
        """A database of its own, migrated and filled, and the environment that names it."""
        self._count += 1
        database = Path(self.plan.scratch, f"app-{self._count}.db")
        environment = self.environment(database)
        if self._filled is not None:
            shutil.copyfile(self._filled, database)
            return environment
        if self.plan.alembic and not self.plan.reset:
            self._run(
                [self.python, "-m", "alembic", "upgrade", "head"], environment, Path(self.plan.root, self.plan.alembic)
            )
        if self.plan.reset:
            self._run(self.resolved(self.plan.reset), environment, self.folder)
        if self.plan.profile == "agent" and database.exists() and not self.notes:
            self._filled = Path(shutil.copyfile(database, database.with_name("filled.db")))
        return environment

    def _run(self, argv: Sequence[str], environment: Mapping[str, str], folder: Path) -> None:
        for _ in range(_ROUNDS):
            said = run_once(argv, {**environment, **self.invented}, folder)
            if said is None:
                return
            if not self.invent(said):
                break
        self.notes.append(f"`{' '.join(argv[-4:])}` failed, the app was started all the same: {last_line(said or '')}")

    def resolved(self, argv: Sequence[str], port: int = 0) -> list[str]:
        """A command of the configuration with its port, and with `python` meaning the audited project's own."""
        filled = [part.replace("{port}", str(port)) for part in argv]
        if filled[0] in ("python", "python3"):
            return [self.python, *filled[1:]]
        beside = Path(self.python).parent / filled[0]
        return [str(beside) if "/" not in filled[0] and beside.exists() else filled[0], *filled[1:]]

    def _started(self, environment: Mapping[str, str]) -> App:
        port = free_port()
        argv = self.resolved(self.command, port)
        try:
            process = subprocess.Popen(
                argv,
                cwd=self.folder,
                env={**environment, "PORT": environment.get("PORT", str(port))},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - this process has no lock that the child could need
            )
        except OSError as refused:
            raise NotStarted(f"{argv[0]}: {refused.strerror or refused}") from None
        return App(process, port, time.monotonic())

    def _wait(self, app: App) -> str | None:
        """None once the app answers; else why it does not."""
        limit = READY_SECONDS[self.plan.profile]
        while time.monotonic() - app.seconds < limit:
            if not app.runs:
                app.log.close()
                return f"it ended with code {app.process.returncode} before it listened; its last lines: {app.log.last_words()}"
            if self._answers(app):
                app.seconds = time.monotonic() - app.seconds
                return None
            time.sleep(_POLL)
        return f"it did not answer on its port within {limit:.0f} s; its last lines: {app.log.last_words()}"

    def _answers(self, app: App) -> bool:
        try:
            status, _, _ = app.client.raw("GET", self.plan.ready or "/", {}, None, 2.0)
        except NoAnswer:
            return False
        return status < 500 if self.plan.ready else True

    def invent(self, said: str) -> bool:
        """Give the settings that the app misses a value; whether there were any."""
        names = {found.upper() for pattern in _ABSENT for found in pattern.findall(said)}
        fresh = {name: dummy(name, self.plan.examples) for name in names - set(self.invented) - set(self.plan.env)}
        self.invented.update(fresh)
        return bool(fresh)


def dummy(name: str, examples: Mapping[str, str]) -> str:
    """A value for a required setting: the project's own example, else one that fits its name and leads nowhere."""
    given = examples.get(name, "")
    if given and not re.search(r"[<>]|(?i:change.?me|your[_-])", given):
        return given
    if re.search(r"URL|URI|ENDPOINT|DSN", name):
        return "http://127.0.0.1:9/"
    if re.search(r"PORT|SECONDS|MINUTES|TTL|TIMEOUT|LIMIT|SIZE|COUNT|DAYS", name):
        return "60"
    if "EMAIL" in name:
        return "nobody@example.com"
    return f"dummy-{name.lower()}-for-the-rehearsal-only-0123456789"


def run_once(argv: Sequence[str], environment: Mapping[str, str], folder: Path) -> str | None:
    """Run a command to its end; None when it went well, else what it said."""
    try:
        process = subprocess.Popen(
            list(argv),
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - as above
        )
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
        process.wait()
        log.close()
    return None if code == 0 else log.last_lines(40) or f"ended with code {code}"


def last_line(said: str) -> str:
    """The last line that says something."""
    return next((line.strip()[:300] for line in reversed(said.splitlines()) if line.strip()), "no output")
