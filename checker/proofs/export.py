"""The only place that writes a tree's files into a scratch folder, exactly those and nothing else."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from checker.model.git import GITLINK, SYMLINK, TrackedEntry
from checker.model.unavailable import Unavailable
from checker.probe.git import Git

LARGEST = 1 << 30  # bytes of one file
_UNSAFE = re.compile(r"(?:^|/)(?:\.{0,2}|\.git)(?:/|$)|\0", re.IGNORECASE)
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
_POINTER = b"version https://git-lfs.github.com/spec/v1\n"


def export(git: Git, entries: Sequence[TrackedEntry], target: Path) -> Mapping[str, str]:
    """Write entries below an empty folder, from the object store alone: no filter, attribute or index flag is obeyed.

    Returns by path what is not there as a reader would think: submodules, Git LFS pointers, links that lead out of the tree.
    Unavailable: an entry whose path could leave the folder, or whose content is not at hand.
    """
    said = {entry.path: f"submodule {entry.path} is not exported" for entry in entries if entry.mode == GITLINK}
    files = [entry for entry in entries if entry.mode != GITLINK]
    _refuse_unsafe(entry.path for entry in files)
    root = os.fspath(target)
    for folder in sorted({entry.path.rpartition("/")[0] for entry in files}):
        os.makedirs(f"{root}/{folder}", exist_ok=True)
    links: list[tuple[TrackedEntry, bytes]] = []
    with _Folder(root) as opened:
        for entry, content in _contents(git, files):
            if entry.mode == SYMLINK:
                links.append((entry, content))
                continue
            if content.startswith(_POINTER):
                said[entry.path] = f"{entry.path} is a Git LFS pointer, its content is not in the tree"
            opened.write(entry.path, content, 0o755 if entry.mode == "100755" else 0o644)
    # links come last, so that no file is ever written through one
    for entry, content in links:
        if not _link(target, entry.path, os.fsdecode(content)):
            said[entry.path] = f"link {entry.path} leads out of the tree and is not exported"
    return dict(sorted(said.items()))


def _contents(git: Git, entries: Iterable[TrackedEntry]) -> Iterator[tuple[TrackedEntry, bytes]]:
    users: dict[str, list[TrackedEntry]] = {}
    for entry in entries:
        users.setdefault(entry.blob, []).append(entry)
    for blob, content in git.blobs(users, LARGEST):
        if content is None:
            raise Unavailable(f"{users[blob][0].path} is larger than {LARGEST >> 30} GiB, the most that is exported")
        yield from ((entry, content) for entry in users[blob])


def _refuse_unsafe(paths: Iterable[str]) -> None:
    wrong = next((path for path in paths if _UNSAFE.search(path)), None)
    if wrong is not None:
        raise Unavailable(f"{wrong!r} cannot be exported: no path of a tree looks like that")


class _Folder:
    """The folder that was written to last, held open: most files lie beside the one before, and long paths cost."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._name = ""
        self._open = os.open(root, os.O_RDONLY | os.O_DIRECTORY)

    def __enter__(self) -> _Folder:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._open)

    def write(self, path: str, content: bytes, mode: int) -> None:
        folder, _, name = path.rpartition("/")
        if folder != self._name:
            os.close(self._open)
            self._open, self._name = os.open(f"{self._root}/{folder}", os.O_RDONLY | os.O_DIRECTORY), folder
        descriptor = os.open(name, _NEW, mode, dir_fd=self._open)
        try:
            left = content[os.write(descriptor, content) :]
            while left:
                left = left[os.write(descriptor, left) :]
        finally:
            os.close(descriptor)


def _link(target: Path, path: str, leads: str) -> bool:
    goal = os.path.normpath(os.path.join(os.path.dirname(path), leads))
    if os.path.isabs(leads) or goal == ".." or goal.startswith("../"):
        return False
    os.symlink(leads, target / path)
    return True
