"""The only place that writes a tree's files into a scratch folder, exactly those and nothing else."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from checker.model.git import GITLINK, SYMLINK, TrackedEntry
from checker.model.unavailable import Unavailable
from checker.probe.git import Git

LARGEST = 1 << 30  # bytes of one file
_POINTER = b"version https://git-lfs.github.com/spec/v1\n"


def export(git: Git, entries: Sequence[TrackedEntry], target: Path) -> tuple[str, ...]:
    """Write entries below an empty folder, from the object store alone: no filter, attribute or index flag is obeyed.

    Returns what is not there as a reader would think: submodules, Git LFS pointers, links that lead out of the tree.
    Unavailable: an entry whose path could leave the folder, or whose content is not at hand.
    """
    said = [f"submodule {entry.path} is not exported" for entry in entries if entry.mode == GITLINK]
    files = [entry for entry in entries if entry.mode != GITLINK]
    for entry in files:
        _refuse_unsafe(entry.path)
    for folder in sorted({os.path.dirname(entry.path) for entry in files}):
        os.makedirs(os.path.join(target, folder), exist_ok=True)
    links: list[tuple[TrackedEntry, bytes]] = []
    for entry, content in _contents(git, files):
        if entry.mode == SYMLINK:
            links.append((entry, content))
            continue
        said += [f"{entry.path} is a Git LFS pointer, its content is not in the tree"] * content.startswith(_POINTER)
        _write(target / entry.path, content, executable=entry.mode == "100755")
    # links come last, so that no file is ever written through one
    for entry, content in links:
        said += _link(target, entry.path, os.fsdecode(content))
    return tuple(sorted(said))


def _contents(git: Git, entries: Iterable[TrackedEntry]) -> Iterator[tuple[TrackedEntry, bytes]]:
    users: dict[str, list[TrackedEntry]] = {}
    for entry in entries:
        users.setdefault(entry.blob, []).append(entry)
    for blob, content in git.blobs(users, LARGEST):
        if content is None:
            raise Unavailable(f"{users[blob][0].path} is larger than {LARGEST >> 30} GiB, the most that is exported")
        yield from ((entry, content) for entry in users[blob])


def _refuse_unsafe(path: str) -> None:
    parts = path.split("/")
    if path.startswith("/") or "\0" in path or any(part in ("", ".", "..") or part.lower() == ".git" for part in parts):
        raise Unavailable(f"{path!r} cannot be exported: no path of a tree looks like that")


def _write(file: Path, content: bytes, *, executable: bool) -> None:
    mode = 0o755 if executable else 0o644
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode), "wb") as out:
        out.write(content)


def _link(target: Path, path: str, leads: str) -> list[str]:
    goal = os.path.normpath(os.path.join(os.path.dirname(path), leads))
    if os.path.isabs(leads) or goal == ".." or goal.startswith("../"):
        return [f"link {path} leads out of the tree and is not exported"]
    os.symlink(leads, target / path)
    return []
