"""The only place that says, in digests, what the repository holds now: its names, its index, its files, and any one path."""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
from collections.abc import Iterable
from functools import cached_property

from checker.collect.facts import Facts
from checker.collect.files import Root
from checker.collect.traced import EVERYTHING, HISTORY, INDEX
from checker.model.git import GITLINK, SYMLINK, TrackedEntry
from checker.model.repo import Inventory
from checker.model.unavailable import NotApplicable, Unavailable
from checker.probe.git import Git

_EXACT = 64 << 10  # bytes; no reader has a limit below it, so of a smaller file only its content and emptiness count
_CHUNK = 1 << 20  # bytes
_LARGEST = 64 << 20  # bytes; to tell a larger file from itself costs more than to judge it again


class Standing:
    """What there is to be seen, believing no time stamp. Without git, each path is looked at by itself."""

    def __init__(self, root: Root, git: Git | NotApplicable | Unavailable, facts: Facts) -> None:
        self._root = root
        self._git = git if isinstance(git, Git) else None
        self._facts = facts
        self._known: dict[str, str] = {}

    @cached_property
    def state(self) -> dict[str, str]:
        """What facts may have seen as a whole; what is seen of `everything` is all of it."""
        if self._git is None:
            return dict.fromkeys((HISTORY, INDEX, EVERYTHING), "no git")
        history, index = (
            self._git.names(),
            digest(f"{one.mode} {one.blob} {one.stage} {one.path}" for one in self._index),
        )
        files = digest(f"{path} {found}" for path, found in self.edited.items())
        return {HISTORY: history, INDEX: index, EVERYTHING: digest((history, index, files))}

    @cached_property
    def names_all(self) -> bool:
        """Whether the same state is the same list of files: not without git, nor where a link may lead on by an ignored one."""
        links = any(one.mode == SYMLINK for one in self._index)
        return (
            self._git is not None and not links and not any((self._root.path / one).is_symlink() for one in self.edited)
        )

    @cached_property
    def edited(self) -> dict[str, str]:
        """What is on disk where that is not what the index says, by path."""
        if self._git is None:
            return {}
        return {path: self._on_disk(path) for path in (*self._git.unlike_index(), *self._git.untracked())}

    def identity(self, path: str) -> str:
        """What is found at a path that a fact read: git's name of the content, the names in a folder (`path/`), or why not."""
        known = self._known.get(path) or self._blobs.get(path)
        if known is None:
            known = self._known[path] = self._looked_at(path)
        return known

    def is_listed(self, path: str) -> bool:
        """Whether what is at a path is part of `everything`."""
        return path in self._blobs

    @cached_property
    def inventory(self) -> str:
        """The list of files as far as a fact sees it without opening one."""
        try:
            files = self._facts.get(Inventory)
        except (Unavailable, NotApplicable) as missing:
            return str(missing)
        shown = (f"{one.path} {one.role} {one.symlink} {one.tracked} {_size(one.size)}" for one in files.files)
        return digest((*shown, *files.skipped))

    @cached_property
    def _blobs(self) -> dict[str, str]:
        """By path: the content of each regular file that is on disk as the index has it."""
        if self._git is None:
            return {}
        unlike = set(self._git.unlike_index())
        return {
            one.path: one.blob for one in self._index if one.mode not in (SYMLINK, GITLINK) and one.path not in unlike
        }

    @cached_property
    def _index(self) -> list[TrackedEntry]:
        return self._git.tracked() if self._git else []

    def _looked_at(self, path: str) -> str:
        try:
            if path.endswith("/"):
                return digest(self._root.names(path[:-1]))
            made = hashlib.sha256()
            with self._root.opened(path) as file:
                if os.fstat(file.fileno()).st_size > _LARGEST:
                    return f"too large to compare {secrets.token_hex()}"  # so that nothing which rests on it stands
                while chunk := file.read(_CHUNK):
                    made.update(chunk)
            return made.hexdigest()
        except (Unavailable, OSError, ValueError) as refused:
            return f"{type(refused).__name__} {refused}"

    def _on_disk(self, path: str) -> str:
        """A file that git does not name, or names otherwise: its kind and what is in it."""
        try:
            place = self._root.path / path
            mode = os.lstat(place).st_mode
            said = os.readlink(place) if stat.S_ISLNK(mode) else self.identity(path) if stat.S_ISREG(mode) else ""
            return f"{mode:o} {said}"
        except (OSError, ValueError) as refused:
            return type(refused).__name__


def _size(size: int) -> int:
    return size if size >= _EXACT else min(size, 1)


def digest(lines: Iterable[str]) -> str:
    """One digest of some texts, in their order."""
    made = hashlib.sha256()
    for line in lines:
        made.update(f"{len(line)} {line}\n".encode("utf-8", "surrogatepass"))
    return made.hexdigest()
