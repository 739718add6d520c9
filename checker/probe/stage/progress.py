"""The only place that says how far a rehearsal is: one line each step, rewritten in place on a terminal."""

from __future__ import annotations

import contextlib
import os
import time


class Progress:
    """Writes to a descriptor; to none where that is negative."""

    def __init__(self, descriptor: int, *, plain: bool = False) -> None:
        self._descriptor = descriptor
        self._began = time.monotonic()
        self._rewrites = descriptor >= 0 and not plain and os.isatty(descriptor)

    def say(self, words: str) -> None:
        """The step that begins now."""
        line = f"rehearsal, {time.monotonic() - self._began:.1f} s: {words}"
        self._write(f"\r\x1b[2K{line}" if self._rewrites else f"{line}\n")

    def close(self) -> None:
        """Leave nothing on a terminal that is not part of the report."""
        if self._rewrites:
            self._write("\r\x1b[2K")

    def _write(self, text: str) -> None:
        if self._descriptor >= 0:
            with contextlib.suppress(OSError):
                os.write(self._descriptor, text.encode())
