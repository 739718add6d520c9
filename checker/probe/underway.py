"""The only place that lets a long run go on while other facts are collected, and ends it when nobody waits any more."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from checker.model.rehearsal import Rehearsal


class Underway:
    """A rehearsal that has begun.

    The work is told a function that takes the process id of what it has started, and one that takes the rehearsal: what
    it has to clear away afterwards nobody waits for before the end.
    """

    def __init__(self, work: Callable[[Callable[[int], None], Callable[[Rehearsal], None]], None]) -> None:
        self._groups: list[int] = []
        self._closed = False
        self._result: Future[Rehearsal] = Future()
        self._pool = ThreadPoolExecutor(1)  # one thread to its end: the kernel ends a child with its parent thread
        self._pool.submit(work, self._started, self._result.set_result).add_done_callback(self._ended)

    def _ended(self, work: Future[None]) -> None:
        broken = work.exception()
        if broken is not None and not self._result.done():
            self._result.set_exception(broken)

    def _started(self, group: int) -> None:
        self._groups.append(group)
        if self._closed:
            self._end()

    def result(self) -> Rehearsal:
        """Wait for the end. Raises what the work raised: Unavailable, for most."""
        return self._result.result()

    def close(self) -> None:
        """End it, in the middle if need be, and let it clean up after itself."""
        self._closed = True
        if not self._result.done():
            self._end()
        self._pool.shutdown()

    def _end(self) -> None:
        for group in self._groups:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(group, signal.SIGKILL)
