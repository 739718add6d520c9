"""The only place that runs our own commands in a child that a caller can cancel, for doors that serve several callers."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL

import anyio
from anyio.abc import ByteReceiveStream, Process
from anyio.streams.text import TextReceiveStream

from checker.probe.command import for_our_own

LARGEST = 200 * 1024 * 1024  # bytes of standard output that are kept
_GRACE = 5.0  # seconds that an interrupted command has to stop what it started

Told = Callable[[str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command of ours left behind: its exit code, standard output, and standard error as text."""

    code: int
    stdout: bytes
    stderr: str


async def run(arguments: Sequence[str], *, cwd: Path, environment: Mapping[str, str], told: Told) -> Answer:
    """Run `checker ARGUMENTS…` to its end; each line of its standard error goes to `told` as it comes.

    Cancelling interrupts the command as Ctrl-C would, so that it stops what it started, and kills it when it does not.
    The working directory, which may be an audited repository, stays out of the module path. Raises OverflowError
    when the answer is larger than LARGEST.
    """
    argv = [sys.executable, "-P", "-m", "checker", *arguments]
    around = for_our_own(environment)
    process = await anyio.open_process(argv, cwd=cwd, env=around, stdin=DEVNULL, start_new_session=True)
    assert process.stdout is not None
    assert process.stderr is not None
    kept, said = bytearray(), list[str]()
    try:
        async with anyio.create_task_group() as both:
            both.start_soon(_read_lines, process.stderr, said, told)
            async for chunk in process.stdout:
                kept += chunk
                if len(kept) > LARGEST:
                    raise OverflowError(f"the answer is larger than {LARGEST >> 20} MiB")
        code = await process.wait()
    finally:
        with anyio.CancelScope(shield=True):
            await _stop(process)
    return Answer(code, bytes(kept), "\n".join(said))


async def _read_lines(stream: ByteReceiveStream, said: list[str], told: Told) -> None:
    rest = ""
    async for text in TextReceiveStream(stream, errors="replace"):
        *lines, rest = (rest + text).split("\n")
        for line in lines:
            said.append(line)
            await told(line)
    if rest:
        said.append(rest)


async def _stop(process: Process) -> None:
    """Leave no process behind: interrupt what still runs, then kill its group."""
    if process.returncode is None:
        _signal(process.pid, signal.SIGINT)
        with anyio.move_on_after(_GRACE):
            await process.wait()
    _signal(process.pid, signal.SIGKILL)
    await process.aclose()


def _signal(group: int, number: signal.Signals) -> None:
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return
