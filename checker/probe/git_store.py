"""The only place that makes git objects: loose ones, in a store of ours."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from checker.model.git import FOLDER, TrackedEntry
from checker.probe.git_output import raw


class Store:
    """A folder of loose objects. `algorithm` is sha1 or sha256."""

    def __init__(self, path: Path, algorithm: str) -> None:
        self._path = path
        self._algorithm = algorithm

    def write(self, kind: str, content: bytes) -> str:
        """Write one object; its id (gitformat: `kind size`, NUL, content)."""
        whole = f"{kind} {len(content)}".encode() + b"\0" + content
        identity = hashlib.new(self._algorithm, whole, usedforsecurity=False).hexdigest()
        place = self._path / identity[:2] / identity[2:]
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(zlib.compress(whole, 1))
        return identity

    def write_tree(self, entries: Iterable[TrackedEntry], like: Sequence[TrackedEntry]) -> str:
        """Write the trees of these files, links and submodules; the outermost's id.

        `like` is a tree that is there already, with its folders: those in which nothing differs are taken from it.
        """
        nothing = hashlib.new(self._algorithm, b"tree 0\0", usedforsecurity=False).hexdigest()
        known = {entry.path: entry.blob for entry in like if entry.mode == FOLDER and entry.blob != nothing}
        before, now = {entry for entry in like if entry.mode != FOLDER}, set(entries)
        touched = {above for entry in before ^ now for above in _above(entry.path)}
        folders: dict[bytes, list[tuple[bytes, bytes]]] = {raw(one): [] for one in touched | {""}}
        for path, identity in known.items():
            folder, _, name = raw(path).rpartition(b"/")
            if path not in touched and folder in folders:
                folders[folder].append((name + b"/", _line("40000", name, identity)))
        for entry in now:
            folder, _, name = raw(entry.path).rpartition(b"/")
            if folder in folders:
                folders[folder].append((name, _line(entry.mode, name, entry.blob)))
        identity = ""
        for folder in sorted(folders, key=_depth, reverse=True):
            if not folders[folder] and folder:
                continue  # git knows no empty folder
            identity = self.write("tree", b"".join(line for _, line in sorted(folders[folder])))
            parent, _, name = folder.rpartition(b"/")
            if folder:
                # A folder sorts as if its name ended in a slash (git, base_name_compare).
                folders[parent].append((name + b"/", _line("40000", name, identity)))
        return identity


def _line(mode: str, name: bytes, identity: str) -> bytes:
    return mode.encode() + b" " + name + b"\0" + bytes.fromhex(identity)


def _above(path: str) -> Iterator[str]:
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def _depth(folder: bytes) -> int:
    return folder.count(b"/") + bool(folder)
