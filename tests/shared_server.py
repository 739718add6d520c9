"""The only place that lets many tests share one throw-away PostgreSQL, and one interpreter that has Alembic imported."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from checker.probe import alembic, command, postgres
from checker.probe.inside.migration_steps.wire import ServerError, Wire
from checker.probe.keeping import Server
from checker.probe.network import closed_network, plain_environment

DATABASES = "select datname from pg_database where datname not in ('postgres', 'template0', 'template1')"
ROLES = "select rolname from pg_roles where oid >= 16384"
_FORKING = Path(__file__).with_name("forking.py")


@contextmanager
def shared(*, forks: bool = True) -> Iterator[None]:
    """While this lasts, PostgreSQL is started once, and (`forks`) what drives Alembic in this interpreter is forked.

    What is shared is how a run begins, never what it does: each has databases of its own, and all that it made is dropped
    before the next. How a server and an interpreter are really started is tried in `test_probe_postgres`,
    `test_probe_alembic` and `test_migrations_hostile`.
    """
    with ExitStack() as stack:
        stack.enter_context(patch.object(postgres, "running", _Servers(stack).running))
        if forks:
            stack.enter_context(patch.object(alembic, "run", _Forks(stack).run))
        yield


class _Servers:
    """One server for whoever asks first; who asks while it is lent has one of his own."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._start = postgres.running
        self._server: Server | None = None
        self._binaries: postgres.Binaries | None = None
        self._lent = threading.Lock()

    @contextmanager
    def running(self, binaries: postgres.Binaries, templates: str = "", *, patient: bool = False) -> Iterator[Server]:
        if self._binaries not in (None, binaries) or not self._lent.acquire(blocking=False):
            with self._start(binaries, templates, patient=patient) as own:
                yield own
            return
        try:
            if self._server is None:
                self._server, self._binaries = self._stack.enter_context(self._start(binaries)), binaries
            yield self._server
        finally:
            if self._server is not None and not _emptied(self._server):
                self._server = None
            self._lent.release()


def _emptied(server: Server) -> bool:
    """Whether the server is as it was started: no database, role or setting is left of who had it."""
    try:
        with Wire(str(server.folder), "postgres") as wire:
            for (name,) in wire.ask(DATABASES):
                wire.ask(f'drop database "{name}" with (force)')
            for (name,) in wire.ask(ROLES):
                wire.ask(f'drop role "{name}"')
            wire.ask("alter system reset all")
    except (OSError, ServerError):
        return False
    return True


class _Forks:
    """Runs what `checker.probe.alembic` runs: the driver by a fork, what an interpreter has once, all else as it is."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._asking: socket.socket | None = None
        self._answers: dict[tuple[str, ...], command.Completed] = {}

    def run(self, argv: Sequence[str], **words: Any) -> command.Completed:
        *_, code, word = argv
        if str(sys.executable) in argv and word.startswith("{") and code.startswith(alembic._START.partition("{")[0]):
            return self._forked(argv, **words)
        if argv[0] != sys.executable:
            return command.run(argv, **words)
        key = tuple(argv)
        if key not in self._answers:
            self._answers[key] = command.run(argv, **words)
        return self._answers[key]

    def _forked(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str],
        timeout: float,
        max_output: int,
        inherit: Sequence[int],
    ) -> command.Completed:
        began = time.monotonic()
        asking = self._asking or self._started()
        asked = {"cwd": str(cwd), "env": dict(env), "code": argv[-2], "word": argv[-1]}
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            socket.send_fds(asking, [json.dumps(asked).encode()], [inherit[0], out.fileno(), err.fileno()])
            asking.settimeout(timeout)
            try:
                code, late = int(asking.recv(64) or -9), False
            except TimeoutError:
                code, late = -9, True
            if code == -9:
                self._asking = None  # its process goes with the stack; the next gets another
            out.seek(0)
            err.seek(0)
            said = (out.read(max_output), err.read(max_output))
        return command.Completed(tuple(argv), code, *said, time.monotonic() - began, truncated=False, timed_out=late)

    def _started(self) -> socket.socket:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        child = subprocess.Popen(
            [*closed_network(), sys.executable, str(_FORKING), str(theirs.fileno()), str(alembic.INSIDE)],
            pass_fds=[theirs.fileno()],
            env=plain_environment(),
            cwd="/",
            start_new_session=True,
        )
        theirs.close()
        self._stack.callback(_ended, child, ours)
        self._asking = ours
        return ours


def _ended(child: subprocess.Popen[bytes], asking: socket.socket) -> None:
    asking.close()
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(5)
        return
    child.kill()
    child.wait()
