"""The only place that makes git objects: loose ones, in a store of ours."""

from __future__ import annotations

import hashlib
import zlib
from collections import defaultdict
from collections.abc import Container, Iterable
from pathlib import Path

from checker.model.git import TrackedEntry
from checker.probe.git_output import raw


class Store:
    """A folder of loose objects. `algorithm` is sha1 or sha256."""

    def __init__(self, path: Path, algorithm: str) -> None:
        self._path = path
        self._algorithm = algorithm

    def write(self, kind: str, content: bytes, known: Container[str] = ()) -> str:
        """Write one object unless its id is known elsewhere; its id (gitformat: `kind size`, NUL, content)."""
        whole = f"{kind} {len(content)}".encode() + b"\0" + content
        identity = hashlib.new(self._algorithm, whole, usedforsecurity=False).hexdigest()
        if identity not in known:
            place = self._path / identity[:2] / identity[2:]
            place.parent.mkdir(exist_ok=True)
            place.write_bytes(zlib.compress(whole, 1))
        return identity

    def write_tree(self, entries: Iterable[TrackedEntry], known: Container[str]) -> str:
        """Write the trees of these files, links and submodules, except known ids; the outermost's id."""
        folders: dict[bytes, list[tuple[bytes, bytes]]] = defaultdict(list)
        folders[b""] = []
        for entry in entries:
            folder, _, name = raw(entry.path).rpartition(b"/")
            folders[folder].append((name, _line(entry.mode, name, entry.blob)))
            while folder and (folder := folder.rpartition(b"/")[0]) not in folders:
                folders[folder] = []
        identity = ""
        for folder in sorted(folders, key=_depth, reverse=True):
            identity = self.write("tree", b"".join(line for _, line in sorted(folders[folder])), known)
            parent, _, name = folder.rpartition(b"/")
            if folder:
                # A folder sorts as if its name ended in a slash (git, base_name_compare).
                folders[parent].append((name + b"/", _line("40000", name, identity)))
        return identity


def _line(mode: str, name: bytes, identity: str) -> bytes:
    return mode.encode() + b" " + name + b"\0" + bytes.fromhex(identity)


def _depth(folder: bytes) -> int:
    return folder.count(b"/") + bool(folder)
