"""The only place that lets a long run go on while other facts are collected, and ends it when nobody waits any more."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from checker.model.rehearsal import Rehearsal


class Underway:
    """A rehearsal that has begun.

    The work is told a function that takes the rehearsal: what it has to clear away afterwards nobody waits for before the
    end. `end` ends it in the middle.
    """

    def __init__(self, work: Callable[[Callable[[Rehearsal], None]], None], end: Callable[[], None]) -> None:
        self._end = end
        self._result: Future[Rehearsal] = Future()
        self._pool = ThreadPoolExecutor(1)
        self._pool.submit(work, self._result.set_result).add_done_callback(self._ended)

    def _ended(self, work: Future[None]) -> None:
        broken = work.exception()
        if broken is not None and not self._result.done():
            self._result.set_exception(broken)

    def result(self) -> Rehearsal:
        """Wait for the end. Raises what the work raised: Unavailable, for most."""
        return self._result.result()

    def close(self) -> None:
        """End it, in the middle if need be, and let it clean up after itself."""
        if not self._result.done():
            self._end()
        self._pool.shutdown()
