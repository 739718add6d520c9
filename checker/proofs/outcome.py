"""What a reader makes of one command: counts, names and signals, told from the tool's own results."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from checker.model.proof import Counts, Signal
from checker.probe.command import Completed

NOTHING = Counts()


@dataclass(frozen=True)
class Outcome:
    """One run, read. `executed` are the tests that left a result of any kind."""

    argv: tuple[str, ...]
    code: int
    stdout_sha256: str
    counts: Counts = NOTHING
    passed: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    warned: tuple[str, ...] = ()
    executed: frozenset[str] = frozenset()
    signals: tuple[Signal, ...] = ()
    canary: Mapping[Literal["planted", "asExpected"], int] = field(default_factory=dict)
    seconds: float = 0.0
    unloaded: frozenset[str] = frozenset()  # files that could not be imported
    unexpected: frozenset[str] = frozenset()  # tests that failed only because their failure was expected


def digest(done: Completed) -> str:
    return hashlib.sha256(done.stdout).hexdigest()


def tail(done: Completed) -> str:
    """The last line that the command said, for a reason that a reader can use."""
    lines = (done.stderr.strip() or done.stdout.strip()).decode("utf-8", "replace").splitlines()
    return "".join(char if char.isprintable() else "?" for char in (lines[-1] if lines else "it said nothing"))[:200]


def stopped(done: Completed, seconds: float) -> tuple[Signal, ...]:
    """What ends the reading before it begins: time, a signal from outside, more output than is kept."""
    if done.timed_out:
        return (Signal(kind="timed-out", about=f"stopped after {seconds:g} s"),)
    if done.code < 0:
        return (Signal(kind="failed", about=f"ended by signal {-done.code}"),)
    return ()
