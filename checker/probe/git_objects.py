"""The only place that reads objects: what a name means, what a tree holds, and contents that match their ids."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from checker.model.git import FOLDER, TrackedEntry
from checker.probe.git_dir import GitUnusable
from checker.probe.git_output import tree_entries
from checker.probe.git_run import Runner

_MOST_AT_ONCE = 64 << 20  # bytes of blobs in one answer
_MOST_NAMES = 20_000
_FOUND = re.compile(rb"([0-9a-f]{40,64}) (commit|tree|blob|tag) (\d+)")


@dataclass(frozen=True, slots=True)
class Found:
    """One object that is there. `size` in bytes."""

    id: str
    kind: str
    size: int


class Objects:
    """Reads the objects of a repository through a private git directory."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._algorithm = runner.private.algorithm
        self._trees: dict[str, list[TrackedEntry]] = {}
        self.empty_tree = hashlib.new(self._algorithm, b"tree 0\0", usedforsecurity=False).hexdigest()

    def look_up(self, expressions: list[str]) -> list[Found | None]:
        """What each name or expression means (gitrevisions(7)), None for what is not there. No line breaks in them."""
        if not expressions:
            return []
        lines = "".join(f"{one}\n" for one in expressions).encode("utf-8", "surrogateescape")
        answers = self._runner.call("cat-file", "--batch-check", stdin=lines).split(b"\n")[:-1]
        if len(answers) != len(expressions):
            raise GitUnusable("git cat-file did not answer every question; the object store may be damaged")
        matches = (_FOUND.fullmatch(answer) for answer in answers)
        return [Found(found[1].decode(), found[2].decode(), int(found[3])) if found else None for found in matches]

    def tree(self, tree: str, *, folders: bool = False) -> list[TrackedEntry]:
        """Every file, link and submodule below a tree, and every folder where they are asked for."""
        if tree not in self._trees:
            self._trees[tree] = tree_entries(self._runner.call("ls-tree", "-r", "-t", "-z", "--full-tree", tree))
        whole = self._trees[tree]
        return list(whole) if folders else [entry for entry in whole if entry.mode != FOLDER]

    def entry(self, tree: str, path: str) -> TrackedEntry | None:
        """The one entry at a path, which may be a folder (mode 040000); None when the tree holds none."""
        listed = tree_entries(self._runner.call("ls-tree", "-z", "--full-tree", tree, "--", path))
        return next((entry for entry in listed if entry.path == path), None)

    def blobs(self, ids: Iterable[str], limit: int) -> Iterator[tuple[str, bytes | None]]:
        """Contents in the order asked for, each compared with its id; None for one larger than `limit` bytes."""
        wanted = list(dict.fromkeys(ids))
        for start in range(0, len(wanted), _MOST_NAMES):
            found = self._present(wanted[start : start + _MOST_NAMES])
            for batch in _batches(found, limit):
                fitting = [one for one in batch if one.size <= limit]
                contents = self._contents(fitting)
                yield from ((one.id, contents.get(one.id)) for one in batch)

    def _present(self, ids: list[str]) -> list[Found]:
        if unsound := next((one for one in ids if not re.fullmatch(r"[0-9a-f]{40,64}", one)), None):
            raise GitUnusable(f"{unsound!r} is not the id of a blob")
        found = []
        for one, answer in zip(ids, self.look_up(ids), strict=True):
            if answer is None or answer.kind != "blob":
                raise GitUnusable(f"blob {one} is not in this clone; fetch it (a partial clone leaves contents out)")
            found.append(answer)
        return found

    def _contents(self, wanted: list[Found]) -> dict[str, bytes]:
        if not wanted:
            return {}
        output = self._runner.call("cat-file", "--batch", stdin="".join(f"{one.id}\n" for one in wanted).encode())
        contents = {}
        at = 0
        for one in wanted:
            at += len(f"{one.id} blob {one.size}\n")
            content = output[at : at + one.size]
            at += one.size + 1
            digest = hashlib.new(self._algorithm, b"blob %d\0" % len(content) + content, usedforsecurity=False)
            if digest.hexdigest() != one.id:
                raise GitUnusable(f"blob {one.id} holds other content than its name says; run git fsck")
            contents[one.id] = content
        return contents


def _batches(found: list[Found], limit: int) -> Iterator[list[Found]]:
    batch: list[Found] = []
    total = 0
    for one in found:
        size = one.size if one.size <= limit else 0
        if batch and total + size > _MOST_AT_ONCE:
            yield batch
            batch, total = [], 0
        batch.append(one)
        total += size
    if batch:
        yield batch
