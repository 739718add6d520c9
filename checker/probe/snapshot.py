"""The only place that tells, within milliseconds, whether anything below a folder has changed since it was looked at."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

MOST = 50_000  # entries; more would take longer than it saves
_SETTLED = 2.0  # seconds after which a change cannot share its time stamp with a later one
_PASSED_OVER = "objects"  # of a git directory: what refers to them is looked at


def snapshot(folder: Path) -> str | None:
    """A digest of names, sizes, modes and times of all that an audit of `folder` may read, its git directory included.

    None where that cannot be trusted: too many entries, a git directory elsewhere, or a change so fresh that the next
    one could carry the same time stamp (the racy case of git's own index).
    """
    if "\0" in os.fspath(folder):
        return None
    digest = hashlib.sha256()
    newest, count = 0, 0
    above = _git_above(folder)
    waiting = [os.fspath(folder), *above]
    for ignoring in _ignoring(folder, above):
        told = os.stat(ignoring)
        newest = max(newest, told.st_ctime_ns)
        digest.update(repr((ignoring, told.st_size, told.st_ino, told.st_mtime_ns, told.st_ctime_ns)).encode())
    while waiting:
        here = waiting.pop()
        try:
            with os.scandir(here) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
            for entry in found:
                told = entry.stat(follow_symlinks=False)
                count += 1
                newest = max(newest, told.st_ctime_ns)
                marks = (entry.path, told.st_mode, told.st_size, told.st_ino, told.st_mtime_ns, told.st_ctime_ns)
                digest.update(repr(marks).encode("utf-8", "surrogateescape"))
                if entry.name == ".git" and not entry.is_dir(follow_symlinks=False):
                    return None
                if entry.is_dir(follow_symlinks=False) and not _is_store(here, entry.name):
                    waiting.append(entry.path)
        except (OSError, ValueError):
            return None
        if count > MOST:
            return None
    return digest.hexdigest() if time.time_ns() - newest > _SETTLED * 1e9 else None


def _ignoring(folder: Path, above: list[str]) -> list[str]:
    """The `.gitignore` files between a folder and the top of its work tree: they decide what is listed below."""
    if not above:
        return []
    top = Path(above[0]).parent
    places = [one / ".gitignore" for one in folder.resolve().parents if one.is_relative_to(top)]
    return [os.fspath(one) for one in places if one.is_file()]


def _is_store(parent: str, name: str) -> bool:
    return name == _PASSED_OVER and os.path.basename(parent) == ".git"


def _git_above(folder: Path) -> list[str]:
    """The git directory that a folder below the top of its work tree belongs to."""
    for parent in folder.resolve().parents if not os.path.lexists(folder / ".git") else ():
        if os.path.lexists(parent / ".git"):
            return [os.fspath(parent / ".git")]
    return []
