"""The only place that puts the copy of the audited files back as it was, so that a fresh start is one."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

_SEAL = (("-o", "remount,bind,ro"), ("-o", "remount,bind,ro,nosuid,nodev"))
_Mark = tuple[int, int, int]  # size, time of change in ns, inode


def sealed(folder: Path) -> bool:
    """Make a folder one that nobody here can write to, where this process has mounts of its own; whether that worked."""
    place = str(folder)
    if not _mounted("--bind", place, place):
        return False
    return any(_mounted(*options, place) for options in _SEAL)


def _mounted(*words: str) -> bool:
    program = shutil.which("mount") or "/bin/mount"
    try:
        return subprocess.run([program, *words], capture_output=True, check=False, timeout=20).returncode == 0
    except (OSError, subprocess.SubprocessError):
        return False


def bring(tree: Path, origin: Path, names: Iterable[str], *, linked: bool) -> None:
    """Put beside the copy what is no part of the repository and yet needed: packages, what a build has made.

    Packages are `linked` where nobody can write to them there, else copied.
    """
    for name in names:
        source, target = origin / name, tree / name
        with suppress(OSError, shutil.Error):
            target.parent.mkdir(parents=True, exist_ok=True)
            if linked and target.name == "node_modules":
                target.symlink_to(source)
            elif source.is_dir():
                shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
            else:
                shutil.copy2(source, target)


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
