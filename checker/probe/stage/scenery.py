"""The only place that puts the copy of the audited files back as it was, so that a fresh start is one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_Mark = tuple[int, int, int]  # size, time of change in ns, inode


class Scenery:
    """The files of the copy as they were at first; `origin` is where they were copied from."""

    def __init__(self, tree: Path, origin: Path | None) -> None:
        self._tree = tree
        self._origin = origin
        self._first: dict[str, _Mark] | None = None

    def restore(self) -> None:
        """Remove what the app has added since, and copy again what it has changed or removed."""
        now = dict(self._files())
        if self._first is None:
            self._first = now
            return
        for path in now.keys() - self._first.keys():
            with suppress(OSError):
                (self._tree / path).unlink()
        if self._origin is None:
            return
        for path, mark in self._first.items():
            if now.get(path) != mark:
                with suppress(OSError):
                    (self._tree / path).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy2(self._origin / path, self._tree / path)
        self._first = dict(self._files())

    def untouched(self) -> bool:
        """Whether the files are as they were at first."""
        return self._first == dict(self._files())

    def _files(self) -> Iterator[tuple[str, _Mark]]:
        for folder, _, names in os.walk(self._tree):
            for name in names:
                place = os.path.join(folder, name)
                with suppress(OSError):
                    seen = os.lstat(place)
                    yield os.path.relpath(place, self._tree), (seen.st_size, seen.st_mtime_ns, seen.st_ino)
