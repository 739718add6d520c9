"""The one line on a terminal that says what an audit is at, and for how long; nobody else sees it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from time import monotonic
from typing import TextIO

from checker.collect.facts import Facts

_AFTER, _EVERY = 1.0, 0.5  # seconds: what is over in a second needs no word
_CLEAR = "\x1b[2K\r"  # ECMA-48: erase the line, back to its start


@contextmanager
def ticking(stream: TextIO, *, wanted: bool, after: float = _AFTER, every: float = _EVERY) -> Iterator[None]:
    """Say on `stream`, where it is a terminal that can, what is being collected while the block lasts; then wipe it."""
    if not wanted or not stream.isatty() or os.environ.get("TERM", "dumb") == "dumb":
        yield
        return
    over = Event()
    teller = Thread(target=_tell, args=(stream, over, after, every), daemon=True)
    teller.start()
    try:
        yield
    finally:
        over.set()
        teller.join()


def _tell(stream: TextIO, over: Event, after: float, every: float) -> None:
    started = monotonic()
    told = False
    wait = after
    while not over.wait(wait):
        stream.write(f"{_CLEAR}auditing, {monotonic() - started:.0f} s: {_underway()}\r")
        stream.flush()
        told, wait = True, every
    if told:
        stream.write(_CLEAR)
        stream.flush()


def _underway() -> str:
    """`migration runs`, from the type of the innermost fact that is being collected; the rules where there is none."""
    found = Facts.underway[-1:]
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", found[0]).lower() if found else "rules"
