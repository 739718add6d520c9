"""The only place that compares files on disk with what git names, by their bytes, believing no time stamp."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from checker.model.git import GITLINK, SYMLINK, TrackedEntry
from checker.probe.git_dir import GitUnusable
from checker.probe.git_output import name, raw

LONGEST_POINTER = 1024  # bytes; the limit of the Git LFS specification
_POINTER = re.compile(
    rb"version https://git-lfs\.github\.com/spec/v1\n(?:ext-\S+ \S+\n)*oid sha256:([0-9a-f]{64})\nsize (\d+)\n"
)
_LONGEST_TEXT = 16 << 20  # bytes; a longer file is not looked into for an expanded $Id$
_CHUNK = 1 << 20  # bytes
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass
class Comparison:
    """Entries that are not byte for byte on disk.

    `absent`: nothing there that git could track. `retyped`: a link for a file, another executable bit, another link.
    `edited`: a regular file with other bytes, which may still be equal once line endings are converted.
    `unreadable`: nobody knows.
    """

    absent: list[TrackedEntry] = field(default_factory=list)
    retyped: list[TrackedEntry] = field(default_factory=list)
    edited: list[TrackedEntry] = field(default_factory=list)
    unreadable: list[TrackedEntry] = field(default_factory=list)

    def __iter__(self) -> Iterator[TrackedEntry]:
        return chain(self.absent, self.retyped, self.edited, self.unreadable)


class Worktree:
    """The files below one folder. `algorithm` is the repository's hash; `filemode`: its executable bits count."""

    def __init__(self, root: Path, algorithm: str, *, filemode: bool, timeout: float) -> None:
        self._root = os.fsencode(root)
        self._hash = hashlib.sha256 if algorithm == "sha256" else hashlib.sha1
        self._filemode = filemode
        self._timeout = timeout
        self._deadline = 0.0
        self.weight = 0  # bytes of what was compared, as the disk has it
        self.room = 0  # bytes of contents that may be kept while they are compared
        self.kept: dict[str, bytes] = {}  # contents that were read and are what their id says
        self._folders = {self._root: True}

    def compare(self, entries: Iterable[TrackedEntry]) -> Comparison:
        """Read every entry's file and compare. Submodules are not entered and never differ. GitUnusable: too slow."""
        self._deadline, self.weight = time.monotonic() + self._timeout, 0
        found = Comparison()
        for entry in entries:
            if entry.mode == GITLINK:
                continue
            try:
                unlike = self._unlike(entry, found)
            except (FileNotFoundError, NotADirectoryError):
                unlike = found.absent
            except OSError:
                unlike = found.unreadable
            if unlike is not None:
                unlike.append(entry)
        return found

    def is_checkout_of(self, entry: TrackedEntry, content: bytes) -> bool:
        """Whether an edited file is exactly what a checkout makes of `content`: Git LFS, or an expanded `$Id$`."""
        try:
            with open(os.open(self.place(entry.path), _OPEN), "rb") as file:
                if pointer := _POINTER.fullmatch(content):
                    if os.fstat(file.fileno()).st_size != int(pointer[2]):
                        return False
                    return hashlib.file_digest(file, "sha256").hexdigest() == pointer[1].decode()
                collapsed = file.read(_LONGEST_TEXT).replace(b"$Id: " + entry.blob.encode() + b" $", b"$Id$")
        except OSError:
            return False
        return self._digest(len(collapsed), [collapsed]) == entry.blob

    def place(self, path: str) -> bytes:
        """Where a path is on disk."""
        return self._root + b"/" + raw(path)

    def size(self, path: str) -> int:
        """Bytes that would have to be read to add this path; 0 when it is gone."""
        try:
            return os.lstat(self.place(path)).st_size
        except OSError:
            return 0

    def files_below(self, folder: str, limit: int) -> list[str]:
        """Every file and link below a folder that git does not look into: a repository of its own."""
        found: list[str] = []
        for parent, folders, files in os.walk(self.place(folder), onerror=_refuse):
            links = [one for one in folders if os.path.islink(os.path.join(parent, one))]
            folders[:] = sorted(one for one in folders if one != b".git" and one not in links)
            found += (
                name(os.path.join(parent, one)[len(self._root) + 1 :]) for one in (*files, *links) if one != b".git"
            )
            if len(found) > limit:
                raise GitUnusable(f"{folder} holds more than {limit} files; ignore it in .gitignore")
        return sorted(found)

    def _unlike(self, entry: TrackedEntry, found: Comparison) -> list[TrackedEntry] | None:
        place = self.place(entry.path)
        if not self._is_folder(os.path.dirname(place)):
            return found.absent
        seen = os.lstat(place)
        self.weight += seen.st_size
        is_link = stat.S_ISLNK(seen.st_mode)
        if not is_link and not stat.S_ISREG(seen.st_mode):
            return found.absent
        if is_link != (entry.mode == SYMLINK):
            return found.retyped
        if is_link:
            target = os.readlink(place)
            return None if self._digest(len(target), [target]) == entry.blob else found.retyped
        if self._filemode and bool(seen.st_mode & stat.S_IXUSR) != (entry.mode == "100755"):
            return found.retyped
        return None if self._digest_of(place, entry.blob, seen.st_size) == entry.blob else found.edited

    def _is_folder(self, folder: bytes) -> bool:
        """Whether this is a folder reached through folders only: behind a link, nothing is tracked."""
        known = self._folders.get(folder)
        if known is None:
            known = self._is_folder(os.path.dirname(folder)) and stat.S_ISDIR(os.lstat(folder).st_mode)
            self._folders[folder] = known
        return known

    def _digest_of(self, place: bytes, wanted: str, size: int) -> str:
        descriptor = os.open(place, _OPEN)
        try:
            if size < _CHUNK and len(whole := os.read(descriptor, size + 1)) == size:
                found = self._digest(size, [whole])
                if found == wanted and size <= self.room and found not in self.kept:
                    self.room -= size
                    self.kept[found] = whole
                return found
            os.lseek(descriptor, 0, os.SEEK_SET)
            size = os.fstat(descriptor).st_size
            return self._digest(size, iter(lambda: os.read(descriptor, _CHUNK), b""))
        finally:
            os.close(descriptor)

    def _digest(self, size: int, chunks: Iterable[bytes]) -> str:
        """Git's id of a blob: the hash of `blob <size>`, NUL, content (git-hash-object, "object format")."""
        digest = self._hash(b"blob %d\0" % size, usedforsecurity=False)
        for chunk in chunks:
            if time.monotonic() > self._deadline:
                raise GitUnusable(f"reading the working tree took longer than {self._timeout:g} seconds")
            digest.update(chunk)
        return digest.hexdigest()


def _refuse(failed: OSError) -> None:
    raise GitUnusable(f"cannot look into {os.fsdecode(failed.filename)}: {failed.strerror}; ignore it in .gitignore")
