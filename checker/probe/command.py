"""The only place that starts child processes: a group of their own, and limits on time and output."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_CHUNK = 1 << 18  # bytes
_PIPE = 1 << 20  # bytes, the most that a pipe holds (pipe(7))
_GRACE = 2.0  # seconds between SIGTERM and SIGKILL
_LINGER = 0.25  # seconds that output may stay open after the command itself has ended
_POLL = 0.02  # seconds between looks at a child where the kernel cannot tell of its end


class CommandMissing(Exception):
    """The executable is not there, or cannot be executed. `name` is what was asked for."""

    def __init__(self, name: str, reason: str = "not found on PATH") -> None:
        super().__init__(f"{name}: {reason}")
        self.name = name


@dataclass(frozen=True, slots=True)
class Completed:
    """What a command left behind.

    `code` is the exit code, or minus the signal that ended it. `truncated` says that stdout or stderr was longer than
    was asked for, `timed_out` that the command was stopped; `seconds` is wall time.
    """

    argv: tuple[str, ...]
    code: int
    stdout: bytes
    stderr: bytes
    seconds: float
    truncated: bool
    timed_out: bool


def run(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    timeout: float,
    max_output: int,
    stdin: bytes = b"",
    inherit: Sequence[int] = (),
    started: Callable[[int], None] = lambda _: None,
) -> Completed:
    """Run one command to its end, without a shell, and return what it wrote.

    `env` is the whole environment of the child, its PATH the only one searched (absolute entries alone); `timeout` is
    in seconds; `max_output` in bytes for stdout and stderr each, the rest is read and dropped; `inherit` are descriptors
    that the child keeps; `started` is told the process id, which is its group's too. Whatever is left of the process
    group is killed before this returns or raises. Raises CommandMissing, and OSError when `cwd` is not there.
    """
    began = time.monotonic()
    child = _Child(_start(argv, cwd, env, inherit, feeds=bool(stdin)), stdin, max_output)
    try:
        started(child.process.pid)
        in_time = child.serve(began + timeout)
    except BaseException:
        child.stop()
        raise
    child.stop(politely=not in_time)
    return Completed(
        argv=tuple(argv),
        code=child.process.returncode,
        stdout=bytes(child.stdout.kept),
        stderr=bytes(child.stderr.kept),
        seconds=time.monotonic() - began,
        truncated=child.stdout.truncated or child.stderr.truncated,
        timed_out=not in_time,
    )


def executable(name: str, cwd: Path, env: Mapping[str, str]) -> Path:
    """Where `name` is. Relative entries of PATH are passed over: the working directory may be the audited repo."""
    if "/" in name:
        candidates = [cwd / name]
    else:
        candidates = [Path(entry, name) for entry in env.get("PATH", "").split(os.pathsep) if os.path.isabs(entry)]
    for candidate in candidates:
        if os.path.isfile(candidate) and os.access(candidate, os.X_OK):
            return candidate
    raise CommandMissing(name, "no such executable file" if "/" in name else "not found on PATH")


def for_our_own(env: Mapping[str, str]) -> dict[str, str]:
    """The environment for a child that is the checker itself: an empty or relative entry of PYTHONPATH means the working
    directory, which may be the audited repository, and its modules must not stand in for ours."""
    entries = [entry for entry in env.get("PYTHONPATH", "").split(os.pathsep) if os.path.isabs(entry)]
    rest = {name: value for name, value in env.items() if name != "PYTHONPATH"}
    return {**rest, "PYTHONPATH": os.pathsep.join(entries)} if entries else rest


def _start(
    argv: Sequence[str], cwd: Path, env: Mapping[str, str], inherit: Sequence[int], *, feeds: bool
) -> subprocess.Popen[bytes]:
    program = executable(argv[0], cwd, env)
    try:
        return subprocess.Popen(
            list(argv),
            executable=program,
            cwd=cwd,
            env=dict(env),
            bufsize=0,
            stdin=subprocess.PIPE if feeds else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            pass_fds=inherit,
        )
    except OSError as refused:
        if os.fspath(refused.filename or "") == os.fspath(cwd):
            raise
        raise CommandMissing(argv[0], refused.strerror or "cannot be executed") from None


class _Stream:
    """One output of the child, kept up to a limit and read to its end."""

    def __init__(self, file: IO[bytes], limit: int) -> None:
        self.file = file
        self.kept = bytearray()
        self.limit = limit
        self.truncated = False
        os.set_blocking(file.fileno(), False)

    def read(self) -> bool:
        """Take what is there; False at the end of the stream."""
        try:
            data = os.read(self.file.fileno(), _CHUNK)
        except BlockingIOError:
            return True
        room = self.limit - len(self.kept)
        self.kept += data[:room]
        self.truncated |= len(data) > room
        return bool(data)

    def drain(self) -> None:
        """Take what is left in the pipe of a command that has ended; more than a pipe holds is somebody else's."""
        for _ in range(0, _PIPE, _CHUNK):
            if not self.read():
                return


class _Child:
    """One running command: feeds it, listens to it, and ends its whole group."""

    def __init__(self, process: subprocess.Popen[bytes], stdin: bytes, max_output: int) -> None:
        self.process = process
        self.stdin = process.stdin
        outputs = (process.stdout, process.stderr)
        self.stdout, self.stderr = (_Stream(file, max_output) for file in outputs if file is not None)
        self.open = {self.stdout, self.stderr}
        self.left = memoryview(stdin)
        self.ended_at: float | None = None
        self.selector = selectors.DefaultSelector()
        for stream in self.open:
            self.selector.register(stream.file, selectors.EVENT_READ, stream)
        if self.stdin is not None:
            os.set_blocking(self.stdin.fileno(), False)
            self.selector.register(self.stdin, selectors.EVENT_WRITE)
        self.watch = _watch(process.pid)
        if self.watch is not None:
            self.selector.register(self.watch, selectors.EVENT_READ)

    def serve(self, deadline: float) -> bool:
        """Move bytes until the command has ended and its output is closed. False when the deadline came first.

        A grandchild that keeps the output open has `_LINGER` seconds after the end of the command itself.
        """
        while self.ended_at is None or self.open:
            now = time.monotonic()
            until = deadline if self.ended_at is None else min(deadline, self.ended_at + _LINGER)
            if now >= until:
                return self.ended_at is not None
            for key, _ in self.selector.select(until - now if self.watch is not None else min(until - now, _POLL)):
                self._serve_one(key)
            if self.ended_at is None and _has_ended(self.process):
                self.ended_at = time.monotonic()
                if self.watch is not None:
                    self.selector.unregister(self.watch)
        return True

    def _serve_one(self, key: selectors.SelectorKey) -> None:
        if isinstance(key.data, _Stream):
            if not key.data.read():
                self.selector.unregister(key.fileobj)
                self.open.discard(key.data)
        elif self.stdin is not None and key.fileobj is self.stdin:
            self._feed(self.stdin)

    def _feed(self, stdin: IO[bytes]) -> None:
        try:
            self.left = self.left[os.write(stdin.fileno(), self.left[:_CHUNK]) :]
        except BlockingIOError:
            return
        except BrokenPipeError:
            self.left = self.left[:0]
        if not self.left:
            self.selector.unregister(stdin)
            stdin.close()

    def stop(self, *, politely: bool = True) -> None:
        """End whatever is left of the group, take its last words, and reap the command."""
        try:
            if politely and self.ended_at is None:
                self._signal(signal.SIGTERM)
                self.serve(time.monotonic() + _GRACE)
        finally:
            self._signal(signal.SIGKILL)
            self.process.wait()
            for stream in self.open:
                stream.drain()
            self._close()

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, number)

    def _close(self) -> None:
        self.selector.close()
        for file in (self.stdin, self.stdout.file, self.stderr.file):
            if file is not None:
                file.close()
        if self.watch is not None:
            os.close(self.watch)


def _watch(pid: int) -> int | None:
    """A descriptor that becomes readable when the process ends, where the kernel has one to give (Linux)."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Whether the command has ended; it is not reaped where that can be helped, so that its group id stays taken."""
    if not hasattr(os, "waitid"):
        return process.poll() is not None
    try:
        return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True
